"""The control API: who may call it, what it does, and that it keeps to its own description."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from support.api_client import ApiClient
from veeam_mock import MockServer, Settings, create_app
from veeam_mock.control import api as control
from veeam_mock.journal.pattern import SCHEMA as PATTERN
from veeam_mock.model.durations import PATTERN as DURATION

DOCUMENT = Path(__file__).parents[2] / "mock_server" / "veeam_mock" / "control" / "control.yaml"
KEY = "an-admin-key-of-24-chars"


@pytest.fixture
def local() -> FlaskClient:
    """The application, as a caller on this machine sees it."""
    return create_app().test_client()


@pytest.fixture
def keyed() -> FlaskClient:
    """The application of a server that listens everywhere."""
    return create_app(Settings(host="0.0.0.0", admin_key=KEY)).test_client()


APP = create_app(Settings(admin_key=KEY, most_worlds=10_000))
schema = schemathesis.openapi.from_wsgi("/__admin/openapi.json", APP)


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_control_api_keeps_to_its_description(case: schemathesis.Case) -> None:
    response = case.call(headers={"X-Admin-Key": KEY})
    # Who may call, and what is refused, is tested below: a schema cannot say all that makes a fault senseless, and the
    # key, which is sent with every call, counts as data that is missing.
    judged_elsewhere = [ignored_auth, positive_data_acceptance, negative_data_rejection]
    case.validate_response(response, excluded_checks=judged_elsewhere)
    assert response.status_code < 500


def test_every_operation_of_the_description_is_served(local: FlaskClient) -> None:
    document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
    operations = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert sorted(operations) == sorted(control.OPERATIONS)
    assert local.get("/__admin/openapi.json").get_json() == document


def test_patterns_are_described_as_they_are_checked() -> None:
    schemas = yaml.safe_load(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    assert schemas["Pattern"]["properties"].keys() == PATTERN["properties"].keys()
    assert schemas["PathPattern"]["pattern"] == PATTERN["properties"]["path"]["pattern"]
    assert schemas["Method"] == PATTERN["properties"]["method"]


def test_durations_are_described_as_they_are_read() -> None:
    schemas = yaml.safe_load(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    described = [schemas["Duration"], schemas["SettingsChange"]["properties"]["auto_approve"]]
    assert {schema["anyOf"][0]["pattern"] for schema in described} == {DURATION}


def test_a_duration_of_too_many_digits_is_refused_with_its_place(local: FlaskClient) -> None:
    reply = local.post("/__admin/clock", json={"advance": "723716.4285657220674"})
    assert reply.status_code == 400
    assert reply.get_json()["message"].startswith("body.advance: ")


@pytest.mark.parametrize("host", ["localhost", "localhost:4443", "127.0.0.1:1", "[::1]:4443", "LOCALHOST"])
def test_this_machine_may_call_by_its_own_names(local: FlaskClient, host: str) -> None:
    assert local.get("/__admin/clock", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:4443", "[", "a:b:c", ""]
)
def test_a_rebound_name_is_refused(local: FlaskClient, host: str) -> None:
    reply = local.post("/__admin/reset", headers={"Host": host})
    assert reply.status_code in (400, 403)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "http://[", "localhost:4443", ""]
)
def test_a_page_of_another_origin_is_refused(local: FlaskClient, origin: str) -> None:
    reply = local.post("/__admin/reset", headers={"Host": "localhost:4443", "Origin": origin})
    assert reply.status_code == 403
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_a_page_of_the_mock_itself_may_call(local: FlaskClient) -> None:
    headers = {"Host": "localhost:4443", "Origin": "http://localhost:4443"}
    assert local.post("/__admin/reset", headers=headers).status_code == 204


def test_another_machine_may_not_call_without_a_key(local: FlaskClient) -> None:
    reply = local.get("/__admin/clock", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert reply.status_code == 403
    assert local.get("/__admin/health", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


@pytest.mark.parametrize("given", [None, "", "wrong", KEY[:-1], KEY + "x", "é"])
def test_beyond_loopback_a_key_is_demanded(keyed: FlaskClient, given: str | None) -> None:
    headers = {} if given is None else {"X-Admin-Key": given}
    reply = keyed.get("/__admin/clock", headers=headers)
    assert reply.status_code == 401
    assert KEY not in reply.get_data(as_text=True)


def test_who_knows_the_key_may_call_by_any_name(keyed: FlaskClient) -> None:
    headers = {"X-Admin-Key": KEY, "Host": "mock.example"}
    assert keyed.get("/__admin/clock", headers=headers).status_code == 200


def test_health_is_open_to_all(keyed: FlaskClient) -> None:
    assert keyed.get("/__admin/health").get_json()["status"] == "ok"


def test_a_path_or_method_that_is_not_there_is_refused_by_the_control_api_itself(local: FlaskClient) -> None:
    for path in ("/__admin/nothing", "/__admin/faults/1/2"):
        assert local.get(path).status_code == 404
    reply = local.open("/__admin/clock", method="PROPFIND")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET, POST, HEAD")
    assert local.get("/__admin/requests").get_json() == []


def test_a_key_that_is_made_is_in_a_file_of_its_owner_alone_until_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    port_file = tmp_path / "port"
    command = [
        sys.executable,
        "-m",
        "veeam_mock",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--http",
        "--port-file",
        str(port_file),
    ]
    process = subprocess.Popen([*command, "--log"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    try:
        said = [process.stdout.readline()]
        while not port_file.exists():
            said.append(process.stdout.readline())
            assert said[-1], "the command has ended"
        (key_file,) = tmp_path.glob("**/admin-key-*")
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        key = key_file.read_text("ascii").strip()
        veeam = MockServer.attach(f"http://127.0.0.1:{port_file.read_text('ascii').strip()}", key)
        assert veeam.requests.list() == []
        assert requests.get(f"{veeam.url}/__admin/clock", timeout=5).status_code == 401
        requests.get(f"{veeam.url}/v4/{key}?key={key}", headers={"X-Admin-Key": key, "X-Other": key}, timeout=5)
        assert key not in str(veeam.requests.list())
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=10)
    assert not key_file.exists()
    assert key not in "".join(said) + rest
    assert "/v4/***" in rest


def test_a_port_in_use_leaves_no_key_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "veeam_mock", "--host", "0.0.0.0", "--http", "--port", port]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 2
    assert list(tmp_path.glob("**/admin-key-*")) == []


def test_the_clock_moves_stops_and_runs_on(server: MockServer) -> None:
    frozen = server.clock.freeze()
    assert server.clock.now() == server.clock.now() == frozen
    assert server.clock.set("2130-01-01T00:00:00+01:00") == "2129-12-31T23:00:00.000Z"
    assert server.clock.advance("1.5h") == "2130-01-01T00:30:00.000Z"
    assert server.clock.advance(0.25) == "2130-01-01T00:30:00.250Z"
    assert server.clock.release() == "2130-01-01T00:30:00.250Z"
    assert server.clock.now() >= "2130-01-01T00:30:00.250Z"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"set": "2020-01-01T00:00:00Z"}, 409),
        ({"set": "9989-01-01T00:00:01Z"}, 409),
        ({"advance": "999999999999d"}, 409),
        ({"advance": 1e300}, 409),
        ({"set": "2130-12-31T23:59:60Z"}, 400),
        ({"set": "tomorrow"}, 400),
        ({"advance": "-1s"}, 400),
        ({"advance": -1}, 400),
        ({"advance": "1s", "freeze": True}, 400),
        ({"freeze": False}, 400),
        ({}, 400),
    ],
    ids=str,
)
def test_time_never_goes_back_and_nonsense_is_refused(client: ApiClient, change: dict[str, Any], status: int) -> None:
    reply = client.send("POST", "/__admin/clock", json=change)
    assert reply.status_code == status
    assert reply.json()["message"]


def test_what_lives_longest_at_the_last_moment_has_an_end_that_can_be_written(
    server: MockServer, client: ApiClient
) -> None:
    server.clock.freeze()
    server.clock.set("9989-01-01T00:00:00Z")
    longest = "3650d"
    server.change_settings(code_lifetime=longest, token_lifetime=longest, refresh_lifetime=longest)
    assert client.log_in().json()[".expires"] == "9998-12-30T00:00:00Z"
    assert client.device_code().status_code == 200
    assert [code["expiresAt"][:4] for code in server.device_codes.list()] == ["9998"]
    assert client.send("GET", "/__admin/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "clock", {}, "body: has 0 keys, at least 1 are needed"),
        ("POST", "clock", {"advance": "1s", "freeze": True}, "body: has 2 keys, at most 1 are allowed"),
        ("POST", "clock", {"advance": "soon"}, "body.advance: 'soon' is not a duration such as 30s, 15m"),
        ("PATCH", "settings", {}, "body: has 0 keys, at least 1 are needed"),
        ("PATCH", "settings", {"auto_approve": "soon"}, "body.auto_approve: 'soon' is not a duration such as"),
        ("POST", "faults", {"kind": "delay", "delay": "soon"}, "delay: 'soon' is not a duration such as"),
        ("POST", "requests/verify", {"match": {"operation": 5}}, "5 is not the name of an operation, or a list"),
        ("POST", "device-codes/A/approve", {"account": "me"}, "body.account: 'me' is not an account such as"),
        ("POST", "device-codes/A/approve", {"account": "a@" + "b" * 253}, "has 255 characters, at most 254"),
    ],
    ids=str,
)
def test_a_refusal_is_said_in_words_and_not_in_those_of_a_schema(
    client: ApiClient, method: str, path: str, body: dict[str, Any], told: str
) -> None:
    reply = client.send(method, f"/__admin/{path}", json=body)
    assert reply.status_code == 400
    assert told in reply.json()["message"]


MANY = [f"nope{number}" for number in range(5_000)]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("faults", {"kind": "reset", "match": {"operation": MANY}}, "a list of at most 100 of them"),
        ("requests/verify", {"match": {"operation": MANY}}, "a list of at most 100 of them"),
        ("faults", {"kind": "reset", "match": {"operation": MANY[:100]}}, "; and 80 more mistakes"),
        ("faults", {"preset": "azure-unreachable", "match": {"operation": MANY}}, "'nope19' and 4980 more"),
        ("faults", {"kind": "reply", "remove": [1] * 100}, "; and 80 more mistakes"),
        ("faults", {"kind": "reset", **dict.fromkeys(MANY[:100])}, "'nope19' and 80 more"),
    ],
    ids=["operations", "looked up", "unknown", "preset", "items", "keys"],
)
def test_of_many_mistakes_a_few_are_listed(client: ApiClient, path: str, body: dict[str, Any], told: str) -> None:
    reply = client.send("POST", f"/__admin/{path}", json=body)
    assert len(reply.content) < 20_000
    assert told in reply.text


def test_of_many_unknown_filters_a_few_are_listed(client: ApiClient) -> None:
    reply = client.send("GET", f"/__admin/requests?{'&'.join(MANY)}")
    assert "'nope19' and 4980 more; known are operation" in reply.json()["message"]


def test_every_date_follows_the_clock_at_once(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    server.clock.set("2131-02-03T04:05:06Z")
    reply = client.log_in()
    assert reply.headers["Date"] == "Sat, 03 Feb 2131 04:05:06 GMT"
    assert (reply.json()[".issued"], reply.json()[".expires"]) == ("2131-02-03T04:05:06Z", "2131-02-03T05:05:06Z")
    assert server.requests.list()[0]["at"] == "2131-02-03T04:05:06.000Z"


def test_lifetimes_change_while_the_server_runs_and_what_is_issued_keeps_its_end(
    server: MockServer, client: ApiClient
) -> None:
    server.clock.freeze()
    before = client.device_code().json()["userCode"]
    settings = server.change_settings(code_lifetime="5s", token_lifetime="10s", refresh_lifetime="20s")
    assert (settings["code_lifetime"], settings["token_lifetime"]) == (5, 10)
    assert client.device_code().json()["expiresIn"] == 5
    assert client.log_in().json()["expires_in"] == 10
    server.clock.advance("6s")
    left = {code["userCode"]: code["state"] for code in server.device_codes.list()}
    assert left.pop(before) == "pending"
    assert list(left.values()) == ["expired"]


@pytest.mark.parametrize(
    "change",
    [
        {"code_lifetime": "0s"},
        {"code_lifetime": "5s", "port": 1},
        {"expires_unit": "hours"},
        {"verification_url": "http://x"},
    ],
    ids=str,
)
def test_settings_change_all_or_not_at_all(server: MockServer, client: ApiClient, change: dict[str, Any]) -> None:
    before = client.send("GET", "/__admin/settings").json()
    assert client.send("PATCH", "/__admin/settings", json={"token_lifetime": "7s", **change}).status_code == 400
    assert client.send("GET", "/__admin/settings").json() == before


def test_expired_tokens_each_say_so(server: MockServer, client: ApiClient) -> None:
    pair = client.log_in().json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    server.clock.advance("60m")
    assert "has expired" in client.send("GET", "/v4/Organizations", headers=bearer).headers["WWW-Authenticate"]
    server.clock.advance("14d")
    refused = client.refresh(pair["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert "has expired" in refused.json()["error_description"]


def test_reset_starts_the_world_anew(serve: Callable[..., MockServer]) -> None:
    veeam = serve(faults=[{"kind": "delay", "delay": "1ms"}])
    client = ApiClient(veeam.url)
    client.device_code()
    veeam.clock.set("2131-01-01T00:00:00Z")
    veeam.faults.clear()
    veeam.change_settings(code_lifetime="5s")
    veeam.reset()
    assert veeam.clock.now() < "2031"
    assert len(veeam.faults.list()) == 1
    assert veeam.requests.list() == veeam.device_codes.list() == []
    assert client.send("GET", "/__admin/settings").json()["code_lifetime"] == 900
    assert client.call("GET", "/v4/Organizations").status_code == 401


@pytest.mark.parametrize(
    ("match", "told"),
    [
        ({"operation": "getDevicecode"}, "body.match.operation: 'getDevicecode' is not one of getToken"),
        ({"body": {"targetRegion": "China"}}, "targetRegion"),
        ({"method": "GETT"}, "body.match.method: 'GETT' is not one of GET"),
        ({"header": {"X Y": "1"}}, "X Y"),
        ({"operation": "getToken", "path": "/v4/DeviceCode"}, "body.match.path: getToken is at /v4/Token"),
        ({"operation": "getToken", "method": "GET"}, "body.match.method: getToken is called by POST"),
    ],
    ids=str,
)
def test_what_no_request_could_fit_is_refused_and_does_not_verify_that_none_came(
    server: MockServer, match: dict[str, Any], told: str
) -> None:
    with pytest.raises(RuntimeError) as refused:
        server.requests.verify(0, **match)
    assert told in str(refused.value)
    assert "(status 400)" in str(refused.value)


def test_a_body_where_none_is_due_can_be_looked_for(server: MockServer) -> None:
    assert server.requests.verify(0, operation="getOrganizations", body={"/a": 1}) == 0


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ("operaton=getToken", "query: unknown key 'operaton'; known are operation, method, path"),
        ("operation=getDevicecode", "query.operation: 'getDevicecode' is not one of getToken"),
        ("method=GETT", "query.method: 'GETT' is not one of GET"),
        ("path=v4/Token", "query.path: "),
        ("operation=getToken&path=/v5", "query.path: getToken is at /v4/Token"),
    ],
)
def test_a_filter_that_nothing_could_pass_or_that_is_none_is_refused(
    client: ApiClient, filters: str, told: str
) -> None:
    reply = client.send("GET", f"/__admin/requests?{filters}")
    assert reply.status_code == 400
    assert told in reply.json()["message"]


@pytest.mark.parametrize("limit", [None, 5, 30])
def test_a_full_journal_is_read_in_pages(serve: Callable[..., MockServer], limit: int | None) -> None:
    server = serve(admin_key="an-admin-key-of-24-chars")
    client, control = ApiClient(server.url), f"{server.url}/__admin/requests"
    for number in range(40):
        client.send("POST", f"/v4/{number}", data=b"x" * 60_000)
    body = {} if limit is None else {"limit": limit}
    key = {"X-Admin-Key": "an-admin-key-of-24-chars"}
    page = requests.get(control, params=body, headers=key, timeout=10)
    assert len(page.json()) == (limit if limit == 5 else 16) and len(page.content) < 1_100_000
    found = requests.post(f"{control}/find", json=body, headers=key, timeout=10)
    assert found.json() == page.json()
    assert [answer.headers.get("X-Next-After") for answer in (page, found)] == (
        [None, None] if limit == 5 else [str(page.json()[-1]["id"])] * 2
    )
    attached = MockServer.attach(server.url, "an-admin-key-of-24-chars")
    for reader in (server, attached):
        paths = [exchange["request"].path for exchange in reader.requests.list(limit=limit)]
        assert paths == [f"/v4/{number}" for number in range(40)][-(limit or 40) :]
    assert len(attached.requests.list(status=404, after=found.json()[0]["id"], limit=limit)) == (limit or 40) - 1


def test_in_process_and_over_http_are_one_control_api(server: MockServer) -> None:
    attached = MockServer.attach(server.url, ca_cert=server.ca_cert)
    attached.clock.freeze()
    assert attached.clock.now() == server.clock.now()
    fault = attached.faults.add(preset="throttled")
    assert server.faults.list() == attached.faults.list()
    server.faults.remove(fault)
    with pytest.raises(RuntimeError, match="There is no fault"):
        attached.faults.remove(fault)
