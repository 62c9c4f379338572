"""Interception of `requests`: what a live server does to a client, without a socket."""

import asyncio
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, Timeout

from support.api_client import ApiClient
from veeam_mock import InterceptedServer, MockServer, WouldHang

SHORT = 0.2
"""Seconds: a client's timeout for answers that never come."""


@pytest.fixture
def veeam() -> Iterator[InterceptedServer]:
    with InterceptedServer() as server:
        yield server


@pytest.fixture(scope="module")
def live() -> Iterator[MockServer]:
    with MockServer(http=True) as server:
        yield server


def outcome(server: MockServer | InterceptedServer, fault: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """The errors that a client meets, from the outermost to the first cause, without what names the server."""
    client = ApiClient(server.url)
    headers = client.bearer
    server.faults.add(**fault)
    try:
        answer = client.send("POST", "/v4/DeviceCode", json={}, headers=headers, **options)
        return [str(answer.status_code), str(answer.headers.get("Content-Type")), str(answer.json().keys())]
    except (requests.RequestException, ValueError) as error:
        return list(described(error, server))
    finally:
        server.reset()


def described(error: BaseException, server: MockServer | InterceptedServer) -> Iterator[str]:
    host, _, port = server.url.partition("://")[2].partition(":")
    text = str(error).replace(f"host='{host}', port={port}", "here").replace("HTTPSConn", "HTTPConn")
    yield f"{type(error).__module__}.{type(error).__qualname__}: {text}"
    for cause in error.args:
        if isinstance(cause, BaseException):
            yield from described(cause, server)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ({"kind": "reset"}, {}),
        ({"kind": "empty"}, {}),
        ({"kind": "garbage"}, {}),
        ({"kind": "truncate"}, {}),
        ({"kind": "truncate"}, {"stream": True}),
        ({"kind": "timeout"}, {"timeout": SHORT}),
        ({"kind": "timeout"}, {"timeout": (5, SHORT)}),
        ({"kind": "timeout"}, {"timeout": Timeout(connect=5, read=SHORT)}),
        ({"kind": "delay", "delay": "1h"}, {"timeout": SHORT}),
        ({"kind": "delay", "delay": "10ms"}, {"timeout": 5}),
        ({"kind": "dribble", "over": "1h"}, {"timeout": SHORT}),
        ({"kind": "dribble", "over": "1h"}, {"timeout": SHORT, "stream": True}),
        ({"kind": "dribble", "over": "10ms"}, {"timeout": 5}),
        ({"kind": "malformed-json"}, {}),
        ({"kind": "html"}, {}),
        ({"kind": "content-type"}, {}),
        ({"kind": "reply", "remove": ["userCode"]}, {}),
        ({"kind": "status", "status": 429, "retry_after": 3}, {}),
        ({"kind": "status", "status": 204}, {}),
    ],
    ids=str,
)
def test_a_fault_is_met_as_on_a_connection(
    veeam: InterceptedServer, live: MockServer, fault: dict[str, Any], options: dict[str, Any]
) -> None:
    assert outcome(veeam, fault, options) == outcome(live, fault, options)


@pytest.mark.parametrize("timeout", [None, (3, None)])
def test_a_request_that_would_hang_for_ever_is_told_so_at_once(veeam: InterceptedServer, timeout: object) -> None:
    veeam.faults.add("timeout")
    with pytest.raises(WouldHang, match="set no timeout"):
        requests.get(f"{veeam.url}/v4/Organizations", timeout=timeout)  # type: ignore[arg-type]


def test_a_delay_costs_no_time_and_the_clock_stays(veeam: InterceptedServer) -> None:
    veeam.clock.freeze()
    before = veeam.clock.now()
    veeam.faults.add("delay", delay="1h")
    assert requests.get(f"{veeam.url}/v4/Organizations").status_code == 401
    assert veeam.clock.now() == before


def test_a_decorated_function_finds_the_server_as_new_at_each_call() -> None:
    veeam = InterceptedServer(faults=[{"preset": "throttled", "times": 1}])

    @veeam
    def statuses(path: str) -> list[int]:
        return [requests.get(veeam.url + path).status_code for _ in range(2)]

    assert [statuses("/v4/Organizations") for _ in range(2)] == [[429, 401], [429, 401]]
    assert statuses.__name__ == "statuses"


def test_a_coroutine_function_can_be_decorated() -> None:
    veeam = InterceptedServer()

    @veeam
    async def status() -> int:
        await asyncio.sleep(0)
        return requests.get(f"{veeam.url}/v4/Organizations").status_code

    assert asyncio.run(status()) == 401


def test_a_decorated_coroutine_finds_the_server_as_new_at_each_call() -> None:
    veeam = InterceptedServer(faults=[{"preset": "throttled", "times": 1}])

    @veeam
    async def statuses() -> list[int]:
        return [requests.get(f"{veeam.url}/v4/Organizations").status_code for _ in range(2)]

    assert [asyncio.run(statuses()) for _ in range(2)] == [[429, 401], [429, 401]]


def test_cookies_are_set(veeam: InterceptedServer) -> None:
    assert "veeam-mock-sign-in" in requests.get(f"{veeam.url}/devicelogin").cookies


def test_two_servers_at_two_addresses(veeam: InterceptedServer) -> None:
    with InterceptedServer(url="http://other.test:9419/", username="other") as other:
        statuses = [ApiClient(server.url).log_in("other").status_code for server in (veeam, other)]
    assert statuses == [400, 200]


def test_a_server_is_not_entered_twice(veeam: InterceptedServer) -> None:
    with pytest.raises(RuntimeError, match="in use already"), veeam:
        pass


def test_a_mock_around_this_one_and_real_servers_are_still_reached(live: MockServer) -> None:
    with responses.RequestsMock() as around:
        around.get("https://login.test/", body="around")
        around.add_passthru(live.url)
        with InterceptedServer() as veeam:
            assert requests.get("https://login.test/").text == "around"
            assert requests.get(f"{live.url}/__admin/health").json()["status"] == "ok"
            assert requests.get(f"{veeam.url}/v4/Organizations").status_code == 401


def test_an_address_that_begins_alike_is_another_server(veeam: InterceptedServer) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{veeam.url}4/v4/Organizations", timeout=5)
    assert veeam.requests.list() == []


@responses.activate
def test_it_can_be_part_of_a_mock_that_is_there() -> None:
    responses.get("https://login.test/", body="there")
    veeam = InterceptedServer()
    veeam.add_to(responses)
    assert requests.get("https://login.test/").text == "there"
    assert ApiClient(veeam.url).device_code().status_code == 200
    veeam.faults.add("reset")
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        ApiClient(veeam.url).log_in()


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "timeout"}, {"kind": "status", "status": 503}], ids=str)
@pytest.mark.parametrize("times", [2, 3])
def test_the_retries_of_a_session_count_as_on_a_connection(
    veeam: InterceptedServer, live: MockServer, fault: dict[str, Any], times: int
) -> None:
    patience = SHORT if fault["kind"] == "timeout" else 10

    def tried(server: MockServer | InterceptedServer) -> tuple[str, int]:
        server.reset()
        server.faults.add(**fault, times=times)
        with requests.Session() as session:
            retry = Retry(total=2, allowed_methods=None, status_forcelist=[503])
            session.mount(server.url, HTTPAdapter(max_retries=retry))
            try:
                answer = session.post(f"{server.url}/v4/Token", data={"grant_type": "x"}, timeout=patience)
                end = str(answer.status_code)
            except requests.RequestException as error:
                end = type(error).__name__
        return end, len(server.requests.list())

    assert tried(veeam) == tried(live)
    assert tried(veeam)[1] == 3


@pytest.mark.parametrize(
    "body",
    [
        b'{"targetRegion": "worldwide"}',
        '{"targetRegion": "worldwide"}',
        io.BytesIO(b'{"targetRegion": "worldwide"}'),
        iter([b'{"targetRegion":', b' "worldwide"}']),
        bytearray(b'{"targetRegion": "worldwide"}'),
    ],
    ids=lambda body: type(body).__name__,
)
def test_a_body_may_have_any_form_that_requests_takes(veeam: InterceptedServer, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    assert ApiClient(veeam.url).call("POST", "/v4/DeviceCode", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_every_method_is_answered(veeam: InterceptedServer, method: str) -> None:
    assert requests.request(method, f"{veeam.url}/v4/Organizations").status_code == 405


def test_a_session_may_stream(veeam: InterceptedServer) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = ApiClient(veeam.url).bearer["Authorization"].encode()
        answer = session.get(f"{veeam.url}/v4/Organizations", stream=True)
        assert b"".join(answer.iter_content(7)).startswith(b"[{")
    veeam.requests.verify(1, operation="getOrganizations", status=200)


def test_the_pages_are_there_too(veeam: InterceptedServer) -> None:
    assert requests.get(f"{veeam.url}/__admin/health").json()["status"] == "ok"
    assert requests.post(f"{veeam.url}/__admin/clock", json={"advance": "15m"}).status_code == 200
    assert requests.get(f"{veeam.url}/swagger/docs/v4").json()["openapi"] == "3.0.3"


def test_a_body_over_the_limit_is_refused(veeam: InterceptedServer) -> None:
    assert requests.post(f"{veeam.url}/v4/DeviceCode", data=b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("make", [InterceptedServer, MockServer])
def test_the_login_of_the_settings_is_offered(make: Callable[..., MockServer | InterceptedServer]) -> None:
    server = make(users=[{"username": "tech\\one", "password": "1"}, {"username": "two", "password": "2"}])
    assert (server.username, server.password) == ("tech\\one", "1")
