"""What a user sees of operations that another document describes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.api_client import ORGANIZATION, UNKNOWN, ApiClient
from veeam_mock import MockServer

SHOP = str(Path(__file__).parents[1] / "support" / "shop.yaml")


@pytest.fixture
def shop(client_of: Callable[..., ApiClient]) -> ApiClient:
    """A client of a server that also serves the shop."""
    return client_of(also=[SHOP], seed=1)


def get(client: ApiClient, path: str, **options: Any) -> Any:
    answer = client.call("GET", path, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_has_a_few_items_each_of_which_is_read_by_its_id(shop: ApiClient) -> None:
    page = get(shop, "/v8/Shelves")
    assert (page["offset"], page["limit"], len(page["results"])) == (0, 30, 3)
    assert len({item["id"] for item in page["results"]}) == 3
    assert [get(shop, f"/v8/Shelves/{item['id']}") for item in page["results"]] == page["results"]


def test_an_array_has_a_few_items_each_of_which_is_read_by_its_id(shop: ApiClient) -> None:
    books = get(shop, f"/v8/Shelves/{UNKNOWN}/Books")
    assert [book["shelfId"] for book in books] == [UNKNOWN] * 3
    assert [get(shop, f"/v8/Shelves/{UNKNOWN}/Books/{book['id']}") for book in books] == books


def test_a_part_of_a_page_is_asked_for(shop: ApiClient) -> None:
    whole = get(shop, "/v8/Shelves")["results"]
    part = get(shop, "/v8/Shelves?offset=1&limit=1")
    assert part == {"offset": 1, "limit": 1, "results": whole[1:2]}


def test_items_are_asked_for_by_a_property(shop: ApiClient) -> None:
    found = get(shop, f"/v8/Shelves?organizationId={ORGANIZATION}")["results"]
    assert 1 <= len(found) < 3 and {item["organizationId"] for item in found} == {ORGANIZATION}


def test_an_id_in_the_path_that_no_list_has_is_in_the_answer(shop: ApiClient) -> None:
    assert get(shop, f"/v8/Shelves/{UNKNOWN}")["id"] == UNKNOWN


def test_organizations_are_those_of_the_world(shop: ApiClient) -> None:
    known = {item["id"]: item["name"] for item in get(shop, "/v4/Organizations")}
    items = get(shop, "/v8/Shelves")["results"]
    assert all(known[item["organizationId"]] == item["organizationName"] for item in items)


def test_dates_follow_the_clock(serve: Callable[..., MockServer]) -> None:
    server = serve(also=[SHOP], seed=1)
    client = ApiClient(server.url)
    server.clock.set("2040-05-05T12:00:00Z")
    item = get(client, "/v8/Shelves")["results"][0]
    assert "2040-04-27" < item["createdTime"] < "2040-05-05" < item["nextDusting"] < "2040-05-14"


@pytest.mark.parametrize(("seed", "is_same"), [(1, True), (2, False)])
def test_a_seed_repeats_the_answers(
    shop: ApiClient, client_of: Callable[..., ApiClient], seed: int, is_same: bool
) -> None:
    other = client_of(also=[SHOP], seed=seed)
    assert (get(shop, "/v8/Label") == get(other, "/v8/Label")) is is_same


def test_worlds_differ(shop: ApiClient) -> None:
    world = ApiClient(f"{shop.url}/~other")
    assert get(world, "/v8/Label") != get(shop, "/v8/Label")


def test_an_example_is_the_answer_where_it_fits(shop: ApiClient) -> None:
    assert shop.send("GET", "/v8/Opening").json() == {"open": "always"}


def test_an_example_that_breaks_its_schema_is_passed_over(shop: ApiClient) -> None:
    assert 5 <= get(shop, "/v8/Closing")["day"] <= 9


def test_a_schema_that_holds_itself_ends(shop: ApiClient) -> None:
    assert len(get(shop, "/v8/DeviceCode/oak/Tree")["leaf"]) >= 30


def test_an_answer_that_is_no_json_has_its_media_type(shop: ApiClient) -> None:
    answer = shop.call("GET", "/v8/Picture")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png") and answer.content


def test_what_is_created_has_what_was_sent(shop: ApiClient) -> None:
    answer = shop.call("POST", "/v8/Shelves", json={"name": "Poems"})
    assert (answer.status_code, answer.json()["name"]) == (201, "Poems")


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/v8/Shelves/none", {}, 400),
        ("GET", "/v8/Shelves?limit=few", {}, 400),
        ("POST", "/v8/Shelves", {}, 400),
        ("POST", "/v8/Shelves", {"json": {"name": 1}}, 400),
        ("POST", "/v8/Shelves", {"data": "name"}, 415),
        ("PUT", "/v8/Shelves", {}, 405),
        ("GET", "/v8/Sheep", {}, 404),
        ("DELETE", f"/v8/Shelves/{UNKNOWN}", {}, 204),
        ("HEAD", "/v8/Shelves", {}, 200),
        ("GET", "/v8/shelves", {}, 200),
        ("GET", "/v8/Shelves/", {}, 200),
        ("PUT", "/v8/Picture", {"files": {"picture": b"1"}}, 204),
        ("PUT", "/v8/Picture", {"data": b"1", "headers": {"Content-Type": "image/png"}}, 204),
    ],
)
def test_a_request_is_checked(shop: ApiClient, method: str, path: str, options: dict[str, Any], status: int) -> None:
    assert shop.call(method, path, **options).status_code == status


def test_credentials_are_asked_for(shop: ApiClient) -> None:
    assert shop.send("GET", "/v8/Shelves").status_code == 401


def test_a_fault_strikes_by_the_operation(shop: ApiClient) -> None:
    answer = shop.call("GET", "/v8/Shelves", headers={"Prefer": "code=503; operation=getShelves"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (503, "code=503")


def test_the_journal_has_the_operation(serve: Callable[..., MockServer]) -> None:
    server = serve(also=[SHOP])
    get(ApiClient(server.url), "/v8/Shelves")
    assert server.requests.list()[-1]["operation"] == "getShelves"


def test_what_is_forgiven_is_in_the_journal_and_refused_by_strict(serve: Callable[..., MockServer]) -> None:
    server = serve(also=[SHOP])
    get(ApiClient(server.url), "/v8/Shelves/")
    assert server.requests.list()[-1]["forgiven"] == ["path: a slash stands at its end"]
    strict = ApiClient(serve(also=[SHOP], strict=True).url)
    assert strict.call("GET", "/v8/Shelves/").status_code == 404


def test_the_mocks_own_operations_go_first(client_of: Callable[..., ApiClient], tmp_path: Path) -> None:
    schema = {"content": {"application/json": {"schema": {"const": "other"}}}}
    paths = ["/v8/ServiceInstance", "/v8/Organizations/Own"]
    document = {"openapi": "3.0.1", "paths": {path: {"get": {"responses": {"200": schema}}} for path in paths}}
    (tmp_path / "own.json").write_text(json.dumps(document))
    client = client_of(also=[str(tmp_path / "own.json")])
    assert "version" in get(client, "/v8/ServiceInstance")
    assert get(client, "/v8/Organizations/Own") == "other"


def test_a_prefix_becomes_another(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(also=[f"{SHOP}:/v8=/v4"])
    assert len(get(client, "/v4/Shelves")["results"]) == 3
    assert client.call("GET", "/v8/Shelves").status_code == 404
