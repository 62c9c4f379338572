"""HTTP as it is spoken on the wire: kept connections, limits, and what is done about those who do not keep to it."""

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import create_autospec
from urllib.parse import urlsplit

import orjson
import pytest

from support.wire import Wire, WireReply
from veeam_mock import MockServer, Settings
from veeam_mock.door import connection
from veeam_mock.door.door import Door, Patience
from veeam_mock.mock import Mock

HOST = b"Host: localhost\r\n"
LOGIN = b"grant_type=password&username=administrator&password=veeam"
CHUNK = b"10000\r\n" + b"a" * 65536 + b"\r\n"


def request(
    target: str = "/v4/ServiceInstance", *fields: bytes, method: str = "GET", body: bytes = b"", version: str = "1.1"
) -> bytes:
    """The bytes of a request."""
    head = f"{method} {target} HTTP/{version}\r\n".encode("latin-1") + HOST
    return head + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def post(*fields: bytes, body: bytes = b"") -> bytes:
    return request("/v4/DeviceCode", *fields, method="POST", body=body)


LOG_IN = request(
    "/v4/Token",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Length: %d" % len(LOGIN),
    method="POST",
    body=LOGIN,
)


LITTLE = Patience(idle=0.6, linger=0.2, stop=0)


@pytest.fixture(params=["http", "https"])
def live(request: pytest.FixtureRequest, serve: Callable[..., MockServer]) -> MockServer:
    """A server over each scheme that gives a request half a second."""
    return serve(http=request.param == "http", request_timeout="500ms", patience=LITTLE)


@pytest.fixture
def wire(serve: Callable[..., MockServer]) -> Wire:
    server = serve(http=False, patience=LITTLE)
    return Wire(server.url, server.ca_cert)


def message(reply: WireReply) -> str:
    return str(orjson.loads(reply.body)["message"])


def test_a_connection_is_kept_for_the_next_request(wire: Wire) -> None:
    with wire:
        assert [wire.ask(request()).status for _ in range(3)] == [401, 401, 401]


def test_a_connection_is_kept_after_a_request_that_was_refused(wire: Wire) -> None:
    with wire:
        assert wire.ask(post(b"Content-Length: 1", body=b"{")).status == 401
        assert wire.ask(LOG_IN).status == 200


def test_requests_sent_without_waiting_are_answered_in_their_order(wire: Wire) -> None:
    with wire:
        wire.send(request() + LOG_IN + request("/nowhere"))
        assert [wire.read().status for _ in range(3)] == [401, 200, 404]


def test_a_request_may_arrive_byte_by_byte(wire: Wire) -> None:
    with wire:
        for byte in LOG_IN:
            wire.send(bytes([byte]))
        assert wire.read().status == 200


def test_a_chunked_body_is_read(wire: Wire) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (1, bytes([byte])) for byte in LOGIN) + b"0\r\n\r\n"
    fields = (b"Content-Type: application/x-www-form-urlencoded", b"Transfer-Encoding: chunked")
    with wire:
        assert wire.ask(request("/v4/Token", *fields, method="POST", body=chunks)).status == 200


def test_a_client_that_asks_whether_to_go_on_is_told_to(wire: Wire) -> None:
    head, body = LOG_IN.split(b"\r\n\r\n")
    with wire:
        assert wire.ask(head + b"\r\nExpect: 100-continue\r\n\r\n").status == 100
        assert wire.ask(body).status == 200


def test_http_1_0_is_answered_and_the_connection_closed(wire: Wire) -> None:
    with wire:
        reply = wire.ask(b"GET /v4/ServiceInstance HTTP/1.0\r\n\r\n")
        assert (reply.status, reply.headers["connection"]) == (401, "close")
        assert wire.rest() == b""


def test_a_client_that_wants_to_close_is_let_go(wire: Wire) -> None:
    with wire:
        assert wire.ask(request("/", b"Connection: close")).headers["connection"] == "close"
        assert wire.rest() == b""


@pytest.mark.parametrize("last", [b"Connection: close", b"Connection: close, x"])
def test_what_follows_the_last_request_is_not_read_also_where_its_head_was_met(live: MockServer, last: bytes) -> None:
    for _ in range(3):
        with Wire(live.url, live.ca_cert) as wire:
            assert wire.ask(request("/v4/ServiceInstance", last)).headers["connection"] == "close"
            with contextlib.suppress(OSError):  # over TLS the connection is gone at once
                wire.send(request("/v4/Organizations"))
            assert wire.rest() == b""
    assert {exchange.request.path for exchange in live.requests.list()} == {"/v4/ServiceInstance"}


def test_a_target_may_name_the_whole_address(wire: Wire) -> None:
    with wire:
        assert wire.ask(request("https://localhost/v4/ServiceInstance")).status == 401


def test_the_server_does_not_say_what_it_is_made_of(wire: Wire) -> None:
    with wire:
        for path in ("/v4/ServiceInstance", "/nowhere", "/swagger/docs/v4"):
            assert "server" not in wire.ask(request(path)).headers


@pytest.mark.parametrize(
    "path", ["/v4/ServiceInstance", "/devicelogin", "/__admin/health", "/swagger/docs/v4", "/nowhere"]
)
def test_a_date_comes_with_every_answer(wire: Wire, path: str) -> None:
    with wire:
        assert wire.ask(request(path)).headers["date"].endswith(" GMT")


def test_the_key_of_the_control_api_is_not_taken_from_a_field_that_looks_like_it(
    serve: Callable[..., MockServer],
) -> None:
    with Wire(serve(admin_key="open-sesame").url) as wire:
        asked = [
            wire.ask(request("/__admin/clock", name + b": open-sesame")) for name in (b"X-Admin-Key", b"X_Admin_Key")
        ]
        assert [reply.status for reply in asked] == [200, 401]


def test_a_delay_that_is_longer_than_a_connection_may_idle_is_waited_out(serve: Callable[..., MockServer]) -> None:
    veeam = serve(request_timeout="500ms", patience=LITTLE)
    veeam.faults.add("delay", delay="1.2s")
    with Wire(veeam.url) as wire:
        assert wire.ask(request()).status == 401


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_a_connection_is_never_upgraded(wire: Wire, protocol: bytes) -> None:
    fields = (b"Connection: Upgrade", b"Upgrade: " + protocol, b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    with wire:
        for _ in range(2):
            reply = wire.ask(request("/v4/ServiceInstance", *fields, b"Sec-WebSocket-Version: 13"))
            assert (reply.status, "upgrade" in reply.headers) == (401, False)
        assert wire.ask(request("localhost:1", method="CONNECT")).status == 404
        assert wire.rest() == b""


CHUNKED = b"".join(b"%x\r\n%b\r\n" % (1, bytes([byte])) for byte in LOGIN) + b"0\r\nX-Sum: 1\r\n\r\n"
UPGRADE = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
FRAMED = {
    "length": (b"Content-Length: %d" % len(LOGIN), LOGIN),
    "chunks": (b"Transfer-Encoding: chunked", CHUNKED),
}


@pytest.mark.parametrize(("framing", "body"), FRAMED.values(), ids=FRAMED.keys())
def test_the_body_of_a_request_for_an_upgrade_is_read(wire: Wire, framing: bytes, body: bytes) -> None:
    """As `curl --http2` and the HttpClient of Java send it."""
    form = b"Content-Type: application/x-www-form-urlencoded"
    message = request("/v4/Token", *UPGRADE, form, framing, method="POST", body=body)
    with wire:
        wire.send(message * 2 + request())
        assert [wire.read().status for _ in range(3)] == [200, 200, 401]
        for end in (1, message.index(b"\r\n\r\n") + 4, len(message) - 3):
            wire.send(message[:end])
            assert wire.ask(message[end:]).status == 200


def test_trailer_fields_are_no_header_fields(wire: Wire) -> None:
    trailer = b"0\r\nPrefer: code=503\r\nHost: a b\r\n\r\n"
    with wire:
        assert wire.ask(post(b"Transfer-Encoding: chunked", body=trailer)).status == 401


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["unfinished", "whole"])
@pytest.mark.parametrize("field", [b"a:b\r\n" * 100_000, b"a: " + b"b" * 500_000], ids=["many", "long"])
def test_trailer_fields_are_bounded(wire: Wire, field: bytes, end: bytes) -> None:
    with wire:
        reply = wire.ask(post(b"Transfer-Encoding: chunked", body=b"0\r\n" + field + end))
        assert (reply.status, wire.rest()) == (431, b"")


def test_a_body_in_the_smallest_of_chunks_is_read_in_one_go(wire: Wire) -> None:
    """To copy what has come with each chunk took a minute, in which nobody else was served."""
    size = 1024 * 1024
    login = LOGIN + b"&x=" + b"a" * (size - len(LOGIN) - 3)
    chunks = b"1\r\n" + b"\r\n1\r\n".join(login[at : at + 1] for at in range(size)) + b"\r\n0\r\n\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded"
    with wire:
        assert (
            wire.ask(request("/v4/Token", form, b"Transfer-Encoding: chunked", method="POST", body=chunks)).status
            == 200
        )


AFTER = {"garbage": b"\0\r\n\r\n", "a long head": request("/", b"X: " + b"a" * 70_000), "another": request()}


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
@pytest.mark.parametrize("path", ["/v4/ServiceInstance", "/__admin/health"])
def test_an_answer_under_way_is_not_lost_to_what_comes_behind_it(wire: Wire, path: str, after: bytes) -> None:
    with wire:
        wire.send(request(path, b"Prefer: delay=50ms") + after)
        assert [wire.read().status, wire.read().status] == [
            401 if path.startswith("/v4") else 200,
            {AFTER["garbage"]: 400, AFTER["a long head"]: 431}.get(after, 401),
        ]


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
@pytest.mark.parametrize("path", ["/v4/ServiceInstance", "/__admin/health"])
def test_what_comes_behind_a_last_request_is_thrown_away(wire: Wire, path: str, after: bytes) -> None:
    with wire:
        wire.send(request(path, b"Connection: close", b"Prefer: delay=50ms") + after)
        assert wire.read().status == (401 if path.startswith("/v4") else 200)
        assert wire.rest() == b""


@pytest.mark.parametrize("path", ["/v4/ServiceInstance", "/__admin/health"])
def test_a_client_that_asks_whether_to_go_on_behind_another_request_is_told_to(wire: Wire, path: str) -> None:
    head, body = LOG_IN.split(b"\r\n\r\n")
    with wire:
        wire.send(request(path, b"Prefer: delay=50ms") + head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert [wire.read().status for _ in range(2)] == [401 if path.startswith("/v4") else 200, 100]
        assert wire.ask(body).status == 200


def test_a_client_of_http_1_0_is_not_told_to_go_on(wire: Wire) -> None:
    with wire:
        wire.send(LOG_IN.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nExpect: 100-continue\r\n"))
        assert wire.read().status == 200


@pytest.mark.parametrize("line", [b"GET / HTTP/2.0", b"GET / HTTP/0.9"])
def test_another_version_of_http_is_refused(wire: Wire, line: bytes) -> None:
    with wire:
        reply = wire.ask(line + b"\r\nHost: a\r\n\r\n")
        assert (reply.status, wire.rest()) == (505, b"")
        assert "1.0 and 1.1" in message(reply)


def test_a_transfer_coding_other_than_chunked_is_refused(wire: Wire) -> None:
    with wire:
        reply = wire.ask(post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"))
        assert (reply.status, wire.rest()) == (501, b"")


@pytest.mark.parametrize("host", [b"a b", b"", b"a,b", b'"', b"[x]", b"user@host", b"localhost:x"])
def test_a_bad_host_is_refused(wire: Wire, host: bytes) -> None:
    with wire:
        reply = wire.ask(b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert reply.status == (401 if not host else 400)


@pytest.mark.parametrize("path", ["/v4/ServiceInstance", "/devicelogin", "/__admin/health"])
@pytest.mark.parametrize("fields", [b"", b"Host: a\r\nHost: a\r\n", b"Host: evil@localhost\r\n", b"Host: a#b\r\n"])
def test_a_host_has_to_be_there_once(wire: Wire, path: str, fields: bytes) -> None:
    with wire:
        reply = wire.ask(f"GET {path} HTTP/1.1\r\n".encode() + fields + b"\r\n")
        assert (reply.status, "header.Host" in message(reply)) == (400, True)


@pytest.mark.parametrize("target", ["http://localhost?x=/__admin/reset", "http://localhost/?x=/__admin/reset"])
def test_the_query_of_a_whole_address_is_no_path(wire: Wire, target: str) -> None:
    with wire:
        assert wire.ask(request(target, method="POST")).status == 404


def test_the_host_of_a_whole_address_goes_before_that_of_the_field(wire: Wire) -> None:
    with wire:
        token = orjson.loads(wire.ask(LOG_IN).body)["access_token"].encode()
        organizations = wire.ask(request("http://real.test:99/v4/Organizations", b"Authorization: Bearer " + token))
        assert b"//real.test:99/v4/Organizations/" in organizations.body
        assert b"localhost" not in organizations.body


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:4443", b"[::1]:4443", b"veeam_server.test:1"])
def test_a_good_host_is_taken(wire: Wire, host: bytes) -> None:
    with wire:
        assert wire.ask(b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status == 401


NO_HTTP = {
    "garbage": b"\x15\x03\x01 garbage\r\n\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown method": b"POTS / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET / \r\n\r\n HTTP/1.1\r\n\r\n",
    "space in path": request("/a b"),
    "no slash": request("v4"),
    "bytes in path": b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    "nul in header": request("/", b"X: a\0b"),
    "folded header": request("/", b"X: a", b" b"),
    "no colon": request("/", b"X"),
    "bare lines": b"GET / HTTP/1.1\nHost: a\n\n",
    "negative length": post(b"Content-Length: -1"),
    "two lengths": post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"),
    "length and chunks": post(b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "huge length": post(b"Content-Length: " + b"9" * 30),
    "unknown coding": post(b"Transfer-Encoding: gzip"),
    "bad chunk": post(b"Transfer-Encoding: chunked", body=b"zz\r\n"),
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_what_is_no_http_is_refused_in_the_vendors_shape_and_the_connection_closed(wire: Wire, data: bytes) -> None:
    with wire:
        reply = wire.ask(data)
        assert reply.status == 400
        assert message(reply) == "This cannot be understood as HTTP, or its method is unknown."
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "data",
    [
        request("/", b"X: " + b"a" * 200_000),
        request("/", *(b"X%d: a" % n for n in range(20_000))),
        request("/" + "a" * 200_000),
        request("/", b"X: " + b"a" * 66_000),
        b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000,
    ],
    ids=["one field", "many fields", "path", "just over", "unfinished"],
)
def test_a_head_of_more_than_64_kb_is_refused(wire: Wire, data: bytes) -> None:
    with wire:
        reply = wire.ask(data)
        assert reply.status == 431
        assert "65536" in message(reply)
        assert wire.rest() == b""


@pytest.mark.parametrize("size", [16_380, 16_390])
@pytest.mark.parametrize("piece", [1_000, 16_000, 1_000_000])
def test_the_bound_of_a_head_is_the_same_in_one_piece_and_in_many(wire: Wire, size: int, piece: int) -> None:
    """What it says is counted: here 5 bytes of target and host, and in four fields the rest."""
    fields = [b"X%d: " % number + b"a" * (size - 2) for number in range(4)]
    whole = request("/", *fields)
    with wire:
        for at in range(0, len(whole), piece):
            wire.send(whole[at : at + piece])
        assert wire.read().status == (404 if size == 16_380 else 431)


def test_a_length_with_zeros_before_it_is_that_length(wire: Wire) -> None:
    with wire:
        asked = request("/v4/Token", b"Content-Length: 00000000000000004", b"Content-Type: text/plain", method="POST")
        assert wire.ask(asked + b"abcd").status == 415
        assert wire.ask(request("/v4/ServiceInstance")).status == 401


def test_an_answer_before_a_close_is_read_by_a_client_that_still_sends(wire: Wire) -> None:
    with wire:
        wire.send(request("/v4/ServiceInstance", b"Connection: close"))
        assert wire.is_readable(within=5)
        for _ in range(50):
            wire.send(b"x" * 1_000)
        assert wire.read().status == 401
        assert wire.rest() == b""


def test_a_head_of_almost_64_kb_is_read(wire: Wire) -> None:
    with wire:
        assert wire.ask(request("/v4/ServiceInstance", b"X: " + b"a" * 65_000)).status == 401


@pytest.mark.parametrize("path", ["/v4/Token", "/nowhere", "/swagger/docs/v4", "/__admin/reset"])
def test_a_body_of_more_than_1_mb_is_refused_before_it_is_sent(wire: Wire, path: str) -> None:
    with wire:
        reply = wire.ask(request(path, b"Content-Length: 10485760", method="POST"))
        assert (reply.status, "1048576" in message(reply)) == (413, True)
        assert wire.rest() == b""


def test_a_chunked_body_is_refused_once_it_grew_over_1_mb_whatever_is_still_to_come(wire: Wire) -> None:
    with wire:
        reply = wire.ask(post(b"Transfer-Encoding: chunked", body=CHUNK * 17))
        assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert wire.rest() == b""


def test_a_body_of_1_mb_is_read(wire: Wire) -> None:
    with wire:
        reply = wire.ask(request("/v4/Token", b"Content-Length: 1048576", method="POST", body=b"a" * 1048576))
        assert reply.status == 415


HALF = {
    "nothing": b"",
    "method": b"POST /v4/Dev",
    "head": b"POST /v4/DeviceCode HTTP/1.1\r\nHost: localhost\r\n",
    "body": post(b"Content-Length: 10", body=b"abc"),
    "chunk": post(b"Transfer-Encoding: chunked", body=b"5\r\nab"),
    "trailer": post(b"Transfer-Encoding: chunked", body=b"0\r\nX: y\r\n"),
    "second": request() + b"GET /v4",
}


@pytest.mark.parametrize("half", ["method", "head", "body", "chunk", "trailer"])
def test_a_request_that_is_not_finished_in_time_gets_408_and_the_connection_closed(live: MockServer, half: str) -> None:
    with Wire(live.url, live.ca_cert) as wire:
        reply = wire.ask(HALF[half])
        assert reply.status == 408
        assert message(reply) == "The request was not complete after 0.5 s."
        assert wire.rest() == b""


@pytest.mark.parametrize("silence", [b"", b"\r\n\r\n"], ids=["nothing", "blank lines"])
def test_a_connection_on_which_nothing_is_asked_is_closed(live: MockServer, silence: bytes) -> None:
    with Wire(live.url, live.ca_cert) as wire:
        wire.send(silence)
        assert wire.rest() == b""


def test_a_second_request_is_waited_for_no_longer_than_the_first(live: MockServer) -> None:
    with Wire(live.url, live.ca_cert) as wire:
        assert wire.ask(HALF["second"]).status == 401
        assert wire.read().status == 408
        assert wire.rest() == b""


def test_blank_lines_after_an_answer_do_not_keep_a_connection(live: MockServer) -> None:
    with Wire(live.url, live.ca_cert) as wire:
        assert wire.ask(request()).status == 401
        wire.send(b"\r\n")
        assert wire.rest() == b""


def test_a_client_that_does_not_read_is_dropped(serve: Callable[..., MockServer]) -> None:
    parts = urlsplit(serve(request_timeout="500ms", patience=LITTLE).url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(10)
        client.connect((parts.hostname, parts.port))
        client.sendall(request("/swagger/docs/v4") * 300)
        dropped = select.poll()
        dropped.register(client, 0)  # tells of errors alone
        assert dropped.poll(10_000)


def silent_transport() -> Any:
    transport = create_autospec(asyncio.Transport, instance=True)
    transport.is_closing.return_value = False
    transport.get_extra_info.return_value = None
    return transport


def test_no_more_is_read_than_can_be_answered() -> None:
    door = Door(Mock(Settings(faults=[{"kind": "delay", "delay": "1ms"}])))
    transport = silent_transport()

    async def feed() -> None:
        one = connection.Connection(door)
        one.connection_made(transport)
        one.data_received(request() * (connection.MOST_WAITING - 1))
        transport.pause_reading.assert_not_called()  # one is being answered, the others wait
        one.data_received(request() * 2)
        transport.pause_reading.assert_called_once_with()
        transport.resume_reading.assert_not_called()
        while door.tasks:
            await asyncio.gather(*door.tasks)
        transport.resume_reading.assert_called_once_with()
        one.connection_lost(None)

    asyncio.run(feed())
    assert len(door.mock.installation.journal.entries("")) == connection.MOST_WAITING + 1


def test_who_does_not_read_is_answered_no_further() -> None:
    door = Door(Mock())
    transport = silent_transport()

    async def feed() -> None:
        one = connection.Connection(door)
        one.connection_made(transport)
        one.pause_writing()
        one.data_received(request())
        assert door.mock.installation.journal.entries("") == []
        one.resume_writing()
        assert len(door.mock.installation.journal.entries("")) == 1
        one.connection_lost(None)

    asyncio.run(feed())


def test_a_server_stops_with_half_requests_open(serve: Callable[..., MockServer]) -> None:
    server = serve()
    wires = [Wire(server.url) for _ in range(20)]
    for wire, half in zip(wires, [*HALF.values()] * 3, strict=False):
        wire.send(half)
    server.stop()
    for wire in wires:
        with wire:
            wire.rest()
    with pytest.raises(RuntimeError, match="not running"):
        assert server.url


def test_a_server_forgets_nobody_who_comes_while_it_stops(serve: Callable[..., MockServer]) -> None:
    """A connection that is left open keeps the loop from closing where warnings are errors, as they are here."""
    for count in range(1, 40):
        server = serve()
        wires = [Wire(server.url) for _ in range(count % 7 + 1)]
        server.stop()
        for wire in wires:
            with wire:
                assert wire.rest() == b""


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["nothing said", "half a hello"])
def test_a_server_does_not_wait_for_the_handshake_of_a_client(serve: Callable[..., MockServer], hello: bytes) -> None:
    """Where warnings are errors, as they are here, what is left of one must not keep the loop from closing."""
    server = serve(http=False)
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(3)]
        for client in clients:
            client.sendall(hello)
        with Wire(server.url, server.ca_cert) as later:  # when it is answered, those before it have been accepted
            assert later.ask(request()).status == 401
        server.stop()
        for client in clients:
            assert client.recv(100) == b""
