"""Word of changes in a world: server-sent events, what tells them, who gets them, and how they end."""

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import cast

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from support.api_client import ApiClient
from support.redis_server import RedisServer
from support.sign_in_page import SignInPage
from support.wire import Wire, eventually
from veeam_mock import InterceptedServer, MockServer, create_app
from veeam_mock.door.door import Patience
from veeam_mock.door.server import Server, bind
from veeam_mock.journal.watching import BEGIN, CHANGED, GATHER_SECONDS, MOST_WATCHERS
from veeam_mock.messages import Reply, Request
from veeam_mock.mock import Mock

PATH = "/__admin/changes"
KEY = "an-admin-key-of-24-chars"
END = b""
"""The last chunk of a body."""

Watch = Callable[..., Wire]


def request(path: str = PATH, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: localhost", *fields, "", ""]).encode()


@pytest.fixture
def watch(serve: Callable[..., MockServer]) -> Iterator[Watch]:
    """Watch a server, up to the first event."""
    with contextlib.ExitStack() as stack:

        def start(server: MockServer, *fields: str, path: str = PATH) -> Wire:
            wire = stack.enter_context(Wire(server.url, server.ca_cert))
            wire.send(request(path, *fields))
            status, headers = wire.read_head()
            assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/event-stream", "no-store")
            assert wire.read_chunk() == BEGIN
            return wire

        yield start


def client_of(server: MockServer, world: str = "") -> ApiClient:
    return ApiClient(server.url + world, server.ca_cert or True)


def send_nonsense(server: MockServer) -> None:
    with Wire(server.url, server.ca_cert) as wire:
        assert wire.ask(b"nonsense\r\n\r\n").status == 400


CHANGES: dict[str, Callable[[MockServer], object]] = {
    "an exchange": lambda server: client_of(server).log_in(),
    "what is no request": send_nonsense,
    "a fault": lambda server: server.faults.add(preset="throttled"),
    "a fault over HTTP": lambda server: client_of(server).send("POST", "/__admin/faults", json={"preset": "throttled"}),
    "the clock": lambda server: server.clock.advance("1m"),
    "the settings": lambda server: server.change_settings(code_lifetime="5m"),
    "a reset": lambda server: server.reset(),
    "a journal that is cleared": lambda server: server.requests.clear(),
}


@pytest.mark.parametrize("http", [True, False], ids=["HTTP", "HTTPS"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_told(
    serve: Callable[..., MockServer], watch: Watch, change: Callable[[MockServer], object], http: bool
) -> None:
    server = serve(http=http)
    watching = watch(server)
    change(server)
    assert watching.read_chunk() == CHANGED


class Browser:
    """Sends the forms of the sign-in page over HTTP."""

    def __init__(self, server: MockServer) -> None:
        self._url = server.url
        self._session = requests.Session()

    def get(self, path: str) -> Response:
        return Response(self._session.get(self._url + path, timeout=10).content)

    def post(self, path: str, data: dict[str, str], follow_redirects: bool) -> Response:
        sent = self._session.post(self._url + path, data, allow_redirects=follow_redirects, timeout=10)
        return Response(sent.content)


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_a_decision_on_the_sign_in_page_is_told(serve: Callable[..., MockServer], watch: Watch, decision: str) -> None:
    server = serve()
    code = client_of(server).device_code().json()["userCode"]
    watching = watch(server)
    SignInPage(cast(FlaskClient, Browser(server))).sign_in(code, decision)
    assert watching.read_chunk() == CHANGED
    assert server.device_codes.newest.state in ("approved", "denied")


def test_an_exchange_is_told_where_no_journal_is_kept(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve(journal_entries=0)
    watching = watch(server)
    client_of(server).log_in()
    assert watching.read_chunk() == CHANGED


def test_each_world_has_its_own_words(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve()
    blue = [watch(server, path=f"/~blue{PATH}"), watch(server, "X-Mock-World: blue")]
    default = watch(server)
    client_of(server, "/~blue").log_in()
    assert [watching.read_chunk() for watching in blue] == [CHANGED, CHANGED]
    assert not default.is_readable(within=0.3)


def test_a_world_that_comes_or_goes_is_told_to_all(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve()
    watching = watch(server)
    client_of(server, "/~blue").log_in()
    assert watching.read_chunk() == CHANGED
    assert client_of(server, "/~blue").send("POST", "/__admin/reset").status_code == 204
    assert watching.read_chunk() == CHANGED


def test_changes_that_come_together_are_one_word(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve()
    watching = watch(server)
    began = time.monotonic()
    for _ in range(1000):
        server.faults.clear()
    server.stop()
    took = time.monotonic() - began
    assert 1 <= len(list(iter(watching.read_chunk, END))) <= took / GATHER_SECONDS + 2


def test_to_read_is_no_change(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve()
    watching = watch(server)
    client = client_of(server)
    for path in ("", "requests", "faults", "clock", "device-codes"):
        assert client.send("GET", f"/__admin/{path}").status_code == 200
    assert client.send("POST", "/__admin/requests/find", json={}).status_code == 200
    assert not watching.is_readable(within=0.3)


def test_who_goes_away_makes_room(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve()
    watching = [watch(server) for _ in range(MOST_WATCHERS)]
    assert watch(server).read_chunk() == END
    watching.pop().__exit__()
    assert eventually(lambda: watch(server).is_readable(within=0.05) is False)
    client_of(server).log_in()
    assert {each.read_chunk() for each in watching} == {CHANGED}


class Flood(Mock):
    """A mock that sends more than anybody reads, and knows when it may end."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def answer(self, request: Request, *, no_socket: str | None = None) -> Reply:
        return Reply(200, more=self._parts())

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 64 * 1024
                await asyncio.sleep(0)
        finally:
            self.ended.set()


def test_who_does_not_read_is_dropped() -> None:
    flood, ready, listener = Flood(), threading.Event(), bind("127.0.0.1", 0)
    server = Server(flood, None, ready.set)
    serving = threading.Thread(target=server.run, args=[listener])
    serving.start()
    try:
        assert ready.wait(10)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect(listener.getsockname())
            client.sendall(request())
            assert flood.ended.wait(10)
            dropped = select.poll()
            dropped.register(client, 0)  # tells of errors alone
            assert dropped.poll(10_000)
    finally:
        server.stop()
        serving.join(10)


def test_the_stream_ends_at_once_when_the_server_stops(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve(patience=Patience(stop=60))  # longer than any client here waits
    watching = [watch(server) for _ in range(3)]
    server.stop()
    assert [(each.read_chunk(), each.rest()) for each in watching] == [(END, b"")] * 3


def test_a_restart_ends_the_stream(serve: Callable[..., MockServer], watch: Watch) -> None:
    """Who may watch is looked at anew: the key may be another now."""
    server = serve()
    watching = watch(server)
    server.restart_world(admin_key=KEY)
    assert [watching.read_chunk(), watching.read_chunk()] == [CHANGED, END]
    assert watching.ask(request()).status == 401
    assert watch(server, f"X-Admin-Key: {KEY}")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (["Host: evil.example"], 403),
        (["Host: localhost", "Origin: https://evil.example"], 403),
        (["Host: localhost", "X-Mock-World: a b"], 400),
        (["Host: localhost", "X-Mock-World: new", "Sec-Fetch-Site: cross-site"], 400),
    ],
)
def test_only_who_may_see_the_page_may_watch(serve: Callable[..., MockServer], fields: list[str], status: int) -> None:
    with Wire(serve().url) as wire:
        asked = "\r\n".join([f"GET {PATH} HTTP/1.1", *fields, "", ""])
        assert wire.ask(asked.encode()).status == status


def test_a_key_that_is_demanded_is_demanded_here(serve: Callable[..., MockServer], watch: Watch) -> None:
    server = serve(admin_key=KEY)
    with Wire(server.url) as wire:
        assert [wire.ask(request(PATH, *key)).status for key in ([], ["X-Admin-Key: wrong"])] == [401, 401]
    watching = watch(server, f"X-Admin-Key: {KEY}")
    client_of(server).log_in()
    assert watching.read_chunk() == CHANGED


def test_http_1_0_gets_the_events_without_chunks(serve: Callable[..., MockServer]) -> None:
    server = serve()
    with Wire(server.url) as wire:
        wire.send(request(version="1.0"))
        status, headers = wire.read_head()
        assert (status, "transfer-encoding" in headers, headers["connection"]) == (200, False, "close")
        server.stop()
        assert wire.rest() == BEGIN


def test_a_client_that_has_said_all_is_no_watcher(serve: Callable[..., MockServer]) -> None:
    with Wire(serve().url) as wire:
        wire.send(request())
        wire.say_no_more()
        assert wire.rest().partition(b"\r\n\r\n")[2].startswith(b"%x\r\n%s\r\n" % (len(BEGIN), BEGIN))


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405)])
def test_another_method_leaves_the_connection_as_it_is(
    serve: Callable[..., MockServer], method: str, status: int
) -> None:
    with Wire(serve().url) as wire:
        wire.send(request(method=method))
        assert wire.read(has_body=method != "HEAD").status == status
        assert wire.ask(request("/__admin/clock")).status == 200


def test_where_no_stream_is_possible_it_ends_after_the_first_event(
    serve: Callable[..., MockServer], redis_server: RedisServer
) -> None:
    assert create_app().test_client().get(PATH).data == BEGIN
    with InterceptedServer() as intercepted:
        assert requests.get(intercepted.url + PATH, timeout=10).content == BEGIN
    assert requests.get(serve(store=redis_server.url).url + PATH, timeout=10).content == BEGIN


@pytest.mark.parametrize(
    "field", [{"Host": "elsewhere.test"}, {"Origin": "http://elsewhere.test"}, {"Last-Event-ID": "\xff" * 99}, {}]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "\N{LATIN SMALL LETTER A}"])
def test_hostile_calls_under_wsgi_keep_no_watcher(method: str, field: dict[str, str]) -> None:
    app = create_app()
    for _ in range(MOST_WATCHERS + 1):
        answer = app.test_client().open(PATH, method=method, headers={"Host": "localhost", **field})
        assert answer.status_code < 500
    assert app.extensions["veeam"].installation.watchers._all == ()
