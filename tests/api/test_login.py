"""Logging in, refreshing, and what a token opens."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from support.api_client import ApiClient
from veeam_mock import MockServer

USERS = [{"username": "administrator", "password": "veeam"}, {"username": "tech\\operator", "password": "p&=+ ü"}]


def opens(client: ApiClient, access_token: str) -> int:
    """The status of a call with this token."""
    return client.send("GET", "/v4/Organizations", headers={"Authorization": f"Bearer {access_token}"}).status_code


def test_a_password_grant_gives_a_pair_of_tokens_and_when_they_end(client: ApiClient) -> None:
    reply = client.log_in()
    token = reply.json()
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 3600
    assert token["userName"] == "administrator"
    assert token["access_token"] != token["refresh_token"]
    lifetime = datetime.fromisoformat(token[".expires"]) - datetime.fromisoformat(token[".issued"])
    assert lifetime.total_seconds() == 3600
    assert opens(client, token["access_token"]) == 200


def test_a_login_may_come_as_json(client: ApiClient) -> None:
    login = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    assert client.send("POST", "/v4/Token", json={**login, "disable_antiforgery_token": True}).status_code == 200


def test_the_extra_fields_of_real_clients_are_taken(client: ApiClient) -> None:
    assert client.log_in(refresh_token="''", disable_antiforgery_token="true").status_code == 200
    assert client.log_in(refresh_token="").status_code == 200


def test_the_media_type_of_a_form_may_name_a_charset(client: ApiClient) -> None:
    headers = {"Content-Type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8"}
    body = "grant_type=password&username=administrator&password=veeam"
    assert client.send("POST", "/v4/Token", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("user", USERS, ids=lambda user: user["username"])
def test_each_of_several_users_may_log_in(client_of: Callable[..., ApiClient], user: dict[str, str]) -> None:
    reply = client_of(users=USERS).log_in(**user)
    assert reply.json()["userName"] == user["username"]


@pytest.mark.parametrize(
    ("username", "password"),
    [("administrator", "wrong"), ("nobody", "veeam"), ("Administrator", "veeam"), ("administrator", "veeam ")],
)
def test_wrong_credentials_are_refused_without_saying_which_part_is_wrong(
    client: ApiClient, username: str, password: str
) -> None:
    reply = client.log_in(username, password)
    assert reply.status_code == 400
    assert reply.json() == {
        "error": "invalid_grant",
        "error_description": "The user name or password is incorrect.",
    }


@pytest.mark.parametrize(
    ("form", "error", "part"),
    [
        ({}, "invalid_request", "body"),
        ({"username": "a"}, "invalid_request", "body.grant_type: is required"),
        ({"grant_type": "password"}, "invalid_request", "body.username: is required"),
        ({"grant_type": "password", "username": "a"}, "invalid_request", "body.password: is required"),
        ({"grant_type": "password", "username": "a" * 257, "password": "b"}, "invalid_request", "body.username: has"),
        ({"grant_type": "refresh_token"}, "invalid_request", "body.refresh_token: is required"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, "invalid_request", "body.refresh_token: is required"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", "unknown, or has been used"),
        ({"grant_type": "operator"}, "unsupported_grant_type", "'operator' is not one of password, refresh_token"),
        ({"grant_type": ""}, "invalid_request", "body.grant_type: has 0 characters"),
        ({"grant_type": ["password", "password"]}, "invalid_request", "body: has 'grant_type' more than once"),
        ({"grant_type": 'é"\\' + "x" * 99}, "unsupported_grant_type", "body.grant_type: '?'??xxx"),
    ],
)
def test_a_bad_login_gets_the_error_of_rfc_6749_and_the_place(
    client: ApiClient, form: dict[str, Any], error: str, part: str
) -> None:
    reply = client.send("POST", "/v4/Token", data=form)
    assert reply.status_code == 400
    assert reply.json()["error"] == error
    assert part in reply.json()["error_description"]
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", reply.json()["error_description"])


def test_a_refused_password_is_not_repeated_in_the_answer(client: ApiClient) -> None:
    login = {"grant_type": "password", "username": "administrator", "password": ["geheim"]}
    reply = client.send("POST", "/v4/Token", json=login)
    assert reply.status_code == 400
    assert "geheim" not in reply.text


def test_a_refresh_token_gives_a_new_pair_once(client: ApiClient) -> None:
    first = client.log_in().json()
    second = client.refresh(first["refresh_token"]).json()
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert opens(client, second["access_token"]) == 200
    again = client.refresh(first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_an_access_token_ends_with_its_lifetime_and_says_so(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    token = client.log_in().json()
    server.clock.advance("3599s")
    assert opens(client, token["access_token"]) == 200
    server.clock.advance("1s")
    reply = client.send("GET", "/v4/Organizations", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    assert "expired" in reply.headers["WWW-Authenticate"]
    assert client.refresh(token["refresh_token"]).status_code == 200


def test_a_refresh_token_ends_with_its_lifetime_and_says_so(server: MockServer, client: ApiClient) -> None:
    token = client.log_in().json()
    server.clock.advance("14d")
    reply = client.refresh(token["refresh_token"])
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
    assert "expired" in reply.json()["error_description"]


def test_the_lifetime_of_a_token_can_be_set(client_of: Callable[..., ApiClient]) -> None:
    assert client_of(token_lifetime="90s").log_in().json()["expires_in"] == 90


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_word_is_taken_in_any_case(client: ApiClient, scheme: str) -> None:
    token = client.log_in().json()["access_token"]
    assert client.send("GET", "/v4/Organizations", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "mock-access-1", "Token x"])
def test_without_a_token_the_challenge_names_the_scheme_alone(client: ApiClient, header: str | None) -> None:
    reply = client.send("GET", "/v4/Organizations", headers={} if header is None else {"Authorization": header})
    assert reply.status_code == 401
    assert reply.json() == {"message": "Authorization has been denied for this request."}
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["x", "mock-access-1", "x" * 10_000, "a b", "é".encode().decode("latin-1")])
def test_an_unknown_token_is_an_invalid_one(client: ApiClient, token: str) -> None:
    reply = client.send("GET", "/v4/Organizations", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


def test_a_refresh_token_opens_nothing(client: ApiClient) -> None:
    assert opens(client, client.log_in().json()["refresh_token"]) == 401


def test_no_more_tokens_are_kept_than_the_settings_allow(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(most_tokens=2)
    tokens = [client.log_in().json()["access_token"] for _ in range(3)]
    assert [opens(client, token) for token in tokens] == [401, 200, 200]
