"""Pages under the names of this machine alone, and worlds that no web page of another origin makes."""

from collections.abc import Callable

import pytest

from support.api_client import ApiClient
from support.wire import Wire
from veeam_mock import MockServer

PAGES = ["/devicelogin", "/swagger/", "/swagger/docs/v8", "/__admin/", "/~mine/devicelogin"]
CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:4443"])
def test_a_page_is_not_shown_under_a_name_that_was_rebound(client: ApiClient, page: str, host: str) -> None:
    refused = client.send("GET", page, headers={"Host": host})
    assert refused.status_code == 403
    assert "allow_host" in refused.text
    assert client.send("GET", page, headers={"Host": "127.0.0.1:1"}).status_code in (200, 308)


@pytest.mark.parametrize("path", ["/devicelogin", "/__admin/clock"])
def test_the_host_in_the_target_takes_precedence_over_the_field(serve: Callable[..., MockServer], path: str) -> None:
    with Wire(serve().url) as wire:
        asked = f"GET http://evil.example{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert wire.ask(asked.encode()).status == 403


def test_a_form_under_a_foreign_name_approves_nothing(client: ApiClient) -> None:
    code = client.device_code().json()["userCode"]
    sent = client.send("POST", "/devicelogin/decision", data={"user_code": code}, headers={"Host": "evil.example"})
    assert sent.status_code == 403


@pytest.mark.parametrize("page", ["/devicelogin", "/__admin/clock"])
def test_names_that_are_let_in_see_pages_and_the_control_api(serve: Callable[..., MockServer], page: str) -> None:
    client = ApiClient(serve(allow_host=["mock.test"], name=["Named.test"]).url)
    for name in ("MOCK.test:4443", "named.test"):
        assert client.send("GET", page, headers={"Host": name}).status_code == 200
    assert client.send("GET", page, headers={"Host": "other.test"}).status_code == 403


def test_the_api_is_served_under_any_name(client: ApiClient) -> None:
    assert client.call("GET", "/v4/Organizations", headers={"Host": "backup.example"}).status_code == 200


@pytest.mark.parametrize("name", ["a%20b", "x" * 65, "%C3%A4"])
def test_a_page_of_a_world_that_cannot_be_is_refused(client: ApiClient, name: str) -> None:
    assert client.send("GET", f"/~{name}/devicelogin").status_code == 400


@pytest.mark.parametrize("path", ["/devicelogin", "/__admin/", "/__admin/health", "/v4/Organizations"])
def test_a_web_page_of_another_origin_makes_no_world(serve: Callable[..., MockServer], path: str) -> None:
    client = ApiClient(serve(most_worlds=3).url)
    for number in range(5):
        assert client.send("GET", f"/~w{number}{path}", headers=CROSS_SITE).status_code in (400, 403)
    assert client.send("GET", "/__admin/worlds").json() == [{"name": "", "path": ""}]
    assert client.send("GET", f"/~w1{path}").status_code in (200, 401)
    assert client.send("GET", f"/~w1{path}", headers=CROSS_SITE).status_code in (200, 401)


def test_a_web_page_of_an_origin_that_is_allowed_makes_its_world(serve: Callable[..., MockServer]) -> None:
    client = ApiClient(serve(cors=["https://app.example"]).url)
    headers = {"Origin": "https://app.example", **CROSS_SITE}
    assert client.send("GET", "/~mine/v4/Organizations", headers=headers).status_code == 401


def test_a_form_in_chunks_is_a_form(client: ApiClient) -> None:
    sent = client.send("POST", "/devicelogin", data=iter([b"user_code=", b"ABCDEFGHJ"]))
    assert sent.status_code == 403
    assert "This form is not one that this page gave" in sent.text
