"""Requests that do not keep to the spec: the right status, and a message that names what is wrong and where."""

import gzip
from typing import Any

import pytest

from support.api_client import ORGANIZATION, RESTORE_SESSION, ApiClient

RESTORE = f"/v4/RestoreSessions/{RESTORE_SESSION}/organization/restoreDeviceCode"
JSON = {"Content-Type": "application/json"}


def message(client: ApiClient, status: int, path: str = "/v4/DeviceCode", **options: Any) -> str:
    """The message of a call that is refused with `status`."""
    reply = client.call("POST", path, **options)
    assert reply.status_code == status, reply.text
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert list(reply.json()) == ["message"]
    return str(reply.json()["message"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"targetRegion": "Atlantis"}, "body.targetRegion: 'Atlantis' is not one of Worldwide, Germany, China, "),
        ({"targetRegion": ""}, "body.targetRegion: '' is not one of"),
        (
            {"targetRegion": "UſgovCommunity"},
            "body.targetRegion: 'UſgovCommunity' is not one of Worldwide, Germany, China, ",
        ),
        ({"targetRegion": "x" * 5000}, "…"),
        ({"targetRegion": 7}, "body.targetRegion: 7 is not of type"),
        ({"targetRegion": ["China"]}, "body.targetRegion: ['China'] is not of type"),
        ({"targetRegion": True}, "body.targetRegion: true is not of type"),
        ([], "body: [] is not of type object"),
        ("China", "body: 'China' is not of type object"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_place(client: ApiClient, body: Any, expected: str) -> None:
    found = message(client, 400, json=body)
    assert expected in found
    assert len(found) < 300


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'targetRegion': 'China'}", b'{"targetRegion": NaN}', b"\xff\xfe", "{}".encode("utf-16"), b"[" * 5000],
    ids=["open", "python", "nan", "bytes", "utf-16", "deep"],
)
def test_a_body_that_is_not_json_is_refused(client: ApiClient, body: bytes) -> None:
    assert message(client, 400, data=body, headers=JSON).startswith("body: is not JSON: ")


@pytest.mark.parametrize("depth", [200, 300, 1000])
def test_json_that_is_nested_deeply_is_never_our_failure(client: ApiClient, depth: int) -> None:
    body = b"[" * depth + b"]" * depth
    assert message(client, 400, data=body, headers=JSON).startswith("body: ")


def test_a_missing_body_is_refused(client: ApiClient) -> None:
    assert message(client, 400, headers=JSON) == "body: is required, as application/json"
    assert message(client, 400) == "body: is required, as application/json"


def test_several_mistakes_are_told_at_once(client: ApiClient) -> None:
    found = message(client, 400, json={"targetRegion": "Atlantis"}, params={"organizationId": "7"})
    assert "query.organizationId: '7' is not a valid uuid" in found
    assert "body.targetRegion: 'Atlantis' is not one of" in found


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_another_media_type_is_refused_with_what_is_expected(client: ApiClient, media_type: str) -> None:
    found = message(client, 415, data=b"{}", headers={"Content-Type": media_type})
    assert found.startswith("header.Content-Type: ")
    assert found.endswith("expected application/json")


@pytest.mark.parametrize("media_type", ["application/json", "APPLICATION/JSON", "application/json ; charset=utf8"])
def test_a_media_type_is_taken_in_any_case_and_with_parameters(client: ApiClient, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    assert client.call("POST", "/v4/DeviceCode", data=b"\xef\xbb\xbf{}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": 'application/json; charset="utf-8"'},
        {"Content-Type": "application/json; charset=us-ascii"},
        {"Content-Type": "application/json", "Content-Encoding": "identity"},
    ],
    ids=["quoted", "us-ascii", "identity"],
)
def test_utf_8_by_other_names_is_taken(client: ApiClient, headers: dict[str, str]) -> None:
    assert client.call("POST", "/v4/DeviceCode", data=b"{}", headers=headers).status_code == 200


def test_another_charset_is_refused(client: ApiClient) -> None:
    headers = {"Content-Type": "application/json; charset=utf-16"}
    assert "charset 'utf-16' is not served" in message(client, 415, data="{}".encode("utf-16"), headers=headers)


def test_a_compressed_body_is_refused(client: ApiClient) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    found = message(client, 415, data=gzip.compress(b"{}"), headers=headers)
    assert found.startswith("header.Content-Encoding: 'gzip' is not served")


@pytest.mark.parametrize("value", ["7", "", f"{{{ORGANIZATION}}}", "\x00", "é", ORGANIZATION + "0"])
def test_an_organization_id_that_is_no_uuid_is_refused(client: ApiClient, value: str) -> None:
    assert message(client, 400, json={}, params={"organizationId": value}).endswith("is not a valid uuid")
    path = f"/v4/Organizations/{value.encode().hex() or 'x'}/DeviceCode"
    assert message(client, 400, path).startswith("path.organizationId: ")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"targetApplicationId": "7"}, "body.targetApplicationId"),
        ({"targetOrganizationName": "x" * 257}, "body.targetOrganizationName"),
        ({"targetOrganizationName": 7}, "body.targetOrganizationName"),
        ({"targetRegion": "Atlantis"}, "body.targetRegion"),
    ],
)
def test_a_bad_restore_is_refused_with_the_place(client: ApiClient, body: dict[str, Any], where: str) -> None:
    assert message(client, 400, RESTORE, json=body).startswith(f"{where}: ")


def test_a_body_where_none_is_described_is_ignored(client: ApiClient) -> None:
    path = f"/v4/Organizations/{ORGANIZATION}/DeviceCode"
    assert client.call("POST", path, data=b"\xff", headers={"Content-Type": "text/plain"}).status_code == 200


def test_clients_may_name_a_media_type_on_a_get(client: ApiClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.call("GET", "/v4/Organizations", headers=headers).status_code == 200


def test_who_has_no_token_learns_nothing_about_the_request(client: ApiClient) -> None:
    assert client.send("POST", "/v4/DeviceCode", data=b"{").status_code == 401


def test_many_form_fields_are_refused(client: ApiClient) -> None:
    reply = client.send("POST", "/v4/Token", data=[("a", str(n)) for n in range(101)])
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    assert "more than 100 fields" in reply.json()["error_description"]


@pytest.mark.parametrize("body", [b"\xff", b"username=%ff", b"username=%ed%a0%80"])
def test_a_form_that_is_not_utf_8_is_refused(client: ApiClient, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = client.send("POST", "/v4/Token", data=body, headers=headers)
    assert (reply.status_code, reply.json()["error_description"]) == (400, "body: is not UTF-8")
