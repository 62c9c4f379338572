"""The ambiguities of the document, and how one reading of each becomes part of its schemas.

Also turns what is particular to OpenAPI 3.0 schemas (`nullable`) and to this project (`x-ignore-case`) into plain
JSON Schema.
"""

from collections.abc import Mapping
from typing import Any

from veeam_mock.spec.schema import in_any_case


def default_readings(document: Mapping[str, Any]) -> dict[str, str]:
    """The first reading of every ambiguity of `document`: id -> name."""
    return {key: next(iter(entry["readings"])) for key, entry in document.get("x-ambiguities", {}).items()}


def apply_readings(document: Mapping[str, Any], readings: Mapping[str, str]) -> dict[str, Any]:
    """A copy of `document` with the picked readings merged in and its schemas made plain JSON Schema.

    A question that `readings` does not pick keeps the most permissive form, as the document writes it.
    """
    patches = {
        key: document["x-ambiguities"][key]["readings"][name]
        for key, name in readings.items()
        if key in document.get("x-ambiguities", {})
    }
    result = _rewrite({key: value for key, value in document.items() if key != "x-ambiguities"}, patches)
    assert isinstance(result, dict)
    return result


def _rewrite(node: object, patches: Mapping[str, Any]) -> object:
    if isinstance(node, list):
        return [_rewrite(item, patches) for item in node]
    if not isinstance(node, Mapping):
        return node
    result = {key: _rewrite(value, patches) for key, value in node.items()}
    for key in node.get("x-ambiguity", ()):
        part = "parameter" if "in" in node else "schema"
        result = merge_patch(result, patches.get(key, {}).get(part, {}))
    return _plain(result)


def merge_patch(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` changed by a JSON Merge Patch (RFC 7396), one level deep: None removes, anything else replaces."""
    merged = {**target, **patch}
    return {key: value for key, value in merged.items() if not (key in patch and value is None)}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.pop("x-ignore-case", False) and "enum" in schema:
        options = dict.fromkeys(str(name).lower() for name in schema["enum"] if name is not None)
        names = {str(name).lower(): str(name) for name in reversed(schema.pop("enum")) if name is not None}
        schema |= in_any_case(names[option] for option in options)
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    elif schema.get("type") == "string" and "enum" in schema:
        schema["enum"] = [option for option in schema["enum"] if option is not None]
    return schema
