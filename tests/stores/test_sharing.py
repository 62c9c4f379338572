"""Servers that share a Redis are one server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from support.api_client import ORGANIZATION, RESTORE_SESSION
from support.redis_server import RedisServer
from veeam_mock import MockServer
from veeam_mock.control.client import ControlFailure

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
ADDED = {"type": "Office365", "region": "Worldwide", "newApplicationName": "Backup"}

Pair = tuple[MockServer, MockServer]


@pytest.fixture
def pair(serve: Callable[..., MockServer], redis_server: RedisServer) -> Pair:
    return serve(store=redis_server.url), serve(store=redis_server.url)


@pytest.fixture
def make_pair(serve: Callable[..., MockServer], redis_server: RedisServer) -> Callable[..., Pair]:
    return lambda **settings: (
        serve(store=redis_server.url, **settings),
        serve(store=redis_server.url, **settings),
    )


def logged_in(server: MockServer) -> dict[str, str]:
    token = requests.post(f"{server.url}/v4/Token", data=LOGIN, timeout=10).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def ask(server: MockServer, method: str, path: str, headers: dict[str, str], body: Any = None) -> requests.Response:
    return requests.request(method, f"{server.url}{path}", json=body, headers=headers, timeout=10)


def new_code(server: MockServer, headers: dict[str, str]) -> str:
    return str(ask(server, "POST", "/v4/DeviceCode", headers, {"targetRegion": "worldwide"}).json()["userCode"])


def test_a_login_a_code_and_an_organization_are_known_to_both(pair: Pair) -> None:
    one, other = pair
    headers = logged_in(one)
    code = new_code(other, headers)
    assert one.device_codes.approve(code, "ada@contoso.test").account == "ada@contoso.test"
    added = ask(other, "POST", "/v8/Organizations", headers, {**ADDED, "userCode": code})
    assert added.status_code == 201, added.text
    names = [found["name"] for found in ask(one, "GET", "/v4/Organizations", headers).json()]
    assert names[-1] == "contoso.test"
    again = ask(one, "POST", "/v8/Organizations", headers, {**ADDED, "userCode": code})
    assert "AADSTS54005" in again.text
    assert other.device_codes.list()[0].state == "spent"
    assert ask(one, "DELETE", f"/v4/Organizations/{ORGANIZATION}", headers).status_code == 200
    assert ask(other, "GET", f"/v4/Organizations/{ORGANIZATION}", headers).status_code == 404


def test_a_refresh_token_is_spent_once(pair: Pair) -> None:
    refresh = requests.post(f"{pair[0].url}/v4/Token", data=LOGIN, timeout=10).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}

    def try_it(number: int) -> int:
        return requests.post(f"{pair[number % 2].url}/v4/Token", data=form, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(try_it, range(8))) == [200, *[400] * 7]


def test_time_settings_and_a_restore_session_are_known_to_both(pair: Pair) -> None:
    one, other = pair
    headers = logged_in(one)
    one.clock.freeze()
    moved = one.clock.advance("30m")
    assert other.clock.now() == moved
    other.change_settings(code_lifetime="42s")
    assert ask(other, "GET", "/v4/Organizations", headers).status_code == 200
    other.clock.advance("31m")
    assert ask(one, "GET", "/v4/Organizations", headers).status_code == 401
    headers = logged_in(other)
    code = ask(one, "POST", "/v4/DeviceCode", headers, {"targetRegion": "worldwide"})
    assert code.json()["expiresIn"] == 42
    path = f"/v4/RestoreSessions/{RESTORE_SESSION}"
    assert ask(one, "POST", f"{path}/Action", headers, {"stop": None}).status_code == 200
    ended = ask(other, "POST", f"{path}/organization/restoreDeviceCode", headers, {"targetRegion": "worldwide"})
    assert ended.status_code == 404


def test_the_journal_is_one(pair: Pair) -> None:
    one, other = pair
    headers = logged_in(one)
    new_code(other, headers)
    assert [found.operation for found in one.requests.list()] == ["getToken", "getDeviceCode"]
    assert one.requests.list() == other.requests.list()
    assert [found.id for found in one.requests.list()] == [1, 2]
    assert other.requests.get(2).request.headers["authorization"] != headers["Authorization"]


def test_a_fault_strikes_as_often_as_it_was_asked_to(pair: Pair) -> None:
    one, other = pair
    one.faults.add("status", status=503, times=2, after=1)
    seen = [requests.post(f"{server.url}/v4/Token", data=LOGIN, timeout=10).status_code for server in pair * 2]
    assert seen == [200, 503, 503, 200]
    [fault] = other.faults.list()
    assert (fault.matched, fault.struck, fault.active) == (3, 2, False)
    assert other.faults.remove(fault.id) is None
    assert one.faults.list() == []


def test_reset_resets_for_both(pair: Pair) -> None:
    one, other = pair
    headers = logged_in(one)
    one.faults.add("status", status=503)
    one.clock.advance("1h")
    other.reset()
    assert one.faults.list() == []
    assert one.requests.list() == []
    assert ask(one, "GET", "/v4/Organizations", headers).status_code == 401
    assert len(ask(one, "GET", "/v4/Organizations", logged_in(other)).json()) == 2


def test_a_restart_is_for_both_and_at_once(pair: Pair) -> None:
    one, other = pair
    headers = logged_in(one)
    one.restart_world()
    assert ask(other, "GET", "/v4/Organizations", headers).status_code == 401
    headers = logged_in(other)
    assert ask(one, "GET", "/v4/Organizations", headers).status_code == 200, "it restarted then, not now"


def test_a_world_is_one_and_apart_from_others(pair: Pair) -> None:
    one, other = (MockServer.attach(server.url, world="job-1") for server in pair)
    headers = logged_in(one)
    assert ask(other, "GET", "/v4/Organizations", headers).status_code == 200
    assert ask(pair[0], "GET", "/v4/Organizations", headers).status_code == 401
    assert [found.operation for found in other.requests.list()] == ["getToken", "getOrganizations"]
    other.reset()
    assert ask(one, "GET", "/v4/Organizations", headers).status_code == 401


def test_the_table_of_worlds_is_full_for_both(make_pair: Callable[..., Pair]) -> None:
    one, other = make_pair(most_worlds=2)
    for number, server in enumerate((one, other)):
        MockServer.attach(server.url, world=f"job-{number}").faults.list()
    with pytest.raises(ControlFailure, match="There are 2 worlds already") as refused:
        MockServer.attach(one.url, world="job-2").faults.list()
    assert refused.value.status == 503


def test_a_seed_repeats_whoever_is_asked(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(seed=7)
    first = [requests.post(f"{server.url}/v4/Token", data=LOGIN, timeout=10).json()["access_token"] for server in pair]
    pair[0].reset()
    again = [
        requests.post(f"{server.url}/v4/Token", data=LOGIN, timeout=10).json()["access_token"] for server in pair[::-1]
    ]
    assert first == again and len(set(first)) == 2


def test_a_minute_is_counted_over_both(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(ambiguities={"throttling": "some"})
    headers = logged_in(pair[0])
    pair[0].clock.freeze()
    statuses = [
        ask(pair[number % 2], "POST", "/v4/DeviceCode", headers, {"targetRegion": "worldwide"}).status_code
        for number in range(61)
    ]
    assert statuses == [200] * 60 + [429]


def test_logins_are_counted_over_both(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(login_limit=True)
    pair[1].clock.freeze()
    seen = [requests.post(f"{server.url}/v8/Token", data=LOGIN, timeout=10).status_code for server in pair]
    pair[0].clock.advance("1s")
    seen += [requests.post(f"{server.url}/v8/Token", data=LOGIN, timeout=10).status_code for server in pair]
    assert seen == [200, 429, 200, 429]


def test_a_form_of_one_is_taken_by_the_other(pair: Pair) -> None:
    session = requests.Session()
    code = new_code(pair[0], logged_in(pair[1]))
    shown = session.get(f"{pair[0].url}/devicelogin", timeout=10)
    token = shown.text.partition('name="token" value="')[2].partition('"')[0]
    form = {"token": token, "user_code": code}
    taken = session.post(f"{pair[1].url}/devicelogin", data=form, allow_redirects=False, timeout=10)
    assert taken.status_code == 303, taken.text


def test_no_token_lies_in_redis(pair: Pair, redis_server: RedisServer) -> None:
    answer = requests.post(f"{pair[0].url}/v4/Token", data=LOGIN, timeout=10).json()
    ask(pair[0], "GET", "/v4/Organizations", {"Authorization": f"Bearer {answer['access_token']}"})
    refresh = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    requests.post(f"{pair[1].url}/v4/Token", data=refresh, timeout=10)
    kept = b"".join(redis_server.client.dump(key) for key in redis_server.client.scan_iter())
    assert b"getToken" in kept and b"administrator" in kept
    for secret in (answer["access_token"], answer["refresh_token"]):
        assert secret.encode() not in kept


def test_two_prefixes_are_two_servers(serve: Callable[..., MockServer], redis_server: RedisServer) -> None:
    one = serve(store=redis_server.url, store_prefix="one")
    other = serve(store=redis_server.url, store_prefix="other")
    headers = logged_in(one)
    assert ask(other, "GET", "/v4/Organizations", headers).status_code == 401
    assert {key.partition(b":")[0] for key in redis_server.client.scan_iter()} == {b"one", b"other"}


def test_a_server_goes_on_where_another_stopped(redis_server: RedisServer) -> None:
    with MockServer(http=True, store=redis_server.url) as first:
        headers = logged_in(first)
    with MockServer(http=True, store=redis_server.url) as second:
        assert ask(second, "GET", "/v4/Organizations", headers).status_code == 200
    with MockServer(http=True, store=redis_server.url, code_lifetime="5s") as third:
        assert ask(third, "GET", "/v4/Organizations", headers).status_code == 401, "its settings are others"


@pytest.fixture
def bounded(make_pair: Callable[..., Pair]) -> Iterator[Pair]:
    yield make_pair(journal_entries=5, most_codes=3, most_tokens=2)


def test_bounds_hold_over_both(bounded: Pair) -> None:
    headers = logged_in(bounded[0])
    codes = [new_code(bounded[number % 2], headers) for number in range(8)]
    assert [code.user_code for code in bounded[0].device_codes.list()] == codes[-3:]
    assert [found.id for found in bounded[1].requests.list()] == [5, 6, 7, 8, 9]
    logged_in(bounded[1])
    logged_in(bounded[0])
    assert ask(bounded[1], "GET", "/v4/Organizations", headers).status_code == 401


PROFILE = """\
profile: 1
starting: 2
limits: [{operation: getOrganizations, number: 1, seconds: 3600}]
refusals: [{case: starting, status: 503, body: Not yet}]
"""


@pytest.mark.parametrize("world", ["default", "another"])
def test_a_reset_lets_the_counts_of_a_profile_begin_anew(
    make_pair: Callable[..., Pair], tmp_path: Path, world: str
) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE, "utf-8")
    one, other = make_pair(profile=str(profile))
    headers = {"X-Mock-World": world}

    def statuses() -> list[int]:
        begun = [ask(one, "GET", "/v8/ServiceInstance", headers).status_code for _ in range(3)]
        token = requests.post(f"{one.url}/v4/Token", data=LOGIN, headers=headers, timeout=10).json()["access_token"]
        allowed = {**headers, "Authorization": f"Bearer {token}"}
        return begun + [ask(one, "GET", "/v4/Organizations", allowed).status_code for _ in range(2)]

    first = statuses()
    assert first == [503, 503, 401, 200, 429]
    assert ask(other, "POST", "/__admin/reset", headers).status_code in (200, 204)
    assert statuses() == first
