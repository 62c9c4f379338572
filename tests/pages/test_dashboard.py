"""The state page as the server renders it, and who gets it."""

from collections.abc import Callable

import pytest
import requests

from support.api_client import ApiClient
from veeam_mock import MockServer, Settings, create_app


def page(server: MockServer, path: str = "/__admin/", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(server.url + path, headers=headers, timeout=5, verify=server.ca_cert or True)


def test_it_shows_codes_logins_organizations_faults_and_exchanges_but_no_token(
    server: MockServer, client: ApiClient
) -> None:
    server.clock.freeze()
    server.clock.set("2130-01-01T00:00:00Z")  # so that no time of day looks like what is left to a code
    codes = [client.device_code().json()["userCode"] for _ in range(3)]
    server.device_codes.approve(codes[1], "ada@contoso.test")
    server.device_codes.deny(codes[2])
    server.clock.advance("61s")
    server.faults.add(preset="throttled")
    shown = page(server).text
    assert all(text in shown for text in codes)
    assert shown.count("13:59") == 2
    assert all(f'<span class="state {state}">' in shown for state in ("pending", "approved", "denied"))
    assert "ada@contoso.test" in shown and "tailspintoys.onmicrosoft.com" in shown
    assert "58:59" in shown and "mock-access-" not in shown and client.bearer["Authorization"] not in shown
    assert "struck 0 of 0" in shown and "frozen" in shown
    assert "POST /v4/DeviceCode" in shown


def test_it_shows_one_exchange_with_headers_and_bodies_but_no_secret(server: MockServer, client: ApiClient) -> None:
    client.device_code()
    exchange = server.requests.list()[-1]
    shown = page(server, f"/__admin/exchanges/{exchange['id']}").text
    assert "&#34;targetRegion&#34;: &#34;worldwide&#34;" in shown
    assert "Reply 200" in shown and "userCode" in shown and "Bearer ***" in shown
    assert client.bearer["Authorization"] not in shown
    assert page(server, "/__admin/exchanges/999999").status_code == 404


def test_what_was_asked_is_escaped(server: MockServer, client: ApiClient) -> None:
    script = "<script>alert(1)</script>"
    client.send("POST", f"/v4/{script}", data=script, headers={"X-Odd": script})
    for path in ("/__admin/", f"/__admin/exchanges/{server.requests.list()[-1]['id']}"):
        assert "<script>alert" not in page(server, path).text


def test_a_world_has_its_own_page_which_leads_to_the_others(server: MockServer, client: ApiClient) -> None:
    blue = ApiClient(f"{client.url}/~blue", server.ca_cert or True)
    code = blue.device_code().json()["userCode"]
    shown = page(server, "/~blue/__admin/").text
    assert code in shown and 'href="/__admin/"' in shown
    assert '<a href="/~blue/__admin/" aria-current="page">' in shown
    assert code not in page(server).text and 'href="/~blue/__admin/"' in page(server).text


def test_only_the_newest_are_shown_where_there_are_many(server: MockServer, client: ApiClient) -> None:
    codes = [client.device_code().json()["userCode"] for _ in range(53)]
    shown = page(server).text
    assert "And 3 older ones." in shown
    assert [code in shown for code in codes] == [False] * 3 + [True] * 50


def test_without_the_key_that_is_demanded_it_holds_no_data(serve: Callable[..., MockServer]) -> None:
    server = serve(admin_key="open-sesame")
    client = ApiClient(server.url)
    code = client.device_code().json()["userCode"]
    shown = page(server)
    assert (shown.status_code, "A key is needed" in shown.text) == (200, True)
    assert code not in shown.text and "tailspintoys" not in shown.text
    assert page(server, "/__admin/exchanges/1").status_code == 401
    assert code not in page(server, "/__admin/", **{"X-Admin-Key": "wrong"}).text
    assert code in page(server, "/__admin/", **{"X-Admin-Key": "open-sesame"}).text
    assert page(server, "/__admin/exchanges/1", **{"X-Admin-Key": "open-sesame"}).status_code == 200


@pytest.mark.parametrize("path", ["/__admin/", "/__admin/exchanges/1", "/__admin/static/dashboard.js"])
@pytest.mark.parametrize("headers", [{"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Origin": "null"}])
def test_it_keeps_to_the_rules_of_the_control_api(server: MockServer, path: str, headers: dict[str, str]) -> None:
    assert page(server, path, **headers).status_code == 403


def test_without_a_key_only_this_machine_gets_it() -> None:
    client = create_app(Settings()).test_client()
    answers = [client.get("/__admin/", environ_base={"REMOTE_ADDR": address}) for address in ("127.0.0.1", "192.0.2.1")]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_it_is_shielded_and_needs_nothing_from_elsewhere(server: MockServer) -> None:
    shown = page(server)
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert (shown.headers["X-Frame-Options"], shown.headers["Cache-Control"]) == ("DENY", "no-store")
    assert "http://" not in shown.text and "https://" not in shown.text
    assert "<script>" not in shown.text and "style=" not in shown.text and "onclick" not in shown.text


def test_it_is_there_without_the_slash_too(server: MockServer) -> None:
    assert 'data-base="/__admin/"' in page(server, "/__admin").text


def test_a_world_of_a_bad_name_has_no_page(server: MockServer) -> None:
    assert page(server, "/__admin/", **{"X-Mock-World": "not a name"}).status_code == 400
