"""Overlays: each keeps to the Overlay Specification, and the builder carries its actions out as that says."""

import copy
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from support.documents import DOCS
from veeam_mock.spec.document import FIRST, OVERLAYS, VERSIONS, apply_overlay, bundled_path, document_of, load_document

LATER = VERSIONS[1:]

# Overlay Specification 1.0.0, section 4.4: what an overlay and each of its actions hold, and nothing else.
OVERLAY = {
    "type": "object",
    "required": ["overlay", "info", "actions"],
    "properties": {
        "overlay": {"const": "1.0.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"title": {"type": "string"}, "version": {"type": "string"}},
            "additionalProperties": False,
        },
        "extends": {"type": "string"},
        "actions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["target"],
                "properties": {
                    "target": {"type": "string", "pattern": "^[$]"},
                    "description": {"type": "string"},
                    "update": {},
                    "remove": {"const": True},
                },
                "oneOf": [{"required": ["update"]}, {"required": ["remove"]}],
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def changed(document: dict[str, Any], *actions: dict[str, Any]) -> dict[str, Any]:
    """`document` after the actions of one overlay."""
    return apply_overlay(document, {"info": {"title": "A test"}, "actions": actions})


def test_there_is_an_overlay_for_each_later_version() -> None:
    assert sorted(path.name for path in OVERLAYS.iterdir()) == [f"{version}.yaml" for version in LATER]


@pytest.mark.parametrize("version", LATER)
def test_an_overlay_keeps_to_the_specification(version: str) -> None:
    overlay = load_document(OVERLAYS / f"{version}.yaml")
    found = jsonschema_rs.Draft202012Validator(OVERLAY).iter_errors(overlay)
    assert [(list(error.instance_path), error.message) for error in found] == []


@pytest.mark.parametrize("version", LATER)
def test_no_operation_is_copied_from_the_version_before(version: str) -> None:
    before = document_of(VERSIONS[VERSIONS.index(version) - 1])
    ids = {each["operationId"] for item in before["paths"].values() for each in item.values() if "operationId" in each}
    text = (OVERLAYS / f"{version}.yaml").read_text("utf-8")
    written = {line.partition("operationId:")[2].strip() for line in text.splitlines() if "operationId:" in line}
    # From v6 on these two have a path of their own for each action, with another body.
    assert written & ids <= {"exploreOrganization", "stopRestoreSession"}


def test_an_update_merges_objects_adds_to_lists_and_replaces_the_rest() -> None:
    document = {"info": {"title": "old", "version": "1"}, "list": [1], "deep": {"list": [1], "kept": True}}
    result = changed(
        document,
        {"target": "$.info", "update": {"title": "new"}},
        {"target": "$.list", "update": 2},
        {"target": "$.deep", "update": {"list": [2], "more": {"is": "new"}}},
    )
    assert result == {
        "info": {"title": "new", "version": "1"},
        "list": [1, 2],
        "deep": {"list": [1, 2], "kept": True, "more": {"is": "new"}},
    }


def test_actions_are_carried_out_one_after_another_on_all_that_is_selected() -> None:
    result = changed(
        {"paths": {"/a": {"get": {}}, "/b": {"get": {}, "put": {}}}},
        {"target": "$.paths.*.get", "update": {"deprecated": True}},
        {"target": "$.paths['/b'].put", "remove": True},
    )
    assert result == {"paths": {"/a": {"get": {"deprecated": True}}, "/b": {"get": {"deprecated": True}}}}


def test_several_items_of_a_list_are_removed() -> None:
    result = changed({"tags": ["a", "b", "c"]}, {"target": "$.tags[0,1]", "remove": True})
    assert result == {"tags": ["c"]}


def test_the_document_before_and_the_overlay_are_left_as_they_are() -> None:
    document = {"a": {"b": [1]}}
    update = {"b": [2], "c": {"d": 1}}
    result = changed(document, {"target": "$.a", "update": update})
    result["a"]["c"]["d"] = 2
    assert document == {"a": {"b": [1]}}
    assert update == {"b": [2], "c": {"d": 1}}


def test_a_target_that_selects_nothing_is_told() -> None:
    with pytest.raises(ValueError, match=r"A test: \$\.nothing selects nothing"):
        changed({"a": 1}, {"target": "$.nothing", "remove": True})


def test_to_build_a_version_changes_no_other() -> None:
    kept = copy.deepcopy([document_of(version) for version in VERSIONS])
    document_of.cache_clear()
    assert [document_of(version) for version in reversed(VERSIONS)] == kept[::-1]


def test_a_version_that_is_not_described_is_refused() -> None:
    with pytest.raises(KeyError, match="v9"):
        document_of("v9")


def test_the_first_version_is_openapi_yaml_itself() -> None:
    assert document_of(FIRST) is load_document(bundled_path())


def test_the_page_about_versions_has_a_column_for_each() -> None:
    assert f"| what | {' | '.join(VERSIONS)} | fact |" in (DOCS / "versions.md").read_text("utf-8").splitlines()


def test_the_first_version_needs_no_jsonpath() -> None:
    script = (
        "import sys; from veeam_mock.spec.document import document_of; document_of('v4');"
        "print('jsonpath_rfc9535' in sys.modules); document_of('v5'); print('jsonpath_rfc9535' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert result.stdout.split() == ["False", "True"]
