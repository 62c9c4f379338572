"""Worlds: tests that run at once on one server do not see each other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api_client import ApiClient
from veeam_mock import MockServer
from veeam_mock.api.installation import Installation
from veeam_mock.servers.live import AttachedServer
from veeam_mock.settings.settings import Settings

ROUNDS = 250
THREADS = 8


@pytest.fixture
def server(serve: Callable[..., MockServer]) -> MockServer:
    """A server whose worlds no other test has used."""
    return serve()


def world(server: MockServer, name: str) -> tuple[ApiClient, AttachedServer]:
    """A client and the control of a world."""
    client = ApiClient(f"{server.url}/~{name}", server.ca_cert or True)
    return client, MockServer.attach(server.url, ca_cert=server.ca_cert, world=name)


def test_header_and_path_mean_the_same_world(server: MockServer, client: ApiClient) -> None:
    by_path, control = world(server, "mine")
    token = by_path.log_in().json()["access_token"]
    reply = client.send(
        "GET", "/v4/Organizations", headers={"X-Mock-World": "mine", "Authorization": f"Bearer {token}"}
    )
    assert reply.status_code == 200
    assert [each["operation"] for each in control.requests.list()] == ["getToken", "getOrganizations"]
    assert server.requests.list() == []


def test_the_path_goes_before_the_header(server: MockServer, client: ApiClient) -> None:
    client.send("GET", "/~one/v4/Organizations", headers={"X-Mock-World": "two"})
    assert len(world(server, "one")[1].requests.list()) == 1
    assert world(server, "two")[1].requests.list() == []


def test_a_token_is_good_in_its_world_only(server: MockServer, client: ApiClient) -> None:
    other, _ = world(server, "other")
    assert other.send("GET", "/v4/Organizations", headers=client.bearer).status_code == 401
    assert client.send("GET", "/v4/Organizations", headers=other.bearer).status_code == 401


def test_each_world_has_a_clock_and_settings_of_its_own(server: MockServer) -> None:
    client, control = world(server, "future")
    control.clock.set("2140-01-01T00:00:00Z")
    control.change_settings(code_lifetime="5s")
    assert server.clock.now() < "2140"
    assert client.log_in().json()[".issued"].startswith("2140")
    assert client.device_code().json()["expiresIn"] == 5


def test_no_world_takes_a_reading_from_the_default_one(server: MockServer, client: ApiClient) -> None:
    server.change_settings(expires_unit="milliseconds")
    assert client.device_code().json()["expiresIn"] == 900_000
    assert world(server, "other")[0].device_code().json()["expiresIn"] == 900


@pytest.mark.parametrize("name", ["a b", "ä", "a" * 65, "a/b", ""])
def test_a_bad_name_is_refused(client: ApiClient, name: str) -> None:
    headers = {"X-Mock-World": name.encode("latin-1")}
    assert client.send("GET", "/v4/Organizations", headers=headers).status_code == 400
    assert client.send("GET", "/__admin/clock", headers=headers).status_code == 400
    assert client.send("GET", "/__admin/tokens", headers=headers).status_code == 400
    assert "1 to 64 letters" in client.send("GET", "/v4/Organizations", headers=headers).json()["message"]


def test_a_full_table_answers_503_and_says_so_until_a_world_is_dropped(serve: Callable[..., MockServer]) -> None:
    client = ApiClient(serve(most_worlds=2).url)
    for name in ("one", "two", "one"):
        assert client.send("GET", "/v4/Organizations", headers={"X-Mock-World": name}).status_code == 401
    for path in ("/v4/Organizations", "/__admin/clock"):
        full = client.send("GET", path, headers={"X-Mock-World": "three"})
        assert full.status_code == 503
        assert "2 worlds" in full.json()["message"]
        assert "/__admin/reset" in full.json()["message"]
    assert client.send("POST", "/~one/__admin/reset").status_code == 204
    assert client.send("GET", "/v4/Organizations", headers={"X-Mock-World": "three"}).status_code == 401


def test_worlds_of_a_seed_draw_differently() -> None:
    worlds = Installation(Settings(seed=1)).worlds
    assert len({worlds.find(name).randomness.uuid() for name in ("", "a", "b")}) == 3


def test_worlds_driven_at_once_never_leak(server: MockServer) -> None:
    """Two worlds, four threads each, 250 rounds a thread: a code, a list of them now and then, a fault."""
    names = ["left", "right"]
    statuses = {"left": 418, "right": 451}
    start = threading.Barrier(THREADS)
    controls = {name: world(server, name)[1] for name in names}
    for name in names:
        match = {"operation": "getOrganizations"}
        controls[name].faults.add("status", status=statuses[name], times=THREADS * ROUNDS, match=match)

    def drive(number: int) -> tuple[str, set[str]]:
        name = names[number % 2]
        client, _ = world(server, name)
        assert client.bearer
        start.wait(30)
        codes = set()
        for turn in range(ROUNDS):
            if turn % 5 == 0:
                assert client.call("GET", "/v4/Organizations").status_code == statuses[name]
            else:
                codes.add(client.device_code(headers={"X-From": name}).json()["userCode"])
        return name, codes

    with ThreadPoolExecutor(THREADS) as pool:
        issued = list(pool.map(drive, range(THREADS)))
    for name in names:
        own = set().union(*(codes for each, codes in issued if each == name))
        assert len(own) == THREADS // 2 * ROUNDS * 4 // 5
        assert {code["userCode"] for code in controls[name].device_codes.list()} == own
        assert controls[name].faults.list()[0]["struck"] == THREADS // 2 * ROUNDS // 5
        kept = controls[name].requests.list()
        assert {each["request"]["headers"].get("x-from", name) for each in kept} == {name}
        assert {each["reply"]["status"] for each in kept} <= {200, statuses[name]}
    assert server.requests.list() == server.device_codes.list() == server.faults.list() == []
