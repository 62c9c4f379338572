"""Our documents of v6, v7 and v8 beside the vendor's own: they differ in what is listed, and in nothing else.

The vendor's documents are not part of this repository. They are looked for in the folder that the environment variable
VEEAM_VENDOR_DOCUMENTS names, else in `../shared/vendor` beside a checkout, as `openapi-v6.json` and so on.
"""

import copy
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from support.comparison import differences
from support.openapi import Json
from veeam_mock.spec.document import document_of

TOP = Path(__file__).parents[2]
# Read now: tests see no variables of this name.
FOLDER = Path(os.environ.get("VEEAM_VENDOR_DOCUMENTS") or TOP.parent / "shared" / "vendor")
COMPARED = ("v6", "v7", "v8")
LISTED: list[Json] = yaml.safe_load(Path(__file__).with_name("vendor_differences.yaml").read_text("utf-8"))


def listed(version: str) -> list[str]:
    """The differences that are meant in a version."""
    return [line for entry in LISTED if version in entry.get("versions", COMPARED) for line in entry["differences"]]


@cache
def vendors(version: str) -> Json:
    """The vendor's document of a version; where it is not at hand, the test that asks is skipped."""
    path = FOLDER / f"openapi-{version}.json"
    if not path.is_file():
        pytest.skip(
            f"{path.name} of the vendor is not in {FOLDER}: set VEEAM_VENDOR_DOCUMENTS to the folder that has it"
        )
    document: Json = orjson.loads(path.read_bytes())
    return document


@pytest.mark.parametrize("version", COMPARED)
def test_our_document_differs_from_the_vendors_only_as_meant(version: str) -> None:
    found = differences(document_of(version), vendors(version), version)
    assert sorted(found - set(listed(version))) == [], "not listed in vendor_differences.yaml"
    assert sorted(set(listed(version)) - found) == [], "listed in vendor_differences.yaml, but no longer there"


@pytest.mark.parametrize("version", COMPARED)
def test_no_sentence_of_the_vendors_is_in_ours(version: str) -> None:
    both = sentences(document_of(version)) & sentences(vendors(version))
    assert both == set()


def sentences(node: Any) -> set[str]:
    """The descriptions and summaries below a node that are long enough to be somebody's own words."""
    return {" ".join(text.split()) for text in _texts(node) if len(text.split()) > 4}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[key] for key in ("description", "summary") if isinstance(node.get(key), str))
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)


@pytest.mark.parametrize("version", COMPARED)
def test_a_difference_is_listed_once(version: str) -> None:
    assert len(listed(version)) == len(set(listed(version)))
    assert all(entry["reason"] for entry in LISTED)


Change = Callable[[Json], object]
# Difference -> the change of a copy of v8's document that makes it.
PLANTED: dict[str, Change] = {
    "getDeviceCode: only in ours": lambda d: d["paths"].pop("/v8/DeviceCode"),
    "DELETE devicecode: only in theirs": lambda d: d["paths"]["/v8/DeviceCode"].update(
        delete={"operationId": "x", "responses": {}}
    ),
    "getOrganizations parameter query msid: only in ours": lambda d: drop_parameter(d, "msid"),
    "getOrganizations query extendedView: required no, theirs yes": lambda d: parameter(d, "extendedView").update(
        required=True
    ),
    "getOrganizations query extendedView: default no, theirs yes": lambda d: parameter(d, "extendedView")[
        "schema"
    ].update(default=True),
    "getDeviceCode request: required yes, theirs no": lambda d: d["paths"]["/v8/DeviceCode"]["post"][
        "requestBody"
    ].update(required=False),
    "getToken request media type application/json: only in ours": lambda d: d["paths"]["/v8/Token"]["post"][
        "requestBody"
    ]["content"].pop("application/json"),
    "addOrganization status 201: only in ours": lambda d: d["paths"]["/v8/Organizations"]["post"]["responses"].pop(
        "201"
    ),
    "addOrganization status 409: only in ours": lambda d: d["paths"]["/v8/Organizations"]["post"]["responses"].pop(
        "409"
    ),
    "Organization msid: only in ours": lambda d: properties(d, "Organization").pop("msid"),
    "Organization more: only in theirs": lambda d: properties(d, "Organization").update(more={}),
    "Organization.msid: format uuid, theirs none": lambda d: properties(d, "Organization")["msid"].pop("format"),
    "Organization.msid: nullable yes, theirs no": lambda d: properties(d, "Organization")["msid"].pop("nullable"),
    "Organization.name: required yes, theirs no": lambda d: d["components"]["schemas"]["Organization"][
        "required"
    ].remove("name"),
    "Organization.isBackedup: type boolean, theirs string": lambda d: properties(d, "Organization")[
        "isBackedup"
    ].update(type="string"),
    "Organization.type: enum Hybrid Office365 OnPremises, theirs Hybrid": lambda d: properties(d, "Organization")[
        "type"
    ].update(enum=["Hybrid"]),
    "Links.*.href: type string, theirs none": lambda d: d["components"]["schemas"]["Links"]["additionalProperties"][
        "properties"
    ]["href"].pop("type"),
    "Error stackTrace: only in ours": lambda d: properties(d, "Error").pop("stackTrace"),
}


def properties(document: Json, schema: str) -> Json:
    found: Json = document["components"]["schemas"][schema]["properties"]
    return found


def parameter(document: Json, name: str) -> Json:
    listed = document["paths"]["/v8/Organizations"]["get"]["parameters"]
    return next(each for each in listed if each.get("name") == name)


def drop_parameter(document: Json, name: str) -> None:
    document["paths"]["/v8/Organizations"]["get"]["parameters"].remove(parameter(document, name))


def test_a_document_does_not_differ_from_itself() -> None:
    assert differences(document_of("v8"), document_of("v8"), "v8") == set()


@pytest.mark.parametrize(("difference", "change"), PLANTED.items(), ids=PLANTED)
def test_a_planted_difference_is_told_and_no_other(difference: str, change: Change) -> None:
    theirs = copy.deepcopy(document_of("v8"))
    change(theirs)
    assert differences(document_of("v8"), theirs, "v8") == {difference}


def test_default_stands_for_every_failure_and_any_media_type_for_json() -> None:
    theirs = copy.deepcopy(document_of("v7"))
    del theirs["paths"]["/v7/Token"]
    for item in theirs["paths"].values():
        for method in item.keys() - {"parameters"}:
            kept = {status: reply for status, reply in item[method]["responses"].items() if status < "400"}
            error = {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Error"}}}}
            item[method]["responses"] = {**kept, "default": error}
    assert differences(document_of("v7"), theirs, "v7") == {"getToken: only in ours"}
