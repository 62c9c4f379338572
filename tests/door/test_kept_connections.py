"""A head that came before on a connection is not read twice: nothing that a client sees may depend on that."""

import random
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.api_client import ApiClient
from support.wire import Wire, WireReply, eventually
from veeam_mock import MockServer
from veeam_mock.door.heads import LONGEST_HEAD, MOST_HEADS, Heads
from veeam_mock.door.incoming import Incoming
from veeam_mock.door.rendering import render
from veeam_mock.messages import Fields, Reply, Request
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings

CHANGING = re.compile(rb"[A-Z2-9]{9}(?=\")|code [A-Z2-9]{9} ")


@pytest.fixture(scope="module")
def kept(_own_folder: object) -> Iterator[MockServer]:
    with MockServer(http=True) as server:
        yield server


def post(login: str, body: bytes, *fields: str, path: str = "/v4/DeviceCode", framing: str | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: {login}", *fields]
    lines += ["Content-Type: application/json", framing or f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def messages(login: str) -> list[bytes]:
    """Requests of every framing; many have the head of another one, and another body."""
    china, wrong, broken = b'{"targetRegion":"China"}', b'{"targetRegion":"Japan"}', b'{"targetRegion":"China",'
    return [
        post(login, china),
        post(login, wrong),
        post(login, broken),
        post(login, china, path="/~mine/v4/DeviceCode"),
        post(login + "x", china),
        post(login, china, "Prefer: code=503"),
        post(login, china, "Prefer: delay=1ms"),
        post(login, china, "Expect: 100-continue"),
        post(login, b"18\r\n" + china + b"\r\n0\r\n\r\n", framing="Transfer-Encoding: chunked"),
        post(login, b"18\r\n" + china + b"\r\n0\r\nX: y\r\n\r\n", framing="Transfer-Encoding: chunked"),
        post(login, china, "Connection: Upgrade", "Upgrade: h2c"),
        post(login, china, path="http://elsewhere.test/v4/DeviceCode"),
        post(login, b""),
        b"\r\n\r\n" + post(login, china),
        b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"HEAD /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /__admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /v4/Organizations HTTP/1.1\r\nHost: localhost\r\nAuthorization: {login}\r\n\r\n".encode(),
    ]


def exchange(wire: Wire, pieces: list[bytes]) -> WireReply:
    """Send one message in pieces, and read what is answered behind a 100."""
    for piece in pieces:
        wire.send(piece)
    has_body = not b"".join(pieces).startswith(b"HEAD")
    reply = wire.read(has_body=has_body)
    reply = wire.read(has_body=has_body) if reply.status == 100 else reply
    headers = {name: value for name, value in reply.headers.items() if name != "date"}
    return WireReply(reply.status, headers, CHANGING.sub(b"", reply.body))


def test_an_answer_does_not_depend_on_what_was_asked_before_on_the_connection(kept: MockServer) -> None:
    known = messages(ApiClient(kept.url).bearer["Authorization"])
    alone = []
    for message in known:
        with Wire(kept.url) as wire:
            alone.append(exchange(wire, [message]))
    for first, second in product(range(len(known)), repeat=2):
        asked = [first, first, second, first]
        with Wire(kept.url) as wire:
            assert [exchange(wire, [known[number]]) for number in asked] == [alone[number] for number in asked]


@pytest.mark.long
def test_25_000_answers_over_kept_connections_are_those_over_fresh_ones(kept: MockServer, hostile_times: int) -> None:
    """In any order, and some of them in two pieces; so many times as many by `--hostile-times`."""
    known = messages(ApiClient(kept.url).bearer["Authorization"])
    alone = []
    for message in known:
        with Wire(kept.url) as wire:
            alone.append(exchange(wire, [message]))
    chance = random.Random(25_000)
    for _ in range(250 * hostile_times):
        with Wire(kept.url) as wire:
            for number in chance.choices(range(len(known)), k=100):
                cut = chance.choice([0, 0, chance.randrange(len(known[number]))])
                pieces = [piece for piece in (known[number][:cut], known[number][cut:]) if piece]
                assert exchange(wire, pieces) == alone[number]


@given(st.integers(0, 18), st.lists(st.integers(1, 250), min_size=2, max_size=5))
@settings(deadline=None, max_examples=40)
def test_an_answer_does_not_depend_on_the_pieces_in_which_a_request_comes(
    kept: MockServer, number: int, cuts: list[int]
) -> None:
    message = messages(ApiClient(kept.url).bearer["Authorization"])[number]
    with Wire(kept.url) as wire:
        alone = exchange(wire, [message])
        for cut in cuts:
            assert exchange(wire, [piece for piece in (message[:cut], message[cut:]) if piece]) == alone


@pytest.mark.parametrize("size", [0, 1, 30, 5000])
def test_a_head_that_was_met_comes_with_bodies_of_any_length_and_over_any_connection(
    kept: MockServer, size: int
) -> None:
    login = ApiClient(kept.url).bearer["Authorization"]
    bodies = [b'{"targetRegion":"China"}', b'{"targetRegion":"China","note":"' + b"x" * size + b'"}', b"{}"]
    for cut in (0, 1, 8, 40):
        with Wire(kept.url) as wire:
            for body in bodies:
                whole = post(login, body)
                at = len(whole) - len(body) - 8 + cut
                wire.send(whole[:at])
                assert wire.ask(whole[at:]).status == 200
                (kept_request,) = kept.requests.list(limit=1)
                told = kept_request["request"]
                assert told["headers"]["content-length"] == str(len(body))
                assert told["body"] == body.decode()


def test_a_body_that_does_not_follow_its_head_is_waited_for_as_any_other(serve: Callable[..., MockServer]) -> None:
    server = serve(request_timeout="100ms")
    message = post(ApiClient(server.url).bearer["Authorization"], b"{}")
    with Wire(server.url) as wire:
        assert wire.ask(message).status == 200
        wire.send(message[:-2])
        assert wire.read().status == 408


def test_a_body_that_is_too_large_is_refused_by_a_head_that_was_met(kept: MockServer) -> None:
    message = post(ApiClient(kept.url).bearer["Authorization"], b"{}")
    with Wire(kept.url) as wire:
        assert wire.ask(message).status == 200
        assert wire.ask(message[:-2].replace(b"Length: 2", b"Length: 1048577")).status == 413


def test_the_heads_that_were_met_are_bounded_in_number_and_in_length() -> None:
    heads, mock = Heads(), Mock(Settings())

    def met(path: str) -> tuple[bytes, bool]:
        request = Request("GET", path)
        message = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        return message, heads.learn(message, mock.read(request), Incoming(request, keep_alive=True)) is not None

    messages = [met(f"/v4/{number}") for number in range(MOST_HEADS + 1)]
    assert all(is_met for _, is_met in messages)
    assert [heads.find("", messages[number][0]) is None for number in (0, 1, MOST_HEADS)] == [True, False, False]
    assert not met("/" + "x" * LONGEST_HEAD)[1]


def test_several_requests_with_one_head_are_answered_in_their_order(kept: MockServer) -> None:
    message = post(ApiClient(kept.url).bearer["Authorization"], b'{"targetRegion":"China"}')
    with Wire(kept.url) as wire:
        codes = [wire.ask(message).body]
        wire.send(message * 50)
        codes += [wire.read().body for _ in range(50)]
        wire.send(message[:-1])
        wire.send(message[-1:] + message)
        codes += [wire.read().body for _ in range(2)]
    assert len(set(codes)) == 53


def test_the_end_of_a_request_is_no_request(kept: MockServer) -> None:
    message = post(ApiClient(kept.url).bearer["Authorization"], b'{"targetRegion":"China"}')
    with Wire(kept.url) as wire, Wire(kept.url) as other:
        wire.send(message[:30])
        # By the time that another connection has its answer, the first piece has been read by itself.
        assert other.ask(message).status == 200
        assert wire.ask(message[30:]).status == 200
        assert wire.ask(message[30:]).status == 400


def test_an_answer_waits_for_the_delayed_one_before_it(serve: Callable[..., MockServer]) -> None:
    server = serve(seed=1)
    message = post(ApiClient(server.url).bearer["Authorization"], b'{"targetRegion":"China"}')
    with Wire(server.url) as wire:
        for _ in range(2):
            assert wire.ask(message).status == 200
            server.faults.add(kind="delay", delay="200ms", times=1)
            asked = len(server.requests.list())
            wire.send(message)
            assert eventually(lambda asked=asked: len(server.requests.list()) > asked)  # type: ignore[misc]
            wire.send(message)
            codes = [orjson.loads(wire.read().body)["userCode"] for _ in range(2)]
            assert codes == [code["userCode"] for code in server.device_codes.list()[-2:]]


def test_a_login_ends_also_for_a_head_that_was_good_before(serve: Callable[..., MockServer]) -> None:
    server = serve()
    message = post(ApiClient(server.url).bearer["Authorization"], b'{"targetRegion":"China"}')
    with Wire(server.url) as wire:
        assert [wire.ask(message).status for _ in range(3)] == [200, 200, 200]
        server.clock.advance("2h")
        assert [wire.ask(message).status for _ in range(2)] == [401, 401]
        server.reset()
        refused = wire.ask(message)
    assert b"unknown or has been revoked" in refused.headers["www-authenticate"].encode()


def test_a_fault_strikes_a_head_that_came_before(serve: Callable[..., MockServer]) -> None:
    server = serve()
    message = post(ApiClient(server.url).bearer["Authorization"], b'{"targetRegion":"China"}')
    with Wire(server.url) as wire:
        assert wire.ask(message).status == 200
        server.faults.add(kind="status", status=503, times=2)
        assert [wire.ask(message).status for _ in range(3)] == [503, 503, 200]
        server.faults.add(kind="empty")
        wire.send(message)
        assert wire.rest() == b""
    assert [each["outcome"] for each in server.requests.list()][-2:] == ["whole", "empty"]


def test_what_was_made_of_a_head_goes_with_the_settings_that_it_was_made_by() -> None:
    mock = Mock(Settings())
    request = Request("GET", "/V4/serviceINSTANCE", headers={"x-trace": "Open-Sesame-1"})
    assert mock.answer(request).status == 401
    assert mock.answer(request.with_body(b"")).status == 401
    mock.restart(Settings(ambiguities={"path-case": "exact"}, admin_key="Open-Sesame-1"))
    assert mock.answer(request).status == 404
    (kept,) = mock.installation.journal.entries("")
    assert kept.request.headers == {"x-trace": "***"}


def test_nothing_that_is_kept_of_a_connection_shows_its_secrets() -> None:
    body = b"grant_type=password&username=administrator&password=Open-Sesame-1"
    headers = {"authorization": "Bearer Open-Sesame-2", "content-type": "application/x-www-form-urlencoded"}
    request = Request("POST", "/v4/Token", "access_token=Open-Sesame-3", headers, body)
    head = b"POST /v4/Token?access_token=Open-Sesame-3 HTTP/1.1\r\nAuthorization: Bearer Open-Sesame-2\r\n"
    mock = Mock(Settings())
    read, incoming = mock.read(request), Incoming(request, keep_alive=True)
    head += f"Content-Length: {len(body)}\r\n\r\n".encode()
    met = Heads().learn(head + body, read, incoming)
    assert met is not None
    shown = repr((met, request, read))
    assert "/v4/Token" in shown
    assert "Sesame" not in shown


FIELDS = st.dictionaries(st.sampled_from(["Date", "Content-Length", "Connection", "Allow"]), st.sampled_from("ab"))
REPLIES = st.tuples(st.sampled_from([200, 204, 401]), FIELDS, st.booleans())


@given(st.lists(REPLIES, max_size=12))
def test_a_head_says_what_its_own_reply_says_whatever_was_written_before(replies: list[Any]) -> None:
    for status, fields, keep_alive in replies:
        reply = Reply(status, headers=Fields(fields), body=b"x")
        lines = render(reply, "GET", keep_alive=keep_alive).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        assert lines[0].startswith(f"HTTP/1.1 {status} ")
        said = dict(line.split(": ") for line in lines[1:])
        assert {name: said[name] for name in fields} == fields
        assert ("Connection" in said) == ("Connection" in fields or not keep_alive)
        assert ("Transfer-Encoding" in said) == ("Content-Length" not in fields and status != 204)
        assert said.keys() <= fields.keys() | {"Connection", "Transfer-Encoding"}
        reply.headers["Date"] = "changed by somebody later"
