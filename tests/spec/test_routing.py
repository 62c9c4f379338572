"""Which operation a method and a path mean, and what is answered when they mean none."""

import pytest

from support.api_client import ORGANIZATION, ApiClient


@pytest.mark.parametrize("path", ["/v4/token", "/V4/TOKEN", "/v4/Token", "/v4/%54oken"])
def test_paths_are_matched_without_regard_to_case_or_encoding(client: ApiClient, path: str) -> None:
    form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    assert client.send("POST", path, data=form).status_code == 200


def test_the_fixed_parts_around_a_parameter_are_matched_without_regard_to_case(client: ApiClient) -> None:
    assert client.call("POST", f"/v4/organizations/{ORGANIZATION}/devicecode").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v4",
        "/v4/",
        "/v3/DeviceCode",
        "/v9/DeviceCode",
        "/DeviceCode",
        "/~/v4/DeviceCode",
        "//v4/DeviceCode",
        "/v4//DeviceCode",
        "/v4/DeviceCode%2f",
        "/v4%2fDeviceCode",
        "/v4/DeviceCode%00",
        "/v4/DeviceCode%ff",
        "/v4/DeviceCode;x=1",
        "/v4/Organizations//DeviceCode",
        "/v4/Organisations",
    ],
)
def test_an_unknown_path_or_version_is_not_found_and_never_redirected(client: ApiClient, path: str) -> None:
    reply = client.call("POST", path, json={})
    assert reply.status_code == 404
    assert reply.json()["message"].endswith("is not a path of this server, which serves v4, v5, v6, v7, v8 of the API.")


def test_a_long_path_is_not_repeated_in_full(client: ApiClient) -> None:
    assert len(client.send("GET", "/" + "x" * 5000).content) < 400


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v4/Token", "POST"),
        ("/v4/DeviceCode", "POST"),
        ("/v4/ServiceInstance", "GET, HEAD"),
        (f"/v4/Organizations/{ORGANIZATION}/DeviceCode", "POST"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_another_method_is_answered_with_those_that_are_served(
    client: ApiClient, method: str, path: str, allowed: str
) -> None:
    reply = client.send(method, path)
    assert reply.status_code == 405
    assert reply.headers["Allow"] == allowed
    assert reply.json()["message"] == f"{method} is not served here, which serves {allowed}."


def test_a_method_is_told_before_a_missing_token(client: ApiClient) -> None:
    assert client.send("GET", "/v4/DeviceCode").status_code == 405


@pytest.mark.parametrize("path", ["/v4/Organizations", f"/v4/Organizations/{ORGANIZATION}", "/v4/ServiceInstance"])
def test_head_is_get_without_the_body(client: ApiClient, path: str) -> None:
    get, head = client.call("GET", path), client.call("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_head_is_refused_like_get_without_the_body(client: ApiClient) -> None:
    reply = client.send("HEAD", "/v4/Organizations")
    assert (reply.status_code, reply.content) == (401, b"")
    assert client.send("HEAD", "/v4/DeviceCode").status_code == 405
