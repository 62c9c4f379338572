"""The order of lists: named where one server keeps another than the other, and no difference where one keeps none."""

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mutants.harness import Answer, Ask, Behaviour, Server
from support.twins import client_of, differences, learn
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.forms import forms_in
from veeam_contracts.twin.probing import probe
from veeam_contracts.twin.script import play
from veeam_contracts.twin.templates import names_of

THREE = [{"name": f"o{number}.onmicrosoft.com", "region": region} for number, region in enumerate(("China", "Germany"))]
REGIONS = {"organizations": [*THREE, {"name": "o3.onmicrosoft.com", "region": "USDefence"}]}


def listing(change: Callable[[int, list[Any]], list[Any]]) -> Behaviour:
    """The mock with another list of organizations, by the number of the list."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (is_at(ask.path, "getOrganizations") and ask.method == "GET" and answer.status == 200):
            return answer
        if isinstance(answer.json, dict):
            return answer.with_members(results=change(server.count("lists"), answer.json["results"]))
        return answer.with_json(change(server.count("lists"), answer.json))

    return behave


def turned(number: int, listed: list[Any]) -> list[Any]:
    return listed[number % len(listed) :] + listed[: number % len(listed)]


def one_in_another_region(number: int, listed: list[Any]) -> list[Any]:
    return turned(number, [{**listed[0], "region": "Worldwide"}, *listed[1:]])


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_an_order_that_is_kept_is_compared(api: str) -> None:
    real = record(client_of(listing(lambda number, listed: listed[::-1]), REGIONS, api))
    found = compare(real, record(client_of(Server.answer, REGIONS, api)))
    assert [(each.aspect, each.one.split()[0]) for each in found] == [("order of a list", "USDefence")]


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_an_order_that_changes_is_no_difference_and_what_is_listed_is_one(api: str) -> None:
    steady = record(client_of(Server.answer, REGIONS, api))
    assert compare(record(client_of(listing(turned), REGIONS, api)), steady) == []
    found = compare(steady, record(client_of(listing(one_in_another_region), REGIONS, api)))
    assert [each.aspect for each in found] == ["order of a list"]
    assert "China" in found[0].one
    assert "China" not in found[0].other


def test_a_profile_has_one_order_where_the_server_has_none(tmp_path: Path) -> None:
    starts = count()

    def behave() -> Behaviour:
        start = next(starts)
        return listing(lambda number, listed: turned(number + start, listed))

    first, second = (probe(client_of(behave(), REGIONS, "v4"), VERSIONS) for _ in range(2))
    assert first.organizations == second.organizations
    assert [each["region"] for each in first.organizations or ()] == ["China", "Germany", "USDefence"]
    assert differences(record(client_of(behave(), REGIONS, "v4")), "v4", learn(behave(), REGIONS, "v4", tmp_path)) == []


def with_a_note_in_the_last(number: int, listed: list[Any]) -> list[Any]:
    first, *middle, last = listed
    return [first, *middle, {"id": last["id"], "note": "x", **{key: last[key] for key in last if key != "id"}}]


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_member_that_only_a_later_item_has_is_compared_and_learned(api: str, tmp_path: Path) -> None:
    real = record(client_of(listing(with_a_note_in_the_last), REGIONS, api))
    found = compare(real, record(client_of(Server.answer, REGIONS, api)))
    where = "body" if api == "v4" else "body.results"
    assert [each.aspect for each in found] == [f"{where}[] members"]
    assert found[0].one.startswith("id, note, name, ")
    assert differences(real, api, learn(listing(with_a_note_in_the_last), REGIONS, api, tmp_path)) == []


def test_members_have_one_order_whichever_item_comes_first() -> None:
    def behave(number: int, listed: list[Any]) -> list[Any]:
        return turned(number, with_a_note_in_the_last(number, listed))

    steady = record(client_of(listing(with_a_note_in_the_last), REGIONS, "v4"))
    assert compare(record(client_of(listing(behave), REGIONS, "v4")), steady) == []


def calls_for(length: int) -> int:
    """The calls of functions that the forms of some answers take, where so many organizations are listed."""

    def behave(number: int, listed: list[Any]) -> list[Any]:
        return [{**listed[0], "id": f"{at:036}", "name": f"{at:09}.onmicrosoft.com"} for at in range(length)]

    client = client_of(listing(behave), REGIONS, "v4")
    exchanges = {answered.question: answered.exchange for answered in play(client) if answered.exchange is not None}
    names, calls = names_of(client), 0

    def count_call(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        forms_in(exchanges, client, names)
    finally:
        sys.setprofile(before)
    return calls


def test_the_forms_of_a_long_list_cost_no_more_than_those_of_a_shorter_one() -> None:
    shorter, longer = calls_for(2_000), calls_for(8_000)
    assert longer < 1.1 * shorter


def test_the_organization_that_is_asked_for_is_chosen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(Server.answer, REGIONS, "v4")
    chosen = client.organization_id()
    monkeypatch.setattr("veeam_contracts.asking.client.preference", None)
    assert client.organization_id() == chosen is not None


def test_what_was_not_asked_for_want_of_time_is_no_difference() -> None:
    whole = record(client_of(Server.answer, REGIONS, "v4"))
    for requests in range(20, 60, 3):
        assert compare(whole, record(client_of(Server.answer, REGIONS, "v4", requests=requests))) == []
