"""What the real server forgives is taken, marked in the journal, and refused by `strict` with what a client did."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from email.parser import BytesHeaderParser
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.api_client import ORGANIZATION, ApiClient
from veeam_mock import MockServer
from veeam_mock.spec.media import parse_media, parse_multipart
from veeam_mock.spec.tolerance import Shape, without_trailing_commas

JSON = {"Content-Type": "application/json"}
BOUNDARY = "multipart/form-data; boundary=b"


def multipart(**fields: str) -> bytes:
    parts = (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items())
    return ("".join(parts) + "--b--\r\n").encode()


SLOPPY: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "DeviceCode", {"data": b'{"targetRegion": "China",}', "headers": JSON}, "a comma stands before a closing"),
    ("POST", "DeviceCode", {"json": {"TargetRegion": "China"}}, "body.targetRegion: the name was sent in another case"),
    ("POST", "DeviceCode/", {"json": {"targetRegion": "China"}}, "path: a slash stands at its end"),
    (
        "PUT",
        f"Organizations/{ORGANIZATION}",
        {"json": {"isExchangeOnline": "True"}},
        "body.isExchangeOnline: a boolean was sent as text",
    ),
    (
        "POST",
        "Token",
        {
            "data": multipart(grant_type="password", username="administrator", password="veeam"),
            "headers": {"Content-Type": BOUNDARY},
        },
        "a form was sent as multipart/form-data",
    ),
]


@pytest.mark.parametrize(("method", "path", "options", "note"), SLOPPY, ids=[note for *_, note in SLOPPY])
def test_it_is_taken_and_marked(
    server: MockServer, client: ApiClient, method: str, path: str, options: dict[str, Any], note: str
) -> None:
    assert client.call(method, f"/v4/{path}", **options).ok
    [forgiven] = server.requests.list()[-1]["forgiven"]
    assert note in forgiven


@pytest.mark.parametrize(("method", "path", "options", "note"), SLOPPY, ids=[note for *_, note in SLOPPY])
def test_strict_refuses_it(
    client_of: Callable[..., ApiClient], method: str, path: str, options: dict[str, Any], note: str
) -> None:
    refused = client_of(strict=True).call(method, f"/v4/{path}", **options)
    assert refused.status_code in (400, 404, 415)
    if refused.status_code == 400:
        assert note.rpartition(": ")[2] in refused.json()["message"]


def test_what_was_meant_is_done(server: MockServer, client: ApiClient) -> None:
    code = client.call("POST", "/v4/DeviceCode", data=b'{"TARGETREGION": "China", }', headers=JSON).json()
    assert server.device_codes.get(code["userCode"])["region"] == "China"
    change = {"IsSharePointOnline": "false", "officeName": None}
    client.call("PUT", f"/v4/Organizations/{ORGANIZATION}", json=change)
    organization = client.call("GET", f"/v4/Organizations/{ORGANIZATION}").json()
    assert (organization["isSharePointOnline"], bool(organization["officeName"])) == (False, True)


def test_names_that_nobody_described_are_left_alone() -> None:
    shape = Shape({"properties": {"region": {"type": "string"}}})
    others: dict[str, object] = {f"name {number}": number for number in range(1_000)}
    notes: list[str] = []
    assert shape.mend(others, notes) is others
    assert list(shape.mend({"a": 1, "REGION": "x", "b": None}, notes).items()) == [
        ("a", 1),
        ("region", "x"),
        ("b", None),
    ]
    assert notes == ["body.region: the name was sent in another case"]


def test_a_name_that_is_there_in_its_own_case_takes_precedence(server: MockServer, client: ApiClient) -> None:
    body = {"TargetRegion": "Germany", "targetRegion": "China"}
    code = client.call("POST", "/v4/DeviceCode", json=body).json()
    assert server.device_codes.get(code["userCode"])["region"] == "China"


def test_a_good_request_is_not_marked(server: MockServer, client: ApiClient) -> None:
    client.device_code("China")
    assert [each["forgiven"] for each in server.requests.list()] == [[], []]


@pytest.mark.parametrize(
    "body",
    [b"--b--", b"no parts", multipart(grant_type="password"), b"--b\r\nX: y\r\n\r\nz\r\n--b--", b"\xff" * 100],
    ids=repr,
)
def test_a_bad_multipart_form_is_refused(client: ApiClient, body: bytes) -> None:
    assert client.send("POST", "/v4/Token", data=body, headers={"Content-Type": BOUNDARY}).status_code == 400


def test_a_form_with_too_many_parts_is_refused(client: ApiClient) -> None:
    body = multipart(**{f"field{number}": "x" for number in range(200)})
    refused = client.send("POST", "/v4/Token", data=body, headers={"Content-Type": BOUNDARY})
    assert "more than 100 fields" in refused.text


PART = b'--b\r\nContent-Disposition: form-data; name="a"'
TOO_LARGE_FORMS = {
    "parts of nothing": (b"--b\r\n\r\n" * 140_000, "more than 100 fields"),
    "parts of a field": ((PART + b"\r\n\r\nx\r\n") * 18_000, "more than 100 fields"),
    "a parameter again and again": (PART + b'; a="\\"' * 100_000 + b"\r\n\r\nx\r\n", "more than 1024 bytes before"),
    "a header field again and again": (PART + b"\r\nA: b" * 160_000 + b"\r\n\r\nx\r\n", "more than 1024 bytes before"),
}


@pytest.mark.parametrize(("body", "reason"), TOO_LARGE_FORMS.values(), ids=TOO_LARGE_FORMS)
def test_of_a_form_that_is_too_large_no_part_is_parsed(
    client: ApiClient, monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr(BytesHeaderParser, "parsebytes", lambda parser, head: parsed.append(head))
    refused = client.send("POST", "/v4/Token", data=body + b"--b--", headers={"Content-Type": BOUNDARY})
    assert (refused.status_code, reason in refused.json()["error_description"], parsed) == (400, True, [])


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (PART + b"\r\n\r\n--b and\r\n more\r\n--b--\r\nepilogue", "--b and\r\n more"),
        (b"preamble\n" + PART + b"\n\nx\n--b--", "x"),
        (PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--", "x"),
        (PART + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=78\r\n--b--", "x"),
        (PART + b"\r\n\r\nx\r\n--b  \r\n\r\n", None),
        (PART + b"\r\n--b--", ""),
        (PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\neA\r\n--b--", None),
        (PART + b"\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--", None),
    ],
)
def test_the_content_of_a_part_is_what_stands_between_the_boundaries(body: bytes, value: str | None) -> None:
    with nullcontext() if value is not None else pytest.raises(ValueError, match="has a part"):
        assert parse_multipart(body, parse_media(BOUNDARY)) == {"a": value}


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=8,
)


@given(values)
def test_sound_json_is_left_alone(value: object) -> None:
    text = orjson.dumps(value).decode()
    assert without_trailing_commas(text) == (text, [])


@given(values, st.sampled_from(["", " ", "\n\t"]))
def test_only_commas_before_closing_brackets_go(value: object, blank: str) -> None:
    text = orjson.dumps(value).decode()
    closing = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=[^\[{])([}\]])')
    sloppy = closing.sub(lambda found: found[1] or f",{blank}{found[2]}", text)
    assert orjson.loads(without_trailing_commas(sloppy).text) == value


LONG = 1_000_000
WORST = ['"\\' * (LONG // 2), '\\"' * (LONG // 2), "," + " " * LONG, ", " * (LONG // 2), '"' * (LONG + 1)]


@pytest.mark.parametrize("text", WORST, ids=["cut", "escaped", "blank", "commas", "quotes"])
def test_the_longest_body_of_the_worst_kind_is_read_at_once(text: str) -> None:
    """A pattern that goes back and forth would take hours."""
    assert without_trailing_commas(text) == (text, [])
