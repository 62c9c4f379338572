"""What differs between the versions of the API, and that one world serves all of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from support.api_client import ORGANIZATION, RESTORE_SESSION, UNKNOWN, ApiClient
from veeam_mock import MockServer

ALL = ["v4", "v5", "v6", "v7", "v8"]
ADDRESS = f"Organizations/{ORGANIZATION}"


@pytest.fixture(params=ALL)
def speaking(request: pytest.FixtureRequest, client: ApiClient) -> ApiClient:
    """A client of each version."""
    client.api = request.param
    return client


def ask(client: ApiClient, method: str, path: str, body: object = None) -> Any:
    """An answer below the client's version; v6 wants `extendedView` where organizations are read."""
    query = "?extendedView=true" if client.api == "v6" and method == "GET" and path.startswith("Organizations") else ""
    return client.call(method, f"/{client.api}/{path}{query}", json=body)


def organizations(client: ApiClient) -> list[dict[str, Any]]:
    listed = ask(client, "GET", "Organizations").json()
    return list(listed["results"] if client.api == "v8" else listed)


def test_a_code_is_checked_and_spent_in_every_version(server: MockServer, speaking: ApiClient) -> None:
    code = speaking.device_code("Worldwide").json()["userCode"]
    checked = []
    for _ in range(2):
        if speaking.api in ("v6", "v7", "v8"):
            checked.append(ask(speaking, "POST", "DeviceCode/check", {"userCode": code}).json())
        server.device_codes.approve(code, "ada@contoso.onmicrosoft.com")
    assert checked in ([], [{"authenticated": False}, {"authenticated": True}])
    added = ask(speaking, "POST", "Organizations", {"userCode": code, "newApplicationName": "Backup"})
    assert added.status_code == (201 if speaking.api == "v8" else 200)
    assert added.json()["name"] in [each["name"] for each in organizations(speaking)]
    removed = ask(speaking, "DELETE", f"Organizations/{added.json()['id']}")
    assert (removed.status_code, removed.content) == (200 if speaking.api == "v4" else 204, b"")


def test_one_world_serves_all_versions(server: MockServer, client: ApiClient) -> None:
    client.api = "v7"
    bearer = client.bearer
    code = client.call("POST", "/v6/DeviceCode", json={"targetRegion": "Worldwide"}).json()["userCode"]
    server.device_codes.approve(code, "ada@contoso.onmicrosoft.com")
    new = {"userCode": code, "newApplicationName": "Backup"}
    added = client.send("POST", "/v8/Organizations", json=new, headers=bearer)
    assert added.status_code == 201
    assert client.send("GET", f"/v4/Organizations/{added.json()['id']}", headers=bearer).status_code == 200


def test_organizations_are_an_array_up_to_v7_and_a_page_in_v8(speaking: ApiClient) -> None:
    listed = ask(speaking, "GET", "Organizations").json()
    assert isinstance(listed, dict if speaking.api == "v8" else list)
    assert len(organizations(speaking)) == 2


@pytest.mark.parametrize(
    ("query", "names", "following"),
    [
        ("", 2, None),
        ("?limit=1", 1, "/v8/Organizations?offset=1&limit=1"),
        ("?limit=1&offset=1", 1, None),
        ("?offset=5", 0, None),
        ("?limit=0", 0, None),
        ("?backedUpOrganizationId=tailspintoys.onmicrosoft.com", 1, None),
        (f"?msid={UNKNOWN}", 0, None),
    ],
)
def test_a_page_is_cut_and_leads_on(client: ApiClient, query: str, names: int, following: str | None) -> None:
    page = client.call("GET", f"/v8/Organizations{query}").json()
    assert len(page["results"]) == names
    assert page["_links"].get("next", {}).get("href") == following


def test_links_of_pages_lead_through_the_same_list(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(ambiguities={"extended-view": "required"})
    page = client.call("GET", "/v8/Organizations?extendedView=true&limit=1&limit=1&foreign=1").json()
    assert page["_links"]["self"]["href"] == "/v8/Organizations?extendedView=true&offset=0&limit=1"
    names = [each["name"] for each in page["results"]]
    while "next" in page["_links"]:
        followed = client.call("GET", page["_links"]["next"]["href"])
        assert followed.status_code == 200, followed.text
        page = followed.json()
        names += [each["name"] for each in page["results"]]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1", "-1 is less than the minimum of 0"),
        ("2147483648", "2147483648 is greater than the maximum of 2147483647"),
        ("9" * 30, f"{'9' * 30} is greater than the maximum of 2147483647"),
        ("1e3", "'1e3' is not of type integer"),
        ("", "'' is not of type integer"),
    ],
)
def test_a_page_is_asked_for_by_numbers_of_32_bits(client: ApiClient, name: str, text: str, expected: str) -> None:
    refused = client.call("GET", f"/v8/Organizations?{name}={text}")
    assert (refused.status_code, refused.json()["message"]) == (400, f"query.{name}: {expected}")
    assert client.call("GET", f"/v8/Organizations?{name}=2147483647").status_code == 200


def test_links_are_whole_up_to_v5_and_have_no_host_from_v6(server: MockServer, speaking: ApiClient) -> None:
    link = organizations(speaking)[0]["_links"]["self"]["href"]
    root = server.url if speaking.api in ("v4", "v5") else ""
    assert link == f"{root}/{speaking.api}/{ADDRESS}"
    below = speaking.call("GET", f"/~mine/{speaking.api}/ServiceInstance")
    assert below.status_code == 401, "a token of the default world opens no other"


@pytest.mark.parametrize(
    ("region", "accepted"),
    [("USgovDefence", {"v4", "v5"}), ("USDefence", set(ALL)), ("worldwide", set(ALL)), ("Atlantis", set())],
)
def test_regions_have_other_names_from_v6(speaking: ApiClient, region: str, accepted: set[str]) -> None:
    assert speaking.device_code(region).status_code == (200 if speaking.api in accepted else 400)


def test_a_region_is_told_by_the_names_of_the_version(serve: Callable[..., MockServer]) -> None:
    server = serve(organizations=[{"name": "gov.onmicrosoft.us", "region": "USgovDefence"}])
    client = ApiClient(server.url)
    told = {}
    for client.api in ("v5", "v6"):
        told[client.api] = organizations(client)[0]["region"]
    assert told == {"v5": "USgovDefence", "v6": "USDefence"}


def test_milliseconds_are_told_up_to_v6_alone(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(expires_unit="milliseconds")
    told = {}
    for client.api in ALL:
        told[client.api] = client.device_code("Worldwide").json()["expiresIn"]
    assert told == {"v4": 900_000, "v5": 900_000, "v6": 900_000, "v7": 900, "v8": 900}


def test_errors_have_codes_in_v8(speaking: ApiClient) -> None:
    refused = ask(speaking, "GET", f"Organizations/{UNKNOWN}")
    assert refused.status_code == 404
    assert refused.json().get("errorCode") == ("ResourceNotFound" if speaking.api == "v8" else None)
    bad = speaking.device_code("Atlantis").json()
    assert bad.get("errorCode") == ("ParameterValidationFailure" if speaking.api == "v8" else None)


def test_a_refused_token_is_told_without_a_body_in_v8(speaking: ApiClient) -> None:
    refused = speaking.send("GET", f"/{speaking.api}/ServiceInstance", headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, "WWW-Authenticate" in refused.headers) == (401, True)
    assert (refused.content == b"") == (speaking.api == "v8")


def test_a_refused_login_has_the_shape_of_the_version(speaking: ApiClient) -> None:
    refused = speaking.log_in(password="wrong")
    assert refused.status_code == 400
    assert ("error" in refused.json()) == (speaking.api in ("v4", "v5"))
    assert ("message" in refused.json()) == (speaking.api not in ("v4", "v5"))


def test_extended_view_is_needed_in_v6_alone(speaking: ApiClient) -> None:
    listed = speaking.call("GET", f"/{speaking.api}/Organizations")
    assert listed.status_code == (400 if speaking.api == "v6" else 200)


@pytest.mark.parametrize(
    ("path", "since"),
    [("DeviceCode/check", 6), ("AzureServiceAccounts/DeviceCode", 6), ("Token/logout", 7), ("Token/AuthCode", 7)],
)
def test_later_operations_are_unknown_to_earlier_versions(speaking: ApiClient, path: str, since: int) -> None:
    answer = ask(speaking, "POST", path, {})
    assert (answer.status_code == 404) == (int(speaking.api[1:]) < since)


@pytest.mark.parametrize("api", ["v7", "v8"])
def test_a_logout_ends_the_login(client: ApiClient, api: str) -> None:
    client.api = api
    assert ask(client, "POST", "Token/AuthCode").json()["authCode"]
    assert ask(client, "POST", "Token/logout").status_code == (200 if api == "v7" else 204)
    assert ask(client, "GET", "ServiceInstance").status_code == 401


@pytest.mark.parametrize("api", ["v7", "v8"])
def test_a_logout_ends_the_refresh_token_too_and_no_other_login(client: ApiClient, api: str) -> None:
    client.api = api
    mine, other = client.log_in().json(), client.log_in().json()
    bearer = {"Authorization": f"Bearer {mine['access_token']}"}
    assert client.send("POST", f"/{api}/Token/logout", headers=bearer).ok
    assert client.refresh(mine["refresh_token"]).status_code == 400
    assert client.refresh(other["refresh_token"]).status_code == 200


def test_an_authentication_code_is_not_kept(server: MockServer, client: ApiClient) -> None:
    client.api = "v8"
    code = ask(client, "POST", "Token/AuthCode").json()["authCode"]
    [kept] = server.requests.list(operation="getAuthCode")
    assert code not in str(kept)
    assert "authCode" in kept["reply"]["body"]


@pytest.mark.parametrize("api", ["v6", "v7", "v8"])
def test_an_azure_account_gets_a_code_with_its_end(client: ApiClient, api: str) -> None:
    client.api = api
    code = ask(client, "POST", "AzureServiceAccounts/DeviceCode", {"azureEnvironment": "China"}).json()
    assert code["verificationUri"] == "https://microsoft.com/deviceloginchina"
    assert datetime.fromisoformat(code["expiresOnUtc"]).tzinfo is not None


def test_a_restore_session_starts_gives_codes_and_ends(speaking: ApiClient) -> None:
    is_old = speaking.api in ("v4", "v5")
    start = ("Action", {"explore": {"type": "vesp"}}) if is_old else ("explore", {"type": "Vesp"})
    started = ask(speaking, "POST", f"{ADDRESS}/{start[0]}", start[1])
    assert started.status_code == (201 if speaking.api == "v8" else 200)
    session = started.json()
    assert (session["type"], session["state"]) == ("Vesp", "Working")
    address = f"RestoreSessions/{session['id']}"
    code = ask(speaking, "POST", f"{address}/organization/restoreDeviceCode", {})
    assert code.status_code == 200
    end = ("Action", {"stop": None}) if is_old else ("Stop", None)
    ended = ask(speaking, "POST", f"{address}/{end[0]}", end[1])
    assert (ended.status_code, ended.content) == (204 if speaking.api == "v8" else 200, b"")
    assert ask(speaking, "GET", address).json()["state"] == "Stopped"
    refused = ask(speaking, "POST", f"{address}/organization/restoreDeviceCode", {})
    assert refused.status_code == 404


def test_restore_sessions_of_the_settings_are_there(speaking: ApiClient) -> None:
    assert ask(speaking, "GET", f"RestoreSessions/{RESTORE_SESSION}").json()["state"] == "Working"


def test_a_fault_strikes_an_operation_in_every_version(server: MockServer, speaking: ApiClient) -> None:
    server.faults.add(kind="status", status=503, match={"operation": "getDeviceCode"})
    assert speaking.device_code("Worldwide").status_code == 503
    assert server.requests.list(operation="getDeviceCode")[0]["request"]["path"] == f"/{speaking.api}/DeviceCode"


def test_a_fault_may_be_for_a_later_version_alone(server: MockServer, client: ApiClient) -> None:
    server.faults.add(kind="status", status=503, match={"operation": "getDeviceCode", "path": "/v8/*"})
    told = {}
    for client.api in ("v4", "v8"):
        told[client.api] = client.device_code("Worldwide").status_code
    assert told == {"v4": 200, "v8": 503}


def test_a_fault_has_the_words_of_the_version(server: MockServer, client: ApiClient) -> None:
    server.faults.add(kind="status", status=503)
    client.api = "v8"
    assert client.log_in().json()["errorCode"] == "HttpError"


@pytest.mark.parametrize("assertion", ["a.b.c", ""])
def test_an_assertion_stands_for_a_login(speaking: ApiClient, assertion: str) -> None:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    form = {"grant_type": grant, "client_id": "x", "assertion": assertion}
    answer = speaking.send("POST", f"/{speaking.api}/Token", data=form)
    assert answer.status_code == (200 if assertion else 400)


def test_the_operator_logs_in_from_v6_on(speaking: ApiClient) -> None:
    form = {"grant_type": "operator", "username": "administrator", "password": "veeam"}
    answer = speaking.send("POST", f"/{speaking.api}/Token", data=form)
    assert answer.status_code == (400 if speaking.api in ("v4", "v5") else 200)
