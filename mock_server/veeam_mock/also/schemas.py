"""The schemas of an OpenAPI document as JSON Schema, each converted when it is first needed.

OpenAPI 3.1 uses JSON Schema as it is; 3.0 has `nullable`, and bounds that are made exclusive by a flag.
"""

from collections.abc import Callable, Mapping
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


KEPT: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda value: isinstance(value, str) or _is_names(value),
    **dict.fromkeys(("format", "pattern"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("enum", "examples"), lambda value: isinstance(value, list)),
    "required": _is_names,
    **dict.fromkeys(("minimum", "maximum"), _is_number),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    # In OpenAPI 3.0 these are flags.
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), lambda value: isinstance(value, int | float)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"), _is_size),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_size),
    "uniqueItems": lambda value: isinstance(value, bool),
    "dependentRequired": lambda value: isinstance(value, Mapping) and all(map(_is_names, value.values())),
    **dict.fromkeys(("const", "example", "default"), lambda value: True),
}
"""Keywords that are taken as they are, and what their values have to be; others are passed over."""

MOST_DEFINITIONS = 300
"""Schemas that one refers to; in the documents of the vendor it is 23."""

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
            elif key in KEPT and KEPT[key](value):
                result[key] = int(value) if KEPT[key] is _is_size else value
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
        """The definitions that a plain schema refers to, and those that they refer to: what its `$defs` must have.

        `ValueError` for too many: what follows them, one within another, would run out of stack.
        """
        needed: dict[str, Plain] = {}
        waiting = _references(plain)
        while waiting:
            reference = waiting.pop()
            key = reference.removeprefix(DEFINITION).replace("%25", "%")
            if key not in needed:
                needed[key] = self.definition(reference)
                waiting |= _references(needed[key])
                if len(needed) > MOST_DEFINITIONS:
                    raise ValueError(f"it refers to more than {MOST_DEFINITIONS} other schemas")
        return needed


def _pointer(reference: str) -> str:
    return unquote(reference.removeprefix(DEFINITION).replace("%25", "%"))


def _of_3_0(result: Plain, schema: Mapping[str, Any]) -> Plain:
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(result.get(flag), bool) and result.pop(flag) and bound in result:
            result[flag] = result.pop(bound)
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
