"""The pytest plugin: fixtures `veeam_server` and `veeam_mock`, and the marker `veeam`. Costs nothing when unused."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server.intercept import InterceptedServer
    from mock_server.local_server import LocalServer
    from mock_server.mock_server import MockServer

MARKER = "veeam(**settings): settings of the mock for this test, such as code_lifetime='5s' or faults=[...]"
MOST_SHOWN = 20
SERVERS: "pytest.StashKey[dict[str, LocalServer]]" = pytest.StashKey()
"""The servers that a test uses, by fixture."""


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

    with _mistakes_told():
        return read_lines(lines)


@pytest.fixture(scope="session")
def _veeam_live(veeam_settings: dict[str, Any]) -> "Iterator[MockServer]":
    from mock_server.mock_server import MockServer

    with _mistakes_told():
        server = MockServer(**veeam_settings)
    with server:
        yield server


@pytest.fixture(scope="session")
def _veeam_intercepted(veeam_settings: dict[str, Any]) -> "InterceptedServer":
    from mock_server.intercept import InterceptedServer

    with _mistakes_told():
        return InterceptedServer(**veeam_settings)


@pytest.fixture
def veeam_server(request: pytest.FixtureRequest, _veeam_live: "MockServer") -> "MockServer":
    """A live HTTPS server, one for each worker, as new for each test."""
    _prepare(request, _veeam_live)
    return _veeam_live


@pytest.fixture
def veeam_mock(
    request: pytest.FixtureRequest, _veeam_intercepted: "InterceptedServer"
) -> "Iterator[InterceptedServer]":
    """A server behind `requests` alone, at https://veeam.test:4443, without a socket, as new for each test."""
    _prepare(request, _veeam_intercepted)
    with _veeam_intercepted as server:
        yield server


def _prepare(request: pytest.FixtureRequest, server: "LocalServer") -> None:
    """Start anew, with the settings of the markers of a test, and remember the server for its report."""
    with _mistakes_told():
        server.restart_world(**_marked(request.node))
    request.node.stash.setdefault(SERVERS, {})[request.fixturename or "mock"] = server


def _marked(item: pytest.Item) -> dict[str, Any]:
    """The settings of the markers; those of the test itself go before those of its class and module."""
    settings: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("veeam"))):
        if marker.args:
            pytest.fail("the marker veeam takes settings by name, such as veeam(code_lifetime='5s')", pytrace=False)
        settings.update(marker.kwargs)
    return settings


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Tell wrong settings in a few lines, without the traceback."""
    from mock_server.settings import SettingsError

    try:
        yield
    except SettingsError as error:
        pytest.fail(f"these settings of the mock do not fit:\n{error}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the mock saw in the report of a test that failed."""
    report = yield
    if report.failed:
        for name, server in item.stash.get(SERVERS, {}).items():
            report.sections.append((f"exchanges of {name}", _exchanges(server)))
    return report


def _exchanges(server: "LocalServer") -> str:
    exchanges = server.requests.list()
    lines = [_line(exchange) for exchange in exchanges[-MOST_SHOWN:]]
    if len(exchanges) > MOST_SHOWN:
        lines.insert(0, f"the last {MOST_SHOWN} of {len(exchanges)}:")
    return "\n".join(lines) or "none: no request reached the mock"


def _line(exchange: dict[str, Any]) -> str:
    request, reply = exchange["request"], exchange["reply"]
    seen = f"{reply['status']} {reply['body'][:300]}" if reply else exchange["outcome"]
    struck = f" [struck by {', '.join(exchange['faults'])}]" if exchange["faults"] else ""
    return f"{request['method']} {request['path']} {request['body'][:200]}\n  -> {seen}{struck}"
