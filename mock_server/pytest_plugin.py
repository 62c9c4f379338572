"""The pytest plugin: fixtures `veeam_server` and `veeam_mock`, and the marker `veeam`. Costs nothing when unused."""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server.intercept import InterceptedServer
    from mock_server.mock_server import MockServer

MARKER = "veeam(**settings): settings of the mock for this test, such as code_lifetime='5s' or faults=[...]"
FIXTURES = ("veeam_server", "veeam_mock")
MOST_SHOWN = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings for all tests from the ini file."""
    parser.addini("veeam_settings", "settings of the mock, one `key = value` a line", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def veeam_settings(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Settings for all tests, as the config file takes them, from the ini; override this fixture for your own."""
    lines = pytestconfig.getini("veeam_settings")
    if not lines:
        return {}
    from mock_server.settings import read_lines

    return read_lines(lines)


@pytest.fixture(scope="session")
def _veeam_live(veeam_settings: dict[str, Any]) -> "Iterator[MockServer]":
    from mock_server.mock_server import MockServer

    with MockServer(**veeam_settings) as server:
        yield server


@pytest.fixture(scope="session")
def _veeam_intercepted(veeam_settings: dict[str, Any]) -> "InterceptedServer":
    from mock_server.intercept import InterceptedServer

    return InterceptedServer(**veeam_settings)


@pytest.fixture
def veeam_server(request: pytest.FixtureRequest, _veeam_live: "MockServer") -> "MockServer":
    """A live HTTPS server, one for each worker, as new for each test."""
    _veeam_live.restart_world(**_marked(request))
    return _veeam_live


@pytest.fixture
def veeam_mock(
    request: pytest.FixtureRequest, _veeam_intercepted: "InterceptedServer"
) -> "Iterator[InterceptedServer]":
    """A server behind `requests` alone, at https://veeam.test:4443, without a socket, as new for each test."""
    _veeam_intercepted.restart_world(**_marked(request))
    with _veeam_intercepted as server:
        yield server


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of the markers of a test; those of the test itself go before those of its class and module."""
    settings: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("veeam"))):
        settings.update(marker.kwargs)
    return settings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the mock saw in the report of a test that failed."""
    report = yield
    if report.failed and call.when == "call":
        for name in FIXTURES:
            server = getattr(item, "funcargs", {}).get(name)
            if server is not None:
                report.sections.append((f"exchanges of {name}", _exchanges(server)))
    return report


def _exchanges(server: "MockServer | InterceptedServer") -> str:
    exchanges = server.requests.list(limit=MOST_SHOWN)
    lines = [_line(exchange) for exchange in exchanges]
    return "\n".join(lines) or "none: no request reached the mock"


def _line(exchange: dict[str, Any]) -> str:
    request, reply = exchange["request"], exchange["reply"]
    seen = f"{reply['status']} {reply['body'][:300]}" if reply else exchange["outcome"]
    struck = f" [struck by {', '.join(exchange['faults'])}]" if exchange["faults"] else ""
    return f"{request['method']} {request['path']} {request['body'][:200]}\n  -> {seen}{struck}"
