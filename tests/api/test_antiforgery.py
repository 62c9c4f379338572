"""The antiforgery cookie of later versions: wanted beside the tokens of a login that did not do without it."""

from collections.abc import Callable

import pytest
import requests

from support.api_client import ApiClient
from veeam_mock import MockServer

GUARDED = {"ambiguities": {"antiforgery": "cookie"}}
LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}


def log_in(server: MockServer, version: str, **fields: str) -> requests.Response:
    return ApiClient(server.url, server.ca_cert or True).send("POST", f"/{version}/Token", data={**LOGIN, **fields})


def look(server: MockServer, login: requests.Response, version: str, cookie: str = "") -> int:
    headers = {"Authorization": f"Bearer {login.json()['access_token']}", **({"Cookie": cookie} if cookie else {})}
    path = f"/{version}/ServiceInstance"
    return ApiClient(server.url, server.ca_cert or True).send("GET", path, headers=headers).status_code


@pytest.mark.parametrize(
    ("version", "fields", "guarded"),
    [
        ("v8", {}, True),
        ("v8", {"disable_antiforgery_token": "false"}, True),
        ("v8", {"disable_antiforgery_token": "true"}, False),
        ("v8", {"disable_antiforgery_token": "True"}, False),
        ("v7", {}, False),
        ("v7", {"disable_antiforgery_token": "false"}, True),
        ("v6", {"disable_antiforgery_token": "false"}, False),
        ("v4", {"disable_antiforgery_token": "false"}, False),
    ],
)
def test_a_login_that_did_not_do_without_the_cookie_needs_it(
    serve: Callable[..., MockServer], version: str, fields: dict[str, str], guarded: bool
) -> None:
    server = serve(**GUARDED)
    login = log_in(server, version, **fields)
    assert ("antiforgery" in login.cookies) is guarded
    bare = look(server, login, "v4")
    assert bare == (401 if guarded else 200)
    if guarded:
        cookie = f"antiforgery={login.cookies['antiforgery']}"
        assert look(server, login, version, f"theme=dark; {cookie}") == 200
        assert look(server, login, version, f"{cookie}x") == 401


def test_no_cookie_is_wanted_by_default(serve: Callable[..., MockServer]) -> None:
    server = serve()
    login = log_in(server, "v8")
    assert not login.cookies and look(server, login, "v8") == 200


def test_a_browser_sends_the_cookie_over_https_alone(serve: Callable[..., MockServer]) -> None:
    server = serve(http=False, **GUARDED)
    told = log_in(server, "v8").headers["Set-Cookie"]
    assert told.endswith("; Path=/; Secure; HttpOnly; SameSite=Strict")


def test_a_refresh_needs_the_cookie_too_and_without_it_the_token_is_not_spent(
    serve: Callable[..., MockServer],
) -> None:
    server = serve(**GUARDED)
    login = log_in(server, "v8")
    client = ApiClient(server.url)
    form = {"grant_type": "refresh_token", "refresh_token": login.json()["refresh_token"]}
    refused = client.send("POST", "/v8/Token", data=form)
    assert refused.status_code == 400 and "antiforgery cookie" in refused.text
    cookie = {"Cookie": f"antiforgery={login.cookies['antiforgery']}"}
    renewed = client.send("POST", "/v8/Token", data=form, headers=cookie)
    assert renewed.status_code == 200
    assert renewed.cookies["antiforgery"] != login.cookies["antiforgery"]
    assert look(server, renewed, "v8", f"antiforgery={renewed.cookies['antiforgery']}") == 200


def test_the_cookie_stands_in_no_journal(serve: Callable[..., MockServer]) -> None:
    server = serve(**GUARDED)
    login = log_in(server, "v8")
    cookie = login.cookies["antiforgery"]
    look(server, login, "v8", f"antiforgery={cookie}")
    assert cookie not in requests.get(f"{server.url}/__admin/requests", timeout=10).text
