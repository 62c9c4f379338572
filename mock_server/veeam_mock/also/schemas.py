"""The schemas of an OpenAPI document as JSON Schema, each converted when it is first needed.

OpenAPI 3.1 uses JSON Schema as it is; 3.0 has `nullable`, and bounds that are made exclusive by a flag.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from veeam_mock.also.sources import MISSING, find_target
from veeam_mock.spec.schema import Schema

MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SINGLE = frozenset(
    {"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
NUMBER = (int, float)
KEPT: Mapping[str, type | tuple[type, ...]] = {
    "type": (str, list),
    **dict.fromkeys(("format", "pattern"), str),
    **dict.fromkeys(("enum", "examples", "required"), list),
    **dict.fromkeys(("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"), NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"), int),
    **dict.fromkeys(("minProperties", "maxProperties"), int),
    "uniqueItems": bool,
    "dependentRequired": Mapping,
    **dict.fromkeys(("const", "example", "default"), object),
}
"""Keywords that are taken as they are, and the types of their values; one of another type is passed over."""

DEFINITION = "#/$defs/"
UNFIT = object()
"""What stands where no value fits."""

Plain = dict[str, Any]
"""A schema as JSON Schema; its references point to `$defs`, by the quoted pointer into the document."""


class Schemas:
    """The schemas of `document`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._definitions: dict[str, Plain] = {}

    def plain(self, schema: object) -> Plain:
        """A schema of the document as JSON Schema. What is no schema, or a reference to nothing, allows anything."""
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, Mapping):
            return {}
        result: Plain = {}
        for key, value in schema.items():
            if key in MAPS and isinstance(value, Mapping):
                result[key] = {name: self.plain(part) for name, part in value.items()}
            elif key in LISTS and isinstance(value, list):
                result[key] = [self.plain(part) for part in value]
            elif key in SINGLE:
                result[key] = value if isinstance(value, bool) else self.plain(value)
            elif key in KEPT and isinstance(value, KEPT[key]):
                result[key] = value
        reference = schema.get("$ref")
        if isinstance(reference, str) and find_target(self._document, reference) is not MISSING:
            result["$ref"] = DEFINITION + quote(reference, safe="").replace("%", "%25")
        return _of_3_0(result, schema)

    def definition(self, reference: str) -> Plain:
        """The schema that a `$ref` of a plain schema means."""
        found = self._definitions.get(reference)
        if found is None:
            pointer = _pointer(reference)
            found = self._definitions[reference] = self.plain(find_target(self._document, pointer))
        return found

    def compiled(self, plain: Plain) -> Schema:
        """A plain schema, ready to check values. `ValueError` when it is not JSON Schema."""
        needed = self.definitions_of(plain)
        return Schema({**plain, "$defs": needed} if needed else plain).prepare()

    def definitions_of(self, plain: Plain) -> dict[str, Plain]:
        """The definitions that a plain schema refers to, and those that they refer to: what its `$defs` must have."""
        needed: dict[str, Plain] = {}
        waiting = _references(plain)
        while waiting:
            reference = waiting.pop()
            key = reference.removeprefix(DEFINITION).replace("%25", "%")
            if key not in needed:
                needed[key] = self.definition(reference)
                waiting |= _references(needed[key])
        return needed


def _pointer(reference: str) -> str:
    return unquote(reference.removeprefix(DEFINITION).replace("%25", "%"))


def _of_3_0(result: Plain, schema: Mapping[str, Any]) -> Plain:
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(result.get(flag), bool) and result.pop(flag) and bound in result:
            result[flag] = result.pop(bound)
    if not isinstance(result.get("required", []), list):
        del result["required"]
    if schema.get("nullable") is not True:
        return result
    if "$ref" in result or LISTS & result.keys():
        return {"anyOf": [result, {"type": "null"}]}
    if isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    if isinstance(result.get("enum"), list) and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    return result


def _references(plain: object) -> set[str]:
    """The references in a plain schema, not those within examples."""
    if isinstance(plain, list):
        return {reference for part in plain for reference in _references(part)}
    if not isinstance(plain, Mapping):
        return set()
    found = {plain["$ref"]} if isinstance(plain.get("$ref"), str) else set()
    for key, value in plain.items():
        if key in MAPS:
            found |= _references(list(value.values()))
        elif key in LISTS or key in SINGLE:
            found |= _references(value)
    return found
