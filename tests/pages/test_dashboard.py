"""The state page as the server renders it, and who gets it."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
import requests
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from support.api_client import ApiClient
from veeam_mock import MockServer, Settings, create_app
from veeam_mock.pages.exports import as_assertion, as_curl


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
    shown = page(server).text.replace("<wbr>", "")
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


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_an_exchange_is_told_as_an_assertion_that_holds(server: MockServer, client: ApiClient, api: str) -> None:
    client.api = api
    client.device_code("China")
    client.send("GET", f"/{api}/nowhere?a=b")
    for exchange in server.requests.list():
        line = as_assertion(exchange)
        assert eval(line, {"veeam": server}) == 1, line
        assert line.replace("'", "&#39;") in page(server, f"/__admin/exchanges/{exchange.id}").text
    assert as_assertion(server.requests.list()[1]) == (
        "veeam.requests.verify(operation='getDeviceCode', status=200, body={'/targetRegion': 'China'})"
    )


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_an_exchange_is_told_as_a_line_of_curl_that_asks_the_same(server: MockServer, client: ApiClient) -> None:
    client.device_code("China", headers={"X-Odd": "it's $HOME"})
    line = as_curl(server.requests.list()[-1], server.url)
    assert client.bearer["Authorization"] not in line
    shell = subprocess.run(
        ["bash", "-eu", "-c", line.replace("curl -sS", f"curl -sS --cacert {server.ca_cert}")],
        env={**os.environ, "TOKEN": client.bearer["Authorization"].removeprefix("Bearer ")},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    server.requests.verify(2, operation="getDeviceCode", status=200, header={"x-odd": "it's $HOME"})
    assert server.device_codes.newest.region == "China"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"preset": "throttled", "times": 3}, "preset, struck 0 of 3"),
        ({"kind": "reset", "operation": "getToken", "after": 2}, "getToken, after 2, struck 0 of 0"),
        (
            {"kind": "reset", "match": {"path": "/v4/*", "query": {"a": "b"}}},
            "path /v4/*, query {&#34;a&#34;:&#34;b&#34;},",
        ),
        ({"kind": "reset", "probability": 0.5, "until": "5m"}, "chance 0.5, until 5m, struck 0 of 0"),
    ],
)
def test_a_fault_is_told_with_its_conditions(server: MockServer, rule: dict[str, object], told: str) -> None:
    server.call("POST", "/faults", rule)
    assert told in page(server).text


def test_many_worlds_fold_into_a_list(serve: Callable[..., MockServer]) -> None:
    server = serve()
    for number in range(9):
        MockServer.attach(server.url, world=f"night-{number}").clock.now()
    shown = page(server, "/~night-3/__admin/").text
    assert "<summary>night-3 " in shown and "of 10 worlds" in shown
    assert '<a href="/~night-8/__admin/">' in shown


@pytest.mark.parametrize("path", ["/", "/~blue/"])
def test_the_front_page_is_for_browsers_alone(server: MockServer, path: str) -> None:
    server.call("GET", "/worlds")
    shown = page(server, path, Accept="text/html,application/xhtml+xml")
    assert shown.status_code == 200
    for target in ("__admin/", "swagger/", "devicelogin"):
        assert f'href="{path}{target}"' in shown.text
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
    assert page(server, path).status_code == 404
    assert page(server, path, Accept="text/html", Host="evil.test").status_code == 403


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


def test_below_a_mount_point_it_leads_nowhere_else() -> None:
    served = Client(DispatcherMiddleware(NotFound(), {"/sub/deep": create_app()}))
    assert served.get("/sub/deep/~other/v4/ServiceInstance").status_code == 401  # begins another world
    page = served.get("/sub/deep/__admin/").text
    links = re.findall(r'(?:src|href|action)="([^"#]+)"', page)
    assert {"/sub/deep/__admin/", "/sub/deep/~other/__admin/"} <= set(links)
    assert all(link.startswith("/sub/deep/") for link in links)


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
