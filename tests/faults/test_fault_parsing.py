"""A fault that makes no sense is refused, with the key and the reason, and nothing of it is applied."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.api_client import ApiClient
from veeam_mock import MockServer
from veeam_mock.api.installation import Installation
from veeam_mock.faults.kinds import TYPES
from veeam_mock.faults.parsing import FaultError
from veeam_mock.faults.presets import PRESETS
from veeam_mock.journal.pattern import overlap
from veeam_mock.model.clock import LATEST

PARSER = Installation().fault_parser
NOW = 1_800_000_000.0

MANY = {f"X-{number}": "x" for number in range(101)}
LONG = {f"X-{number}": "x" * 8_000 for number in range(5)}

REFUSED = [
    ({}, "kind", "one of status, delay"),
    ({"kind": "explode"}, "kind", "'explode' is not one of status, delay"),
    ({"kind": ["status"]}, "kind", "is not one of"),
    ({"preset": "nope"}, "preset", "'nope' is not one of throttled"),
    ({"preset": "throttled", "kind": "reset"}, "kind", "is of kind status"),
    ({"kind": "status"}, "status", "is required"),
    ({"kind": "status", "status": 600}, "status", "600"),
    ({"kind": "status", "status": "503"}, "status", "is not of type integer"),
    ({"kind": "status", "status": 503, "colour": 1}, "", "unknown key 'colour'"),
    ({"kind": "status", "status": 204, "body": {}}, "status", "204 has no body"),
    ({"kind": "status", "status": 503, "headers": {"Content-Length": "1"}}, "headers", "Content-Length"),
    ({"kind": "status", "status": 503, "headers": {"X": "a\nb"}}, "headers.X", "is not the value of a header field"),
    ({"kind": "delay"}, "delay", "is required"),
    ({"kind": "delay", "delay": "soon"}, "delay", "is not a duration such as 30s"),
    ({"kind": "delay", "delay": ["3s", "1s"]}, "delay", "shorter first"),
    ({"kind": "delay", "delay": ["1s"]}, "delay", "is not a duration such as 30s"),
    ({"kind": "delay", "delay": "25h"}, "delay", "longer than 1d"),
    ({"kind": "dribble", "over": 1e300}, "over", "longer than 1d"),
    ({"kind": "reply"}, "", "one of set, remove and retype is required"),
    ({"kind": "html", "status": 200}, "status", "200"),
    ({"kind": "reset", "times": 0}, "times", "0"),
    ({"kind": "reset", "times": True}, "times", "true is not of type integer"),
    ({"kind": "reset", "after": -1}, "after", "-1"),
    ({"kind": "reset", "probability": 0}, "probability", "0"),
    ({"kind": "reset", "probability": 1.5}, "probability", "1.5"),
    ({"kind": "reset", "probability": math.nan}, "probability", "null"),
    ({"kind": "reset", "until": 0}, "until", "has passed"),
    ({"kind": "reset", "until": "2020-01-01T00:00:00Z"}, "until", "has passed"),
    ({"kind": "reset", "until": "2030-01-01T00:00:00"}, "until", "nor a date-time such as"),
    ({"kind": "reset", "until": "2030-12-31T23:59:60Z"}, "until", "is not a valid date-time"),
    ({"kind": "reset", "match": {"operation": "getCode"}}, "match.operation", "'getCode' is not one of getToken"),
    ({"kind": "reset", "match": {"operation": []}}, "match.operation", "[] is not the name of an operation, or a list"),
    ({"kind": "reset", "match": {"method": "get"}}, "match.method", "'get' is not one of GET"),
    ({"kind": "reset", "match": {"method": "GETT"}}, "match.method", "'GETT' is not one of GET"),
    ({"kind": "reset", "match": {"operation": "getToken", "method": "GET"}}, "match.method", "is called by POST"),
    ({"kind": "reset", "match": {"operation": "getToken", "path": "/v4/DeviceCode"}}, "match.path", "is at /v4/Token"),
    ({"kind": "reset", "match": {"operation": "getToken", "path": "/v3/*"}}, "match.path", "is at /v4/Token"),
    ({"kind": "reset", "match": {"operation": "getOrganization", "path": "/v4/DeviceCode*"}}, "match.path", "is at"),
    ({"kind": "reset", "match": {"operation": "getOrganizations", "body": {"/a": 1}}}, "match.body", "has no body"),
    ({"kind": "reset", "match": {"path": "v4/Token"}}, "match.path", "is not a path such as /v4/"),
    ({"kind": "reset", "match": {"path": "/~mine/v4/Token"}}, "match.path", "is not a path such as /v4/"),
    ({"kind": "reset", "match": {"path": "/v4/DeviceCode?organizationId=1"}}, "match.path", "is not a path such as"),
    ({"kind": "reset", "match": {"header": {"X Y": "1"}}}, "match.header", "is not keyed by names of header"),
    ({"kind": "reset", "match": {"header": {"X": " padded "}}}, "match.header.X", "is not the value of a header field"),
    ({"kind": "reset", "match": {"query": {"a": 1}}}, "match.query.a", "is not of type null or string"),
    ({"kind": "reset", "match": {"body": {"targetRegion": "China"}}}, "match.body", "is not keyed by JSON Pointers"),
    ({"kind": "reset", "match": {"body": {"/a~2": 1}}}, "match.body", "/a~2"),
    ({"kind": "reset", "match": {"colour": 1}}, "match", "unknown key 'colour'"),
    ({"preset": "azure-unreachable", "match": {"operation": "getToken"}}, "match.operation", "not 'getToken'"),
    ({"preset": "azure-unreachable", "match": {"path": "/v4/Token"}}, "match.path", "getDeviceCode is at"),
    ({"preset": "azure-unreachable", "match": {"operation": 5}}, "match.operation", "not 5"),
    ({"kind": "status", "status": 503, "headers": MANY}, "headers", "has 101 keys, at most 50 are allowed"),
    ({"kind": "status", "status": 503, "headers": LONG}, "headers", "have more than 32768 characters"),
    ({"kind": "reply", "set": MANY}, "set", "has 101 keys, at most 100 are allowed"),
    ({"kind": "reply", "remove": [*MANY]}, "remove", "has 101 items, at most 100 are allowed"),
    ({"kind": "reply", "retype": [*MANY]}, "retype", "has 101 items, at most 100 are allowed"),
    ({"kind": "status", "status": 503, "body": [0] * 10_000}, "", "has more than 10000 values; send a long body as"),
    ({"kind": "reset", "match": {"body": {"/a": [{}] * 10_000}}}, "", "has more than 10000 values"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "key", "reason"), REFUSED, ids=str)
def test_a_mistake_is_told_with_its_key_and_the_reason(fault: dict[str, Any], key: str, reason: str) -> None:
    with pytest.raises(FaultError) as refused:
        PARSER.parse(fault, NOW, "faults.0")
    assert any(
        violation.where == ".".join(filter(None, ["faults.0", key])) and reason in violation.message
        for violation in refused.value.violations
    ), refused.value.violations


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(FaultError) as refused:
        PARSER.parse({"kind": "status", "status": 1, "times": 0, "match": {"method": "get"}}, NOW)
    assert {violation.where for violation in refused.value.violations} == {"match.method", "status", "times"}


@pytest.mark.parametrize("fault", [["kind"], "reset", None, 5])
def test_what_is_no_mapping_is_refused(fault: object) -> None:
    with pytest.raises(FaultError, match="is not a mapping"):
        PARSER.parse(fault, NOW)


def test_nothing_of_a_refused_fault_is_applied(server: MockServer, client: ApiClient) -> None:
    for fault, _, _ in REFUSED:
        if not any(value != value for value in fault.values()):
            refused = client.send("POST", "/__admin/faults", json=fault)
            assert refused.status_code == 400
            assert refused.json()["message"]
    assert server.faults.list() == []
    assert client.log_in().status_code == 200


def test_a_rule_that_one_of_its_operations_can_meet_is_taken() -> None:
    match = {"operation": ["getToken", "getDeviceCode"], "path": "/v4/DeviceCode", "body": {"/targetRegion": "China"}}
    assert PARSER.parse({"kind": "reset", "match": match}, NOW).pattern.operations == ("getToken", "getDeviceCode")


def test_a_large_fault_is_taken() -> None:
    headers = {f"X-{number}": "x" * 500 for number in range(50)}
    fault = {"kind": "status", "status": 503, "body": [{"id": "x" * 99}] * 3_000, "headers": headers}
    assert PARSER.parse(fault, NOW).given == fault
    assert PARSER.parse({"kind": "status", "status": 503, "body": "x" * 10**6}, NOW).fault.strike


def test_an_operation_that_is_named_twice_counts_once() -> None:
    assert PARSER.parse_pattern({"operation": ["getToken"] * 100}, "match").operations == ("getToken",)


@pytest.mark.parametrize(
    "fault", [dict(kind.example) for kind in TYPES] + [{"preset": name} for name in PRESETS], ids=str
)
def test_every_example_and_preset_is_taken_and_kept_as_it_was_given(fault: dict[str, Any]) -> None:
    assert PARSER.parse(fault, NOW).given == fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=3) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=8,
)
DURATIONS = st.sampled_from(
    ["1s", "0", 3, 0.5, 1e-9, 1e300, "99999999999d", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"]
)
PATTERNS = st.fixed_dictionaries(
    {},
    optional={
        "operation": st.sampled_from(["getToken", "getOrganization", "nope"])
        | st.lists(st.sampled_from(["getToken", ""])),
        "method": st.sampled_from(["GET", "POST", "get", ""]),
        "path": st.text("/*v4~Token%?[", max_size=12),
        "header": st.dictionaries(st.text(max_size=4), st.text(max_size=4) | JSON, max_size=2),
        "query": st.dictionaries(st.text(max_size=4), st.text(max_size=4) | JSON, max_size=2),
        "body": st.dictionaries(st.text("/~01a", max_size=5), JSON, max_size=2),
    },
)
PARAMETERS = {name for kind in TYPES for name in kind.parameters}
FAULTS = st.fixed_dictionaries(
    {"kind": st.sampled_from([kind.kind for kind in TYPES]) | JSON},
    optional={
        "preset": st.sampled_from(list(PRESETS)) | JSON,
        "match": PATTERNS | JSON,
        **{name: JSON | DURATIONS for name in ("until", "times", "after", "probability")},
        **{name: JSON | DURATIONS | st.integers(100, 700) for name in PARAMETERS},
    },
)


@settings(max_examples=150, deadline=None)
@given(FAULTS | JSON, st.floats(0, LATEST))
def test_the_parser_gives_a_rule_or_a_fault_error_for_anything(fault: object, now: float) -> None:
    try:
        rule = PARSER.parse(fault, now)
    except FaultError as error:
        assert error.violations
        assert all(violation.message for violation in error.violations)
    else:
        assert not rule.is_spent(now)


STARRED = st.text("ab*", max_size=4)


@settings(deadline=None)
@given(STARRED, STARRED)
def test_two_patterns_overlap_exactly_when_some_text_fits_both(one: str, other: str) -> None:
    from fnmatch import fnmatchcase
    from itertools import product

    texts = ("".join(letters) for size in range(9) for letters in product("ab", repeat=size))
    fits_both = any(fnmatchcase(text, one) and fnmatchcase(text, other) for text in texts)
    assert overlap(one, other) == fits_both
