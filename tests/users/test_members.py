"""Whatever server a test takes, it has the same members: address, login, session, codes, exchanges, faults."""

import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import FrozenInstanceError

import httpcore  # pytester forgets modules that a test imports, and httpx would know its exceptions no more
import httpx
import pytest
import requests

from veeam_mock import ControlFailure, Exchange, FaultRecord, InterceptedServer, IssuedCode, MockServer
from veeam_mock.servers.reachable import ReachableServer

pytest_plugins = ["pytester"]

DOORS: dict[str, Callable[[ExitStack], ReachableServer]] = {
    "veeam_server": lambda stack: stack.enter_context(MockServer()),
    "veeam_mock": lambda stack: stack.enter_context(InterceptedServer()),
    "attached": lambda stack: _attached(stack, ""),
    "attached world": lambda stack: _attached(stack, "job-1"),
}


def _attached(stack: ExitStack, world: str) -> ReachableServer:
    server = stack.enter_context(MockServer(password="open sesame"))
    return MockServer.attach(server.url, ca_cert=server.ca_cert, world=world, password="open sesame")


@pytest.fixture(params=DOORS)
def veeam(request: pytest.FixtureRequest) -> Iterator[ReachableServer]:
    """A server behind each door."""
    with ExitStack() as stack:
        yield DOORS[request.param](stack)


def test_a_session_is_logged_in_and_asks_for_codes(veeam: ReachableServer) -> None:
    with veeam.session() as session:
        code = session.post(f"{veeam.api('v8').url}/DeviceCode", json={"targetRegion": "China"}, timeout=5).json()
    newest = veeam.device_codes.newest
    assert (newest.user_code, newest.region, newest.state) == (code["userCode"], "China", "pending")
    assert veeam.device_codes.approve(newest.user_code, "ada@contoso.onmicrosoft.com").state == "approved"


def test_a_token_is_that_of_a_real_login(veeam: ReachableServer) -> None:
    bearer = {"Authorization": f"Bearer {veeam.token()}"}
    reply = requests.get(f"{veeam.url}/v4/Organizations", headers=bearer, verify=veeam.ca_cert or True, timeout=5)
    assert reply.status_code == 200
    veeam.requests.verify(1, operation="getToken", status=200)
    veeam.faults.add(preset="throttled")
    with pytest.raises(requests.HTTPError, match="429"):
        veeam.token()


def test_exchanges_are_found_by_the_conditions_of_verify(veeam: ReachableServer) -> None:
    session = veeam.session()
    for region in ("China", "Germany"):
        session.post(f"{veeam.url}/v4/DeviceCode?for={region}", json={"targetRegion": region}, timeout=5)
    [exchange] = veeam.requests.list(body={"/targetRegion": "China"})
    assert exchange.request.query == "for=China"
    assert exchange.reply is not None
    assert (exchange.operation, exchange.reply.status, exchange.outcome) == ("getDeviceCode", 200, "whole")
    assert veeam.requests.list(query={"for": "China"}) == veeam.requests.list(operation="getDeviceCode", limit=2)[:1]
    assert veeam.requests.list(after=exchange.id, header={"content-type": "application/json"}, status=200)
    assert veeam.requests.get(exchange.id) == exchange
    with pytest.raises(ControlFailure, match="operation: 'getDeviceCodes' is not one of"):
        veeam.requests.list(operation="getDeviceCodes")  # type: ignore[arg-type]


def test_a_fault_takes_the_conditions_of_verify(veeam: ReachableServer) -> None:
    session = veeam.session()
    veeam.faults.add("status", status=503, body="down", request_body={"/targetRegion": "China"}, method="POST")
    url = f"{veeam.url}/v4/DeviceCode"
    replies = [session.post(url, json={"targetRegion": region}, timeout=5) for region in ("Germany", "China")]
    assert [reply.status_code for reply in replies] == [200, 503]
    assert replies[1].text == "down"
    [fault] = veeam.faults.list()
    assert (fault.matched, fault.struck, fault.active) == (1, 1, True)
    assert fault.fault["request_body"] == {"/targetRegion": "China"}
    with pytest.raises(ControlFailure, match="method: is there twice, here and in match"):
        veeam.faults.add("reset", method="GET", match={"method": "GET"})


def test_what_is_read_is_frozen_and_has_the_names_of_json_too(veeam: ReachableServer) -> None:
    veeam.session().post(f"{veeam.url}/v4/DeviceCode", json={}, timeout=5)
    veeam.faults.add("reset")
    code, exchange, fault = veeam.device_codes.newest, veeam.requests.list()[-1], veeam.faults.list()[0]
    assert (type(code), type(exchange), type(fault)) == (IssuedCode, Exchange, FaultRecord)
    assert code["userCode"] == code.user_code
    assert exchange["request"]["path"] == "/v4/DeviceCode"
    assert exchange["faults"] == []
    with pytest.raises(KeyError, match="usercode"):
        code["usercode"]
    with pytest.raises(FrozenInstanceError):
        code.state = "approved"  # type: ignore[misc]


def test_no_code_yet_is_told(veeam: ReachableServer) -> None:
    with pytest.raises(LookupError, match="no device code was given in this world yet"):
        veeam.device_codes.newest  # noqa: B018


def test_an_attached_world_has_an_address_that_leads_into_it() -> None:
    with MockServer(http=True) as server:
        mine = MockServer.attach(server.url + "/", world="job-1")
        assert mine.url == f"{server.url}/~job-1"
        assert mine.session().get(f"{mine.url}/v4/Organizations", timeout=5).status_code == 200
        mine.requests.verify(1, operation="getOrganizations")
        assert server.requests.list() == []


def ask_by_httpx(url: str) -> None:
    httpx.get(url)


def ask_by_httpx_async(url: str) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(url)

    asyncio.run(ask())


def ask_by_urllib(url: str) -> None:
    urllib.request.urlopen(url, timeout=5)


@pytest.mark.parametrize("ask", [ask_by_httpx, ask_by_httpx_async, ask_by_urllib])
def test_another_client_is_told_to_take_a_live_server(ask: Callable[[str], None]) -> None:
    look_up = socket.getaddrinfo
    with (
        InterceptedServer() as veeam,
        pytest.raises(
            (httpx.ConnectError, httpcore.ConnectError, urllib.error.URLError), match="take the fixture veeam_server"
        ),
    ):
        ask(f"{veeam.url}/v4/Organizations")
    assert socket.getaddrinfo is look_up


def test_other_addresses_are_looked_up_as_ever() -> None:
    with MockServer(http=True) as live, InterceptedServer(url="http://localhost:1"):
        assert urllib.request.urlopen(f"{live.url}/__admin/health", timeout=5).status == 200
        assert httpx.get(f"{live.url}/__admin/health").status_code == 200


TRACED = """
def test_a_mistake(veeam_mock):
    {mistake}
"""


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("veeam_mock.requests.verify(1, operation='getToken')", "E * AssertionError: expected 1 request*"),
        ("veeam_mock.faults.add('status')", "E * veeam_mock.control.client.ControlFailure: *status: is required*"),
        ("veeam_mock.device_codes.newest", "E * LookupError: no device code*"),
        ("veeam_mock.clock.advance('soon')", "E * veeam_mock.control.client.ControlFailure: *"),
    ],
)
def test_a_failure_points_at_the_test_and_not_into_the_mock(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mistake: str, told: str
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TRACED.format(mistake=mistake))
    result = pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([told])
    assert "client.py" not in result.stdout.str().replace("control.client", "")
