"""What the real server forgives is taken, marked in the journal, and refused by `strict` with what a client did."""

import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.api_client import ORGANIZATION, ApiClient
from veeam_mock import MockServer
from veeam_mock.spec.tolerance import without_trailing_commas

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
