"""The organizations and the installation, as a client reads them."""

from collections.abc import Callable

import pytest

from support.api_client import CHINESE_ORGANIZATION, ORGANIZATION, UNKNOWN, ApiClient


def test_two_organizations_of_different_regions_are_there_from_the_start(client: ApiClient) -> None:
    organizations = client.call("GET", "/v4/Organizations").json()
    assert [(entry["id"], entry["region"]) for entry in organizations] == [
        (ORGANIZATION, "Worldwide"),
        (CHINESE_ORGANIZATION, "China"),
    ]


@pytest.mark.parametrize("index", [0, 1])
def test_an_organization_looks_the_same_alone_as_in_the_list(client: ApiClient, index: int) -> None:
    organization = client.call("GET", "/v4/Organizations").json()[index]
    assert client.call("GET", f"/v4/Organizations/{organization['id']}").json() == organization


def test_links_and_actions_lead_to_where_they_say(client: ApiClient) -> None:
    organization = client.call("GET", f"/v4/Organizations/{ORGANIZATION}").json()
    action = organization["_actions"]["deviceCode"]
    assert organization["_links"]["self"]["href"] == f"{client.url}/v4/Organizations/{ORGANIZATION}"
    assert client.call(action["method"], action["uri"].removeprefix(client.url)).status_code == 200


def test_ids_are_matched_without_regard_to_case(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(organizations=[{"name": "a", "id": "ABCDEF00-0000-4000-8000-000000000000"}])
    assert client.call("GET", "/v4/Organizations/abcdef00-0000-4000-8000-000000000000").json()["name"] == "a"


def test_an_unknown_organization_is_not_found(client: ApiClient) -> None:
    reply = client.call("GET", f"/v4/Organizations/{UNKNOWN}")
    assert reply.status_code == 404
    assert reply.json() == {"message": f"Organization {UNKNOWN} was not found."}


def test_the_settings_say_which_organizations_there_are(client_of: Callable[..., ApiClient]) -> None:
    given = [
        {"name": "contoso.onmicrosoft.com", "region": "Germany", "type": "Hybrid", "isBackedup": True},
        {"name": "fabrikam.com", "id": UNKNOWN, "officeName": "Fabrikam"},
    ]
    first, second = client_of(organizations=given).call("GET", "/v4/Organizations").json()
    assert {key: first[key] for key in given[0]} == given[0]
    assert {key: second[key] for key in given[1]} == given[1]
    assert (second["region"], second["type"], first["officeName"]) == ("Worldwide", "Office365", given[0]["name"])


def test_an_organization_without_an_id_gets_the_same_one_on_every_run(client_of: Callable[..., ApiClient]) -> None:
    organizations = [{"name": "contoso.onmicrosoft.com"}]
    runs = [client_of(organizations=organizations).call("GET", "/v4/Organizations").json()[0]["id"] for _ in range(2)]
    assert runs[0] == runs[1]


def test_there_may_be_no_organization(client_of: Callable[..., ApiClient]) -> None:
    assert client_of(organizations=[]).call("GET", "/v4/Organizations").json() == []


@pytest.mark.parametrize(("served", "version"), [("v4", "4."), ("v4,v6", "6."), ("v8", "8.")])
def test_an_installation_is_as_new_as_its_newest_api(
    client_of: Callable[..., ApiClient], served: str, version: str
) -> None:
    client = client_of(api=served.split(","))
    client.api = served.split(",")[0]
    answer = client.call("GET", f"/{client.api}/ServiceInstance")
    assert answer.json()["version"].startswith(version)


@pytest.mark.parametrize("served", [["v4"], ["v8", "v6"], ["v4", "v5", "v6", "v7", "v8"]], ids=",".join)
def test_a_client_finds_the_versions_served_without_a_token(
    client_of: Callable[..., ApiClient], served: list[str]
) -> None:
    client = client_of(api=served)
    answers = {f"v{n}": client.send("GET", f"/v{n}/ServiceInstance").status_code for n in range(2, 10)}
    assert answers == {version: 401 if version in served else 404 for version in answers}


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
@pytest.mark.parametrize(("written", "status"), [("true", 200), ("True", 200), ("FALSE", 200), ("1", 400), ("", 400)])
def test_a_boolean_in_a_query_is_a_word_in_any_case(client: ApiClient, version: str, written: str, status: int) -> None:
    answers = [
        client.call("GET", f"/{version}/Organizations{one}?extendedView={written}") for one in ("", f"/{ORGANIZATION}")
    ]
    assert [answer.status_code for answer in answers] == [status, status]
