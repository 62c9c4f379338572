"""When a fault strikes: what counts, how rules combine, and that a seed repeats a run."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.api_client import ApiClient
from veeam_mock import ControlFailure, MockServer
from veeam_mock.journal.pattern import Pattern, Seen, look_up
from veeam_mock.messages import Reply, Request
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings


def statuses(client: ApiClient, number: int, **options: Any) -> list[int]:
    """What so many requests without a token are answered; 401 when nothing strikes."""
    return [client.send("GET", "/v4/Organizations", **options).status_code for _ in range(number)]


def ask(mock: Mock, **headers: str) -> Reply:
    """One request without a token."""
    return mock.answer(Request("GET", "/v4/Organizations", headers=headers))


def test_fail_twice_then_succeed(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503, times=2)
    assert statuses(client, 4) == [503, 503, 401, 401]
    assert [(each["matched"], each["struck"], each["active"]) for each in server.faults.list()] == [(2, 2, False)]


def test_of_fifty_clients_at_once_exactly_two_fail(server: MockServer) -> None:
    server.faults.add("status", status=503, times=2)
    clients = [ApiClient(server.url, server.ca_cert or True) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        seen = list(pool.map(lambda client: statuses(client, 2), clients))
    assert sorted(status for each in seen for status in each) == [401] * 98 + [503] * 2


def test_a_body_is_looked_into_until_it_is_seen_not_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def counted(content: object, pointer: str) -> object:
        looked_up.append(pointer)
        return look_up(content, pointer)

    monkeypatch.setattr("veeam_mock.journal.pattern.look_up", counted)
    pattern = Pattern(body={f"/{number}": 1 for number in range(100)})
    assert not pattern.fits(Seen(Request("POST", "/v4/DeviceCode", body=b'{"0": 1}'), None))
    assert looked_up == ["/0", "/1"]


def test_after_lets_requests_pass_first(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503, after=2, times=1)
    assert statuses(client, 4) == [401, 401, 503, 401]


def test_probability_with_a_seed_gives_the_same_sequence_on_every_run() -> None:
    def run(seed: int) -> list[int]:
        mock = Mock(Settings(seed=seed, faults=[{"kind": "status", "status": 503, "probability": 0.3}]))
        return [ask(mock).status for _ in range(1000)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert 250 <= run(7).count(503) <= 350


def test_a_sequence_begins_anew_with_a_reset_and_does_not_depend_on_other_rules(
    serve: Callable[..., MockServer],
) -> None:
    veeam = serve(seed=7)
    client = ApiClient(veeam.url)

    def run() -> list[int]:
        veeam.faults.add("status", status=503, probability=0.3, match={"operation": "getOrganizations"})
        return statuses(client, 40)

    first = run()
    veeam.reset()
    client.log_in()
    assert run() == first
    assert len(set(first)) == 2


def test_requests_that_are_refused_count(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503, after=4, times=1)
    client.send("GET", "/v4/Organizations")
    client.call("POST", "/v4/DeviceCode", json={"targetRegion": "Atlantis"})
    client.send("GET", "/nowhere")
    assert client.send("GET", "/nowhere").status_code == 503


def test_the_control_api_and_the_pages_neither_count_nor_are_struck(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503)
    assert client.send("GET", "/__admin/clock").status_code == 200
    assert client.send("GET", "/swagger/").status_code != 503
    assert client.send("GET", "/__admin/nothing").status_code == 404
    assert server.faults.list()[0]["matched"] == 0


def test_the_first_rule_that_is_due_strikes_and_spares_those_behind_it(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=500, times=1)
    server.faults.add("status", status=502, times=1)
    assert statuses(client, 3) == [500, 502, 401]
    assert [each["matched"] for each in server.faults.list()] == [1, 1]


def test_a_delay_and_another_fault_strike_together(server: MockServer, client: ApiClient) -> None:
    server.faults.add("delay", delay="1ms")
    server.faults.add("status", status=503)
    assert statuses(client, 1) == [503]
    assert [each["struck"] for each in server.faults.list()] == [1, 1]


def test_the_header_goes_before_the_control_api_and_that_before_the_file(serve: Callable[..., MockServer]) -> None:
    veeam = serve(faults=[{"kind": "status", "status": 500}])
    client = ApiClient(veeam.url)
    assert statuses(client, 1) == [500]
    veeam.faults.add("status", status=502)
    assert statuses(client, 1) == [502]
    assert statuses(client, 1, headers={"Prefer": "code=504"}) == [504]
    veeam.faults.clear()
    assert statuses(client, 1) == [401]
    veeam.reset()
    assert statuses(client, 1) == [500]


def test_a_rule_of_the_file_can_be_removed(serve: Callable[..., MockServer]) -> None:
    server = serve(faults=[{"kind": "status", "status": 500}])
    [rule] = server.faults.list()
    server.faults.remove(rule["id"])
    assert server.faults.list() == []


def test_the_journal_names_the_preset(server: MockServer, client: ApiClient) -> None:
    server.faults.add(preset="throttled")
    client.send("GET", "/v4/Organizations")
    assert server.requests.list()[-1]["faults"] == ["throttled"]


def test_until_ends_at_the_tick_and_not_before(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    server.faults.add("status", status=503, until="10s")
    server.clock.advance("9.999s")
    assert statuses(client, 1) == [503]
    server.clock.advance("1ms")
    assert statuses(client, 1) == [401]
    assert server.faults.list()[0]["active"] is False


def test_until_takes_a_date_of_the_virtual_clock(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503, until="2130-01-01T00:00:00+01:00")
    assert statuses(client, 1) == [503]
    server.clock.set("2129-12-31T23:00:00Z")
    assert statuses(client, 1) == [401]


def test_a_fault_of_the_file_whose_end_has_passed_does_not_keep_a_world_from_being_made() -> None:
    settings = Settings(faults=[{"kind": "status", "status": 503, "until": "9000-01-01T00:00:00Z"}])
    mock = Mock(settings)
    world = mock.installation.worlds.default
    later = {**settings.faults[0], "until": "2020-01-01T00:00:00Z"}
    object.__setattr__(settings, "faults", (later,))
    assert ask(mock, **{"x-mock-world": "new"}).status == 401
    world.change(world.settings.replace(code_lifetime="5s"))
    assert world.settings.code_lifetime == 5


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"operation": "getToken"}, True),
        ({"operation": ["getDeviceCode", "getToken"]}, True),
        ({"operation": "getDeviceCode"}, False),
        ({"method": "POST"}, True),
        ({"method": "GET"}, False),
        ({"path": "/v4/token"}, True),
        ({"path": "/V4/*"}, True),
        ({"path": "/v4/*/*"}, False),
        ({"path": "/v4/%54oken"}, True),
        ({"header": {"X-Trace": "1"}}, True),
        ({"header": {"X-TRACE": "1", "user-agent": "test"}}, True),
        ({"header": {"X-Trace": "2"}}, False),
        ({"header": {"X-Other": ""}}, False),
        ({"header": {"X-Other": None}}, True),
        ({"header": {"X-Trace": None}}, False),
        ({"query": {"a": "b c"}}, True),
        ({"query": {"a": "b"}}, False),
        ({"query": {"empty": ""}}, True),
        ({"query": {"a": None}}, False),
        ({"query": {"a": "b c", "other": None}}, True),
        ({"body": {"/grant_type": "password"}}, True),
        ({"body": {"/grant_type": "refresh_token"}}, False),
        ({"operation": "getToken", "method": "POST", "query": {"empty": ""}}, True),
        ({"operation": "getToken", "method": "POST", "query": {"empty": "x"}}, False),
    ],
    ids=str,
)
def test_a_rule_strikes_what_fits_all_that_it_names(
    server: MockServer, client: ApiClient, match: dict[str, Any], fits: bool
) -> None:
    server.faults.add("status", status=503, match=match)
    sent = {"X-Trace": "1", "User-Agent": "test"}
    form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    reply = client.send("POST", "/v4/Token?a=b+c&empty=", data=form, headers=sent)
    assert reply.status_code == (503 if fits else 200)


@pytest.mark.parametrize(
    ("pointer", "value", "fits"),
    [
        ("/targetRegion", "worldwide", True),
        ("/targetRegion", "Worldwide", False),
        ("/a~1b/0/c~0d", 1, True),
        ("/a~1b/0/c~0d", True, False),
        ("/a~1b/1", None, True),
        ("/a~1b/01", None, False),
        ("/a~1b/9", None, False),
        ("", {"targetRegion": "worldwide"}, False),
        ("/none", None, False),
    ],
)
def test_a_body_is_looked_into_by_json_pointer(
    server: MockServer, client: ApiClient, pointer: str, value: object, fits: bool
) -> None:
    server.faults.add("status", status=503, match={"body": {pointer: value}})
    body = {"targetRegion": "worldwide", "a/b": [{"c~d": 1}, None]}
    assert (client.call("POST", "/v4/DeviceCode", json=body).status_code == 503) is fits


def test_a_tilde_of_a_json_pointer_is_read_once() -> None:
    assert look_up({"~1": 1}, "/~01") == 1


def test_a_field_of_a_form_may_be_empty() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    asked = Request("POST", "/", headers=form, body=b"refresh_token=&a=1")
    assert Pattern(body={"/refresh_token": ""}).differences(Seen(asked, None)) == []
    assert Pattern(body={"/refresh_token": "x"}).differences(Seen(asked, None)) != []


@pytest.mark.parametrize(("path", "other"), [("/v4/[ab]", "/v4/a"), ("/v4/a%3Fb", "/v4/axb")])
def test_of_a_path_only_the_star_stands_for_more(path: str, other: str) -> None:
    assert Pattern(path=path).differences(Seen(Request("GET", path), None)) == []
    assert Pattern(path=path).differences(Seen(Request("GET", other), None)) != []


def test_a_path_is_meant_without_the_world(server: MockServer, client: ApiClient) -> None:
    world = MockServer.attach(server.url, ca_cert=server.ca_cert, world="below")
    world.faults.add("status", status=503, match={"path": "/v4/Organizations"})
    assert client.send("GET", "/~below/v4/Organizations").status_code == 503


@pytest.fixture
def presets(server: MockServer) -> Iterator[Callable[[str], None]]:
    """Ask for a preset, in place of the one before."""

    def ask_for(name: str) -> None:
        server.faults.clear()
        server.faults.add(preset=name)

    yield ask_for


def test_presets_are_what_integrations_meet(client: ApiClient, presets: Callable[[str], None]) -> None:
    assert client.bearer
    presets("throttled")
    reply = client.device_code()
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "30")
    presets("azure-unreachable")
    assert client.device_code().status_code == 500
    assert client.call("GET", "/v4/Organizations").status_code == 200
    presets("service-unavailable")
    reply = client.call("GET", "/v4/Organizations")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "60")
    presets("token-revoked")
    reply = client.call("GET", "/v4/Organizations")
    assert (reply.status_code, "invalid_token" in reply.headers["WWW-Authenticate"]) == (401, True)
    presets("code-expired")
    assert "AADSTS70019" in client.call("POST", "/v4/Organizations").json()["message"]
    presets("gateway-timeout")
    reply = client.device_code()
    assert (reply.status_code, reply.headers["Content-Type"]) == (504, "text/html")


def test_a_preset_can_be_narrowed_and_changed(server: MockServer, client: ApiClient) -> None:
    assert client.bearer
    server.faults.add(preset="azure-unreachable", match={"body": {"/targetRegion": "China"}}, message="No way.")
    assert client.device_code("worldwide").status_code == 200
    assert client.device_code("China").json() == {"message": "No way."}
    assert client.call("GET", "/v4/Organizations").status_code == 200


def test_there_is_room_for_a_thousand_rules(server: MockServer, client: ApiClient) -> None:
    for _ in range(1000):
        server.faults.add("status", status=503, match={"operation": "getDeviceCode"})
    refused = client.send("POST", "/__admin/faults", json={"kind": "reset"})
    assert refused.status_code == 409
    assert "1000" in refused.json()["message"]
    assert len(server.faults.list()) == 1000


def test_large_faults_are_bounded_in_what_they_come_to(server: MockServer) -> None:
    large = {"/note": "x" * 1_000_000}
    for _ in range(2):
        server.faults.add("status", status=503, match={"body": large})
    with pytest.raises(ControlFailure, match="more than 2097152 characters; remove some first") as refused:
        server.faults.add("status", status=503, match={"body": large})
    assert refused.value.status == 409
    server.faults.clear()
    server.faults.add("status", status=503, match={"body": large})
