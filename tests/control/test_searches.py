"""Searches of the journal take their turns, and hold up neither the API nor other calls."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from veeam_mock.control.operations import OPERATIONS
from veeam_mock.messages import Request
from veeam_mock.mock import Mock

JSON = {"content-type": "application/json", "host": "localhost"}


def search(mock: Mock, name: str) -> int:
    return mock.answer(Request("POST", f"/__admin/requests/{name}", "", JSON, b"{}")).status


@pytest.mark.parametrize(("first", "second"), [("verify", "find"), ("find", "verify"), ("verify", "verify")])
def test_one_search_begins_when_another_has_ended_and_all_else_goes_on(
    first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mock, begun, may_end, under_way = Mock(), threading.Event(), threading.Event(), [0]

    def look(*call: Any) -> object:
        under_way[0] += 1
        begun.set()
        may_end.wait(10)
        assert under_way == [1]
        under_way[0] -= 1
        return []

    monkeypatch.setitem(OPERATIONS, f"{first}Requests", look)
    monkeypatch.setitem(OPERATIONS, f"{second}Requests", look)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(search, mock, first)
        assert begun.wait(10)
        other = pool.submit(search, mock, second)
        others = ["/v4/ServiceInstance", "/__admin/health", "/__admin/requests", "/__admin/faults"]
        found = [mock.answer(Request("GET", path, "", {"host": "localhost"})).status for path in others]
        may_end.set()
        assert (one.result(), other.result()) == (200, 200)
    assert found == [401, 200, 200, 200]


@pytest.mark.parametrize(
    ("operation", "path"),
    [("getDeviceCodes", "device-codes"), ("getTokens", "tokens"), ("getFaults", "faults"), ("getRequests", "requests")],
)
def test_the_api_goes_on_while_a_long_list_is_made(operation: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mock, begun, may_end = Mock(), threading.Event(), threading.Event()

    def look(*call: Any) -> object:
        begun.set()
        return [] if may_end.wait(10) else None

    monkeypatch.setitem(OPERATIONS, operation, look)
    with ThreadPoolExecutor(2) as pool:
        listed = pool.submit(mock.answer, Request("GET", f"/__admin/{path}", "", {"host": "localhost"}))
        assert begun.wait(10)
        asked = pool.submit(mock.answer, Request("GET", "/v4/ServiceInstance", "", {"host": "localhost"}))
        assert asked.result(10).status == 401
        may_end.set()
        assert listed.result().body == b"[]"
