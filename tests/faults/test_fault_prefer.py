"""Faults that a request asks for by its header `Prefer` (RFC 7240)."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.api_client import ApiClient
from support.wire import Wire
from veeam_mock import MockServer
from veeam_mock.api.installation import Installation
from veeam_mock.faults.parsing import FaultError
from veeam_mock.faults.prefer import rules_from_header

PARSER = Installation().fault_parser


@pytest.mark.parametrize(
    ("header", "status", "applied"),
    [
        ("code=418", 418, "code=418"),
        ("CODE = 418", 418, "code=418"),
        ('code="418"', 418, "code=418"),
        ('code="4\\18"', 418, "code=418"),
        ("code=418; operation=getOrganizations", 418, "code=418"),
        ("code=418 ; operation=getToken", 401, None),
        ("code=418, code=500", 418, "code=418"),
        ("fault=throttled", 429, "fault=throttled"),
        ("fault=throttled; retry_after=1", 429, "fault=throttled"),
        ("fault=status; status=418", 418, "fault=status"),
        ("fault=html; status=504", 504, "fault=html"),
        ("delay=1ms", 401, "delay=1ms"),
        ("delay=1ms, code=418", 418, "delay=1ms, code=418"),
        ("respond-async, wait=10, handling=lenient", 401, None),
        ('x="a, code=500; b\\", code=501", code=418', 418, "code=418"),
        ("codes=500, =, ;, code=418,", 418, "code=418"),
        ("", 401, None),
    ],
)
def test_a_request_asks_for_its_own_fault(client: ApiClient, header: str, status: int, applied: str | None) -> None:
    reply = client.send("GET", "/v4/Organizations", headers={"Prefer": header})
    assert (reply.status_code, reply.headers.get("Preference-Applied")) == (status, applied)
    assert client.send("GET", "/v4/Organizations").status_code == 401


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("code=99", "Prefer: code: '99' is not a status"),
        ("code=600", "is not a status"),
        ("code", "is not a status"),
        ("code=" + "9" * 5000, "is not a status"),
        ("code=204; message=text", "204 has no body"),
        ("fault=explode", "Prefer: fault: 'explode' is not one of status, delay"),
        ("fault=dribble", "Prefer: fault.over: is required"),
        ("fault=status; status=many", "is not of type integer"),
        ("fault=reset; times=2", "Prefer: fault.times: is not a parameter here; known are operation"),
        ("fault=reset; kind=status", "Prefer: fault.kind: is not a parameter here"),
        ("fault=azure-unreachable; operation=getToken", "not 'getToken'"),
        ("code=503; operation=getCode", "'getCode' is not one of getToken"),
        ("delay=soon", "Prefer: delay.delay: 'soon'"),
        ("delay=2d", "longer than 1d"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(client: ApiClient, header: str, reason: str) -> None:
    reply = client.send("GET", "/v4/Organizations", headers={"Prefer": header})
    assert reply.status_code == 400
    assert reason in reply.json()["message"]
    assert "Preference-Applied" not in reply.headers


def test_several_header_fields_count_as_one(server: MockServer) -> None:
    with Wire(server.url, server.ca_cert) as wire:
        fields = b"Prefer: wait=1\r\nPrefer: delay=1ms\r\nPREFER: code=418\r\n"
        reply = wire.ask(b"GET /v4/Organizations HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n")
    assert (reply.status, reply.headers["preference-applied"]) == (418, "delay=1ms, code=418")


def test_no_prefer_turns_it_off(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(no_prefer=True)
    for header in ("code=418", "code=nonsense"):
        reply = client.send("GET", "/v4/Organizations", headers={"Prefer": header})
        assert (reply.status_code, "Preference-Applied" in reply.headers) == (401, False)


def test_what_is_not_applied_is_not_echoed(client: ApiClient) -> None:
    reply = client.send("GET", "/v4/Organizations", headers={"Prefer": "code=418, fault=throttled"})
    assert (reply.status_code, reply.headers["Preference-Applied"]) == (418, "code=418")


WORDS = st.sampled_from(
    [
        "code",
        "fault",
        "delay",
        "operation",
        "status",
        "=",
        "=",
        ";",
        ",",
        '"',
        "\\",
        " ",
        "503",
        "reset",
        "html",
        "2s",
        "\t",
        "é",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25).map("".join) | st.text(st.characters(max_codepoint=255), max_size=60))
@example("a" + ";  " * 20_000 + "\x01")
@example('"' * 60_000)
@example('\\"' * 30_000)
@example("code=" + '"\\' * 30_000)
@example("a=b " * 15_000)
@example(" " * 60_000)
@example(", " * 30_000)
def test_any_header_gives_rules_or_a_fault_error(header: str) -> None:
    try:
        rules = rules_from_header(header, PARSER, 0)
    except FaultError as error:
        assert str(error).startswith("Prefer: ")
    else:
        assert {rule.label.partition("=")[0] for rule in rules} <= {"code", "fault", "delay"}
        assert all(rule.label.isascii() and rule.label.isprintable() for rule in rules)
