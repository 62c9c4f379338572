"""The pytest fixtures `veeam_server` and `veeam_mock`, and the marker `veeam`. They cost nothing when unused."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from veeam_mock.control.records import Exchange
    from veeam_mock.servers.intercepted import InterceptedServer
    from veeam_mock.servers.live import MockServer
    from veeam_mock.servers.local import LocalServer

MARKERS = (
    "veeam(**settings): settings of the mock for this test, such as code_lifetime='5s' or faults=[...]",
    "veeam_no_waiting: time.sleep and asyncio.sleep move the clock of the mock and return at once",
)
MOST_SHOWN = 20
SETTLED = (
    *("host", "port", "port_file", "name", "http", "cert", "key"),
    *("request_timeout", "store", "store_prefix", "workers"),
)
"""Settings of the listener, which outlives a test."""

S = TypeVar("S", bound="LocalServer")
SERVERS: "pytest.StashKey[dict[str, LocalServer]]" = pytest.StashKey()
"""The servers that a test uses, by fixture."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings for all tests from the ini file."""
    parser.addini("veeam_settings", "settings of the mock, one `key = value` a line", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def veeam_settings(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Settings for all tests, as the config file takes them, from the ini.

    Override this fixture for your own, in a conftest.py, a module or a class, of any scope.
    """
    lines = pytestconfig.getini("veeam_settings")
    if not lines:
        return {}
    from veeam_mock.settings.sources import read_lines

    with _mistakes_told():
        return read_lines(lines)


@pytest.fixture(scope="session")
def _veeam_live() -> "Iterator[Callable[[dict[str, Any]], MockServer]]":
    from veeam_mock.servers.live import MockServer

    with ExitStack() as running:

        def start(settings: dict[str, Any]) -> MockServer:
            server = MockServer(**settings)
            running.close()
            return running.enter_context(server)

        yield _last_made(start)


@pytest.fixture(scope="session")
def _veeam_intercepted() -> "Callable[[dict[str, Any]], InterceptedServer]":
    from veeam_mock.servers.intercepted import InterceptedServer

    return _last_made(lambda settings: InterceptedServer(**settings))


def _last_made(make: Callable[[dict[str, Any]], S]) -> Callable[[dict[str, Any]], S]:
    """`make`, which is called again only where the settings are not those of the last call.

    So one server serves all tests that have the same `veeam_settings`, wherever a test gets them from.
    """
    last: dict[str, Any] = {}

    def server_with(settings: dict[str, Any]) -> S:
        if not last or last["settings"] != settings:
            last.clear()
            with _mistakes_told():
                server = make(settings)
            last.update(settings=deepcopy(dict(settings)), server=server)
        return cast(S, last["server"])

    return server_with


@pytest.fixture
def veeam_server(
    request: pytest.FixtureRequest,
    veeam_settings: dict[str, Any],
    _veeam_live: "Callable[[dict[str, Any]], MockServer]",
) -> "Iterator[MockServer]":
    """A live HTTPS server, one for each worker, as new for each test."""
    server = _prepare(request, _veeam_live(veeam_settings))
    with _waiting_as_marked(request, server):
        yield server


@pytest.fixture
def veeam_mock(
    request: pytest.FixtureRequest,
    veeam_settings: dict[str, Any],
    _veeam_intercepted: "Callable[[dict[str, Any]], InterceptedServer]",
) -> "Iterator[InterceptedServer]":
    """A server behind `requests` alone, at https://veeam.test:4443, without a socket, as new for each test."""
    with _prepare(request, _veeam_intercepted(veeam_settings)) as server, _waiting_as_marked(request, server):
        yield server


def _prepare(request: pytest.FixtureRequest, server: S) -> S:
    """Start anew, with the settings of the markers of a test, and remember the server for its report."""
    with _mistakes_told():
        server.restart_world(**_marked(request.node))
    request.node.stash.setdefault(SERVERS, {})[request.fixturename or "mock"] = server
    return server


def _waiting_as_marked(request: pytest.FixtureRequest, server: "LocalServer") -> AbstractContextManager[None]:
    return server.no_waiting() if request.node.get_closest_marker("veeam_no_waiting") else nullcontext()


def _marked(item: pytest.Item) -> dict[str, Any]:
    """The settings of the markers; those of the test itself take precedence over those of its class and module."""
    settings: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("veeam"))):
        if marker.args:
            pytest.fail("the marker veeam takes settings by name, such as veeam(code_lifetime='5s')", pytrace=False)
        settings.update(marker.kwargs)
    fixed = [key for key in SETTLED if key in settings]
    if fixed:
        pytest.fail(
            f"{', '.join(fixed)}: settled when the server starts, which is before the marker veeam of a test is read; "
            "set it by the fixture veeam_settings, of a class or a module if you like",
            pytrace=False,
        )
    return settings


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Tell wrong settings in a few lines, without the traceback."""
    from veeam_mock.settings.settings import SettingsError

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
    lines = lines or ["none: no request reached the mock"]
    return "\n".join(lines + [f"no request: {reason}" for reason in dict.fromkeys(server.hindrances())])


def _line(exchange: "Exchange") -> str:
    request, reply = exchange.request, exchange.reply
    seen = f"{reply.status} {reply.body[:300]}" if reply else exchange.outcome
    struck = f" [struck by {', '.join(exchange.faults)}]" if exchange.faults else ""
    return f"{request.method} {request.path} {request.body[:200]}\n  -> {seen}{struck}"
