"""The life of a device code through the API: approved or declined by a person, spent, and what comes of it."""

import concurrent.futures
from collections.abc import Callable
from typing import Any

import pytest
import requests

from support.api_client import CHINESE_ORGANIZATION, ORGANIZATION, RESTORE_SESSION, ApiClient
from veeam_mock import MockServer
from veeam_mock.control.client import ControlFailure

PENDING = "AADSTS70016"
UNKNOWN = "AADSTS70018"
EXPIRED = "AADSTS70019"
SPENT = "AADSTS54005"
DENIED = "AADSTS65004"


def new_code(client: ApiClient, region: str = "worldwide") -> str:
    return str(client.device_code(region).json()["userCode"])


def add(client: ApiClient, code: str, **fields: Any) -> requests.Response:
    return client.call("POST", "/v4/Organizations", json={"userCode": code, "newApplicationName": "Backup", **fields})


def names(client: ApiClient) -> list[str]:
    return [organization["name"] for organization in client.call("GET", "/v4/Organizations").json()]


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"].partition(":")[0]


def test_an_approved_code_adds_the_organization_of_the_account(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    assert server.device_codes.approve(code, "admin@fabrikam.onmicrosoft.com")["state"] == "approved"
    organization = add(client, code).json()
    assert (organization["name"], organization["region"]) == ("fabrikam.onmicrosoft.com", "Worldwide")
    assert client.call("GET", f"/v4/Organizations/{organization['id']}").json() == organization
    assert "fabrikam.onmicrosoft.com" in names(client)
    assert client.call("POST", f"/v4/Organizations/{organization['id']}/DeviceCode").status_code == 200
    assert server.device_codes.get(code)["state"] == "spent"


@pytest.mark.parametrize(
    "refused",
    [{"type": "OnPremi\u017fes"}, {"type": "Moon"}, {"isExchangeOnline": "yes"}, {"region": "Moon"}, {"name": ""}],
    ids=str,
)
def test_a_request_that_is_refused_spends_no_code(
    server: MockServer, client: ApiClient, refused: dict[str, Any]
) -> None:
    code = new_code(client)
    server.device_codes.approve(code)
    assert add(client, code, **refused).status_code == 400
    assert server.device_codes.get(code)["state"] == "approved"
    assert add(client, code).status_code == 200


def test_what_is_said_of_an_organization_is_kept(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    server.device_codes.approve(code, "admin@fabrikam.onmicrosoft.com")
    said = {"name": "n.test", "officeName": "o.test", "isExchangeOnline": False, "isSharePointOnline": False}
    added = add(client, code, **said, type="hybrid", newApplicationName=None).json()
    assert {**said, "type": "Hybrid"}.items() <= added.items()
    address = f"/v4/Organizations/{added['id']}"
    assert client.call("PUT", address, json={"officeName": "p.test"}).status_code == 204
    assert client.call("GET", address).json() == {**added, "officeName": "p.test"}


@pytest.mark.parametrize(
    ("api", "kept"),
    [
        ("v4", {}),
        ("v6", {"isTeamsOnline": False, "isTeamsChatsOnline": True}),
        ("v8", {"isTeamsOnline": False, "isTeamsChatsOnline": True, "description": "of ours"}),
    ],
)
def test_what_later_versions_say_of_an_organization_is_kept_there(
    server: MockServer, client: ApiClient, api: str, kept: dict[str, object]
) -> None:
    code = new_code(client)
    server.device_codes.approve(code)
    said = {"userCode": code, "newApplicationName": "Backup", "isTeamsOnline": False, "description": "ours"}
    added = client.call("POST", f"/{api}/Organizations", json=said).json()
    address = f"/{api}/Organizations/{added['id']}"
    changed = client.call("PUT", address, json={"isTeamsChatsOnline": True, "description": "of ours"})
    assert changed.status_code == 204
    query = "?extendedView=false" if api == "v6" else ""
    found = client.call("GET", address + query).json()
    assert {name: found.get(name) for name in kept} == kept
    assert ("isTeamsOnline" in found) is ("isTeamsOnline" in kept)


def test_a_code_that_has_expired_keeps_its_end(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    code = new_code(client)
    ended = server.device_codes.expire(code)["expiresAt"]
    server.clock.advance("1h")
    assert server.device_codes.expire(code)["expiresAt"] == ended


@pytest.mark.parametrize(
    ("ends", "error"),
    [
        ([], PENDING),
        (["deny"], DENIED),
        (["expire"], EXPIRED),
        (["approve", "deny"], DENIED),
        (["approve", "expire"], EXPIRED),
        (["deny", "expire"], EXPIRED),
    ],
)
def test_a_code_that_is_not_approved_adds_nothing(
    server: MockServer, client: ApiClient, ends: list[str], error: str
) -> None:
    code, before = new_code(client), names(client)
    for end in ends:
        getattr(server.device_codes, end)(code)
    assert refusal(add(client, code)) == (400, error)
    assert names(client) == before


def test_a_code_that_was_never_issued_adds_nothing(client: ApiClient) -> None:
    assert refusal(add(client, "AAAAAAAAA")) == (400, UNKNOWN)


def test_a_code_is_spent_once_and_stays_spent(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    server.device_codes.approve(code)
    assert add(client, code).status_code == 200
    assert refusal(add(client, code)) == (400, SPENT)
    server.clock.advance("16m")
    assert refusal(add(client, code)) == (400, SPENT)
    for decide in (server.device_codes.approve, server.device_codes.deny, server.device_codes.expire):
        with pytest.raises(ControlFailure, match=SPENT):
            decide(code)


def test_an_approved_code_expires_with_the_clock(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    server.device_codes.approve(code)
    server.clock.advance("15m")
    assert refusal(add(client, code)) == (400, EXPIRED)
    with pytest.raises(ControlFailure, match=EXPIRED):
        server.device_codes.approve(code)


@pytest.mark.parametrize(("asked", "wanted", "status"), [("China", "Worldwide", 400), ("China", "China", 200)])
def test_a_code_adds_only_an_organization_of_its_region(
    server: MockServer, client: ApiClient, asked: str, wanted: str, status: int
) -> None:
    code = new_code(client, asked)
    server.device_codes.approve(code)
    assert add(client, code, region=wanted).status_code == status
    assert server.device_codes.get(code)["state"] == ("spent" if status == 200 else "approved")


def test_names_of_one_government_cloud_mean_the_same_region(server: MockServer, client: ApiClient) -> None:
    code = new_code(client, "USgovDefence")
    server.device_codes.approve(code)
    assert add(client, code, region="USDefence").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v4/Organizations/{ORGANIZATION}/DeviceCode", None),
        (f"/v4/RestoreSessions/{RESTORE_SESSION}/organization/restoreDeviceCode", {}),
    ],
)
def test_a_code_for_something_else_adds_no_organization(
    server: MockServer, client: ApiClient, path: str, body: object
) -> None:
    code = client.call("POST", path, json=body).json()["userCode"]
    server.device_codes.approve(code)
    answer = add(client, code)
    assert (answer.status_code, "was issued for" in answer.json()["message"]) == (400, True)
    assert server.device_codes.get(code)["state"] == "approved"


def test_an_organization_is_added_once_and_the_second_code_is_left(server: MockServer, client: ApiClient) -> None:
    codes = [new_code(client), new_code(client)]
    for code in codes:
        server.device_codes.approve(code, "admin@contoso.onmicrosoft.com")
    answers = [add(client, code).status_code for code in codes]
    assert answers == [200, 409]
    assert server.device_codes.get(codes[1])["state"] == "approved"


def test_a_code_of_an_organization_gives_it_a_new_application(server: MockServer, client: ApiClient) -> None:
    code = client.call("POST", f"/v4/Organizations/{CHINESE_ORGANIZATION}/DeviceCode").json()["userCode"]
    server.device_codes.approve(code)
    wanted = {"userCode": code, "displayName": "Backup", "count": 2}
    refused = client.call("POST", f"/v4/Organizations/{ORGANIZATION}/Applications", json=wanted)
    assert (refused.status_code, server.device_codes.get(code)["state"]) == (400, "approved")
    added = client.call("POST", f"/v4/Organizations/{CHINESE_ORGANIZATION}/Applications", json=wanted)
    assert (added.status_code, server.device_codes.get(code)["state"]) == (200, "spent")
    assert [each["displayName"] for each in added.json()["results"]] == ["Backup 1", "Backup 2"]
    again = client.call("POST", f"/v4/Organizations/{CHINESE_ORGANIZATION}/Applications", json=wanted)
    assert again.status_code == 400


def test_a_code_to_add_an_organization_renews_the_login_of_one(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    server.device_codes.approve(code)
    change = {"userCode": code, "newApplicationName": "Backup", "isSharePointOnline": False}
    changed = client.call("PUT", f"/v4/Organizations/{ORGANIZATION}", json=change)
    assert (changed.status_code, server.device_codes.get(code)["state"]) == (204, "spent")
    assert client.call("GET", f"/v4/Organizations/{ORGANIZATION}").json()["isSharePointOnline"] is False


def test_a_removed_organization_is_gone_and_can_be_added_again(server: MockServer, client: ApiClient) -> None:
    for _ in range(2):
        code = new_code(client)
        server.device_codes.approve(code, "admin@contoso.onmicrosoft.com")
        organization = add(client, code).json()
        address = f"/v4/Organizations/{organization['id']}"
        assert client.call("DELETE", address).status_code == 200
        assert [client.call(method, address).status_code for method in ("GET", "DELETE")] == [404, 404]


def test_codes_are_approved_without_a_person_when_virtual_time_has_passed(serve: Callable[..., MockServer]) -> None:
    server = serve(auto_approve="3s")
    client = ApiClient(server.url)
    server.clock.freeze()
    code = new_code(client)
    assert refusal(add(client, code)) == (400, PENDING)
    server.clock.advance("3s")
    assert add(client, code).json()["name"] == "fabrikam.onmicrosoft.com"


def test_approval_without_a_person_holds_for_codes_issued_from_then_on(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    codes = [new_code(client)]
    server.change_settings(auto_approve="3s")
    codes.append(new_code(client))
    server.change_settings(auto_approve=None)
    codes.append(new_code(client))
    server.clock.advance("3s")
    assert [server.device_codes.get(code)["state"] for code in codes] == ["pending", "approved", "pending"]


def test_of_fifty_who_spend_a_code_at_once_one_succeeds(server: MockServer, client: ApiClient) -> None:
    code = new_code(client)
    server.device_codes.approve(code, "admin@fabrikam.onmicrosoft.com")
    clients = [ApiClient(server.url, server.ca_cert or True) for _ in range(50)]
    for other in clients:
        other.share_login(client)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda one: add(one, code), clients))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {refusal(answer) for answer in answers if answer.status_code == 400} == {(400, SPENT)}
    assert names(client).count("fabrikam.onmicrosoft.com") == 1
