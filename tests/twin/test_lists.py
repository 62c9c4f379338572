"""The order of lists: named where one server keeps another than the other, and no difference where one keeps none."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mutants.harness import Answer, Ask, Behaviour, Server
from support.twins import client_of, differences, learn
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.probing import probe

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
