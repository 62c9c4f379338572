"""The table of docs/faults.md is what clients see, in real runs over http and https."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.fault_clients import CLIENTS
from veeam_mock import MockServer
from veeam_mock.command.fault_list import catalogue
from veeam_mock.faults.kinds import TYPES
from veeam_mock.faults.presets import PRESETS

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
KINDS = [fault.kind for fault in TYPES]
WITHIN_PATIENCE = {"delay": "200ms", "over": "200ms"}


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the first table below a heading of the docs, without back-quotes, by their first cell."""
    section = DOCS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip().replace("`", "") for cell in line] for line in lines]
    return {row[0]: row[1:] for row in cells}


def prepare(veeam: MockServer) -> list[str]:
    """One world for each kind of fault, and the address of a login in it."""
    for fault in TYPES:
        example = {key: WITHIN_PATIENCE.get(key, value) for key, value in fault.example.items() if key != "times"}
        MockServer.attach(veeam.url, ca_cert=veeam.ca_cert, world=fault.kind).faults.add(**example)
    return [f"{veeam.url}/~{kind}/v4/Token" for kind in KINDS]


@pytest.mark.parametrize(
    "name", [name if name == "requests" else pytest.param(name, marks=pytest.mark.long) for name in CLIENTS]
)
def test_what_clients_see_is_what_the_docs_say(serve: Callable[..., MockServer], name: str) -> None:
    if name in ("curl", "fetch") and shutil.which({"fetch": "node"}.get(name, name)) is None:
        pytest.skip(f"there is no {name} on this machine")
    seen = {}
    for scheme, options in (("http", {"http": True}), ("https", {"http": False})):
        veeam = serve(**options)
        seen[scheme] = CLIENTS[name](prepare(veeam), veeam.ca_cert)
    column = list(CLIENTS).index(name)
    for kind, cells in rows("Kinds, and what clients see").items():
        http, _, https = cells[column].partition("; https: ")
        index = KINDS.index(kind)
        assert seen["http"][index] == http, kind
        assert seen["https"][index] in (https or http).split(" or "), kind


def test_docs_list_every_kind_and_every_preset() -> None:
    assert list(rows("Kinds, and what clients see")) == KINDS
    assert list(rows("Presets")) == list(PRESETS)


def test_docs_explain_every_parameter_of_every_kind() -> None:
    text = DOCS.read_text("utf-8")
    explained = dict(re.findall(r"(?m)^- `([a-z-]+)`: ((?:.|\n(?! *\n|- ))*)", text))
    explained |= dict.fromkeys(("reset", "empty"), "")
    for fault in TYPES:
        for parameter in fault.parameters:
            assert f"`{parameter}`" in explained[fault.kind], (fault.kind, parameter)


def test_the_catalogue_lists_every_kind_and_preset_with_an_example_that_is_taken(server: MockServer) -> None:
    import json

    examples = [json.loads(line) for line in catalogue().splitlines() if line.strip().startswith("{")]
    assert [example.get("kind") or example["preset"] for example in examples] == [*KINDS, *PRESETS]
    for example in examples:
        server.faults.add(**example)
    assert [fault["fault"] for fault in server.faults.list()] == examples
