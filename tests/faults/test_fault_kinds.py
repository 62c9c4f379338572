"""What each kind of fault puts on the connection, byte for byte where that matters."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.api_client import ORGANIZATION, ApiClient
from support.wire import Wire, eventually
from veeam_mock import MockServer, create_app

ASK = b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = ASK.replace(b"GET", b"HEAD")


@pytest.fixture(params=["http", "https"])
def veeam(request: pytest.FixtureRequest, serve: Callable[..., MockServer]) -> MockServer:
    """A server over http and over https."""
    return serve(http=request.param == "http")


@pytest.fixture
def wire(veeam: MockServer) -> Iterator[Wire]:
    """One connection to `veeam`."""
    with Wire(veeam.url, veeam.ca_cert) as connection:
        yield connection


def beneath_tls(veeam: MockServer, data: bytes) -> tuple[socket.socket, ssl.SSLObject, ssl.MemoryBIO]:
    """A TLS connection on which `data` was sent, taken apart so that the TCP below it can be seen."""
    parts = urlsplit(veeam.url)
    plain = socket.create_connection((parts.hostname, parts.port), timeout=10)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=veeam.ca_cert)
    secure = context.wrap_bio(incoming, outgoing, server_hostname=parts.hostname)
    while True:
        try:
            secure.do_handshake()
            break
        except ssl.SSLWantReadError:
            plain.sendall(outgoing.read())
            incoming.write(plain.recv(65536))
    secure.write(data)
    plain.sendall(outgoing.read())
    return plain, secure, incoming


def test_a_reset_over_http_is_a_tcp_rst(serve: Callable[..., MockServer]) -> None:
    veeam = serve(http=True)
    veeam.faults.add("reset")
    parts = urlsplit(veeam.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as plain:
        plain.sendall(ASK)
        with pytest.raises(ConnectionResetError):
            plain.recv(1)


def test_a_reset_over_https_is_a_tcp_rst_too(server: MockServer) -> None:
    server.faults.add("reset")
    plain, _, incoming = beneath_tls(server, ASK)
    with plain, pytest.raises(ConnectionResetError):
        while data := plain.recv(65536):
            incoming.write(data)


def test_an_empty_answer_over_https_ends_in_good_order(server: MockServer) -> None:
    server.faults.add("empty")
    plain, secure, incoming = beneath_tls(server, ASK)
    with plain:
        assert answer_beneath_tls(plain, secure, incoming) == b""


def answer_beneath_tls(plain: socket.socket, secure: ssl.SSLObject, incoming: ssl.MemoryBIO) -> bytes:
    """The first bytes of an answer; none when `close_notify` comes in their place."""
    while True:
        try:
            return secure.read(1)
        except ssl.SSLWantReadError:
            data = plain.recv(65536)
            assert data, "the connection ended without close_notify"
            incoming.write(data)


def test_garbage_is_what_a_client_cannot_read(veeam: MockServer, wire: Wire) -> None:
    veeam.faults.add("garbage")
    wire.send(ASK)
    assert not wire.rest().startswith(b"HTTP/")


@pytest.mark.parametrize("framing", ["content-length", "chunked"])
def test_a_truncated_answer_announces_more_than_it_sends(serve: Callable[..., MockServer], framing: str) -> None:
    veeam = serve(ambiguities={"length": framing})
    veeam.faults.add("truncate")
    with Wire(veeam.url) as wire, pytest.raises(ConnectionError, match="too early"):
        wire.ask(ASK)


def test_a_truncated_answer_to_head_ends_within_its_head(veeam: MockServer, wire: Wire) -> None:
    veeam.faults.add("truncate")
    wire.send(HEAD)
    head = wire.rest()
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"\r\n\r\n" not in head


def test_a_dribbled_answer_to_head_is_a_head(veeam: MockServer) -> None:
    """The body that it announces, of which nothing is sent, is longer than the head."""
    bearer = ApiClient(veeam.url, veeam.ca_cert or True).bearer["Authorization"]
    ask = f"HEAD /v4/Organizations HTTP/1.1\r\nHost: a\r\nAuthorization: {bearer}\r\nConnection: close\r\n\r\n"
    veeam.clock.freeze()
    answers = []
    for _ in range(2):
        with Wire(veeam.url, veeam.ca_cert) as wire:
            wire.send(ask.encode())
            answers.append(wire.rest())
        veeam.faults.add("dribble", over="40ms")
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 204},
        {"kind": "status", "status": 205},
        {"kind": "status", "status": 304},
        {"kind": "delay", "delay": "10ms"},
        {"kind": "dribble", "over": "40ms"},
        {"kind": "malformed-json"},
        {"kind": "content-type"},
        {"kind": "html"},
    ],
    ids=str,
)
@pytest.mark.parametrize("ask", [ASK, HEAD], ids=["GET", "HEAD"])
def test_a_fault_that_is_well_framed_leaves_the_connection_to_the_next_request(
    veeam: MockServer, wire: Wire, fault: dict[str, Any], ask: bytes
) -> None:
    veeam.faults.add(**fault, times=1)
    wire.send(ask)
    struck = wire.read(has_body=ask is ASK and fault.get("status") not in (204, 304))
    assert struck.status == fault.get("status", 502 if fault["kind"] == "html" else 401)
    assert wire.ask(ASK).status == 401
    assert veeam.faults.list()[0]["struck"] == 1


def test_a_status_without_a_body_announces_none(veeam: MockServer, wire: Wire) -> None:
    veeam.faults.add("status", status=204)
    wire.send(ASK)
    reply = wire.read(has_body=False)
    assert not {"content-length", "transfer-encoding", "content-type"} & reply.headers.keys()


@pytest.mark.parametrize("kind", [{"kind": "dribble", "over": "40ms"}, {"kind": "truncate"}], ids=str)
def test_http_1_0_meets_the_same(serve: Callable[..., MockServer], kind: dict[str, Any]) -> None:
    veeam = serve()
    veeam.faults.add(**kind)
    with Wire(veeam.url) as wire:
        wire.send(b"GET /v4/ServiceInstance HTTP/1.0\r\n\r\n")
        head, _, body = wire.rest().partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert len(body) == announced if kind["kind"] == "dribble" else 0 < len(body) < announced


@pytest.mark.parametrize(
    "fault", [{"kind": "timeout"}, {"kind": "delay", "delay": "1h"}, {"kind": "dribble", "over": "1h"}], ids=str
)
def test_a_client_that_goes_away_leaves_nothing_behind(veeam: MockServer, fault: dict[str, Any]) -> None:
    veeam.faults.add(**fault)
    held = veeam.door.tasks
    with Wire(veeam.url, veeam.ca_cert) as wire:
        wire.send(ASK)
        assert eventually(lambda: len(held) == 1)
    assert eventually(lambda: not held)


def test_a_status_looks_as_the_server_itself_would_say_it(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=401, match={"operation": ["getDeviceCode", "getOrganizations"]})
    struck, plain = client.device_code(), client.send("GET", "/v4/Organizations")
    server.faults.clear()
    own = client.send("GET", "/v4/Organizations", headers={"Authorization": "Bearer mock-access-none"})
    assert struck.json() == plain.json() == own.json()
    assert struck.headers["WWW-Authenticate"] == own.headers["WWW-Authenticate"]


def test_a_401_keeps_its_challenge_whatever_it_says(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=401, message="Gone.")
    reply = client.send("GET", "/v4/Organizations")
    assert reply.json() == {"message": "Gone."}
    assert "invalid_token" in reply.headers["WWW-Authenticate"]


def test_an_answer_without_a_body_is_not_made_malformed(server: MockServer, client: ApiClient) -> None:
    assert client.bearer
    server.faults.add("malformed-json")
    reply = client.call("PUT", f"/v4/Organizations/{ORGANIZATION}", json={})
    assert (reply.status_code, reply.content) == (204, b"")


def test_a_login_fails_in_the_shape_of_a_login(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=400, message="Not today.")
    assert client.log_in().json() == {"error": "invalid_request", "error_description": "Not today."}


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"a": [1]}, "application/json; charset=utf-8", b'{"a":[1]}'),
        ("<error/>", "text/plain; charset=utf-8", b"<error/>"),
        ("Zürich", "text/plain; charset=utf-8", "Zürich".encode()),
        ([], "application/json; charset=utf-8", b"[]"),
        (False, "application/json; charset=utf-8", b"false"),
    ],
    ids=str,
)
def test_a_status_takes_any_body(
    server: MockServer, client: ApiClient, body: object, content_type: str, sent: bytes
) -> None:
    server.faults.add("status", status=500, body=body)
    reply = client.send("GET", "/v4/Organizations")
    assert (reply.status_code, reply.headers["Content-Type"], reply.content) == (500, content_type, sent)


def test_header_fields_of_a_fault_take_the_place_of_the_usual_ones(server: MockServer) -> None:
    fields = {"content-type": "text/xml", "date": "Thu, 01 Jan 1970 00:00:00 GMT", "RETRY-AFTER": "7", "X-Id": "1"}
    server.faults.add("status", status=503, retry_after=30, body="<a/>", headers=fields)
    with Wire(server.url, server.ca_cert) as wire:
        wire.send(ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        head = wire.rest().lower()
    for line in (b"content-type: text/xml", b"date: thu, 01 jan 1970 00:00:00 gmt", b"retry-after: 7", b"x-id: 1"):
        assert line in head
    for name in (b"content-type:", b"date:", b"retry-after:", b"content-length:"):
        assert head.count(name) == 1


def test_properties_are_set_removed_and_retyped(server: MockServer, client: ApiClient) -> None:
    server.faults.add("reply", set={"extra": None}, remove=["message"], retype=["expiresIn", "userCode"])
    body = client.device_code().json()
    assert "message" not in body
    assert body["extra"] is None
    assert body["expiresIn"] == "900"
    assert isinstance(body["userCode"], list)
    assert all(element["extra"] is None for element in client.call("GET", "/v4/Organizations").json())


def test_a_delay_between_two_times_stays_between_them() -> None:
    from veeam_mock.messages import Request
    from veeam_mock.mock import Mock
    from veeam_mock.settings.settings import Settings

    mock = Mock(Settings(seed=1, faults=[{"kind": "delay", "delay": ["1s", "3s"]}]))
    delays = [mock.answer(Request("GET", "/v4/ServiceInstance")).delivery.delay for _ in range(200)]
    assert 1 <= min(delays) < 1.2
    assert 2.8 < max(delays) <= 3


@pytest.mark.parametrize("kind", ["timeout", "reset", "empty", "truncate", "garbage"])
def test_a_wsgi_application_names_the_door_that_could_break_the_connection(kind: str) -> None:
    app = create_app()
    client = app.test_client()
    in_a_world = {"X-Mock-World": "mine", "Prefer": f"fault={kind}"}
    reply = client.get("/v4/ServiceInstance", headers=in_a_world)
    assert reply.status_code == 501
    assert "veeam-mock" in reply.get_json()["message"]
    exchanges = client.get("/__admin/requests", headers={"X-Mock-World": "mine"}).get_json()
    assert [(each["reply"]["status"], each["faults"]) for each in exchanges] == [(501, [f"fault={kind}"])]
    assert client.get("/__admin/requests").get_json() == []


def test_a_wsgi_application_can_do_all_other_kinds() -> None:
    client = create_app().test_client()
    for fault in (
        "status; status=418",
        "delay; delay=1ms",
        "dribble; over=1ms",
        "malformed-json",
        "content-type",
        "html",
    ):
        reply = client.get("/v4/ServiceInstance", headers={"Prefer": f"fault={fault}"})
        assert reply.status_code in (401, 418, 502)
        assert reply.headers["Preference-Applied"] == f"fault={fault.partition(';')[0]}"


def test_the_journal_says_how_a_connection_was_broken(veeam: MockServer) -> None:
    for kind in ("reset", "empty", "truncate", "garbage"):
        fault = veeam.faults.add(kind)
        with Wire(veeam.url, veeam.ca_cert) as wire:
            wire.send(ASK)
            wire.rest()
        veeam.faults.remove(fault)
    exchanges = veeam.requests.list()
    assert [each["outcome"] for each in exchanges] == ["reset", "empty", "truncated", "garbage"]
    assert [each["faults"] for each in exchanges] == [["reset"], ["empty"], ["truncate"], ["garbage"]]
    assert [each["reply"] is None for each in exchanges] == [True, True, False, True]
    assert json.loads(exchanges[2]["reply"]["body"])
