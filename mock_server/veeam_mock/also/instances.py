"""Values made from a schema: the same each time for the same chance."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from veeam_mock.also.scene import Scene
from veeam_mock.also.schemas import UNFIT, Plain, Schemas
from veeam_mock.also.texts import make_text

FULL_DEPTH = 4
"""Below this depth only what is required is made."""

DEEPEST = 30
MOST_STEPS = 200
"""References and alternatives that are followed for one value."""
FRESH = 50
"""Attempts to make items that differ."""

FEW = 3
"""Items of a list."""

MOST_ITEMS = 1_000


@dataclass(slots=True)
class Maker:
    """Makes values. `named` gives the value of a property that is known by its name and that of the object around it,
    `UNFIT` when it is not; `attempt` counts up where what was made did not fit: 0 uses examples, later ones do not,
    and every second one makes only what is required; other branches of alternatives are taken each time.
    """

    schemas: Schemas
    scene: Scene
    chance: random.Random
    attempt: int = 0
    named: Callable[[str, str, Plain, random.Random], object] = field(default=lambda *about: UNFIT)

    def make(self, schema: object, name: str = "", owner: str = "", depth: int = 0) -> Any:
        """A value for a plain schema, which is that of the property `name` in the object called `owner`."""
        self.scene.spend()
        flat = self.flatten(schema)
        known = self.named(name, owner, flat, self.chance) if name else UNFIT
        if known is not UNFIT and fits_roughly(flat, known):
            return known
        if "const" in flat:
            return flat["const"]
        example = self._example(flat)
        if example is not UNFIT:
            return example
        if "enum" in flat:
            self.scene.spend(len(flat["enum"]))
            options = [option for option in flat["enum"] if option is not None]
            return self.chance.choice(options) if options else None
        return self._of_type(kind_of(flat), flat, name or owner, depth)

    def _of_type(self, kind: str, flat: Plain, name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(flat, name, depth)
            case "array":
                return self._array(flat, name, depth)
            case "integer" | "number":
                return make_number(flat, kind, self.chance)
            case "boolean":
                return self.chance.random() < 0.5
            case "null":
                return None
            case _:
                return make_text(flat, name, self.scene, self.chance)

    def flatten(self, schema: object) -> Plain:
        """`schema` with its references followed, its parts merged, and one of its alternatives picked."""
        result: Plain = dict(schema) if isinstance(schema, Mapping) else {}
        for _ in range(MOST_STEPS):
            if "$ref" in result:
                parts = [self.schemas.definition(result.pop("$ref"))]
            elif result.get("allOf"):
                parts = result.pop("allOf")
            elif result.get("oneOf") or result.get("anyOf"):
                branches = result.pop("oneOf", None) or result.pop("anyOf")
                self.scene.spend(len(branches))
                real = [branch for branch in branches if branch != {"type": "null"}] or branches
                parts = [real[self.attempt // 2 % len(real)]]
            else:
                break
            for part in parts:
                self.scene.spend(len(result) + len(result.get("properties", ())))
                result = _merge(result, part)
        return result

    def _example(self, flat: Plain) -> object:
        if self.attempt:
            return UNFIT
        listed = flat.get("examples")
        candidates = [flat["example"]] if "example" in flat else list(listed) if isinstance(listed, list) else []
        return next((example for example in candidates if example is not None and fits_roughly(flat, example)), UNFIT)

    def _object(self, flat: Plain, name: str, depth: int) -> Any:
        if depth > DEEPEST:
            return {}
        required = flat.get("required", [])
        properties = flat.get("properties", {})
        self.scene.spend(len(required) + len(properties))
        is_full = depth < FULL_DEPTH and self.attempt % 2 == 0
        demanded = set(required)
        wanted = [key for key in properties if is_full or key in demanded]
        made = {key: self.make(properties[key], key, name, depth + 1) for key in wanted}
        rest = flat.get("additionalProperties", {})
        missing = [key for key in required if key not in made]
        if not properties and not missing and isinstance(rest, Mapping) and rest and (is_full or _least(flat)):
            missing = ["self" if name.startswith("_") else "key"]
        missing += [f"key{number}" for number in range(len(made) + len(missing), _least(flat))]
        return made | {key: self.make(rest, key, name, depth + 1) for key in missing}

    def _array(self, flat: Plain, name: str, depth: int) -> Any:
        if depth > DEEPEST:
            return []
        least, most = flat.get("minItems", 0), flat.get("maxItems", MOST_ITEMS)
        wanted = 0 if depth > FULL_DEPTH or self.attempt % 2 else 1 if depth > 1 else FEW
        fixed = flat.get("prefixItems", [])
        count = min(max(wanted, least, len(fixed)), most, MOST_ITEMS)
        items = [*fixed, *[flat.get("items", {})] * (count - len(fixed))]
        made = [self.make(item, "", name, depth + 1) for item in items[:count]]
        if flat.get("uniqueItems"):
            made = [item for number, item in enumerate(made) if item not in made[:number]]
            for _ in range(FRESH if len(made) < least else 0):
                fresh = self.make(flat.get("items", {}), "", name, depth + 1)
                made += [fresh] if fresh not in made and len(made) < least else []
        return made


def _least(flat: Plain) -> int:
    least = flat.get("minProperties", 0)
    return min(least, MOST_ITEMS) if isinstance(least, int) else 0


def _merge(one: Plain, other: object) -> Plain:
    """One schema that asks for what both ask for, as far as making a value needs it."""
    if not isinstance(other, Mapping):
        return one
    merged = {**other, **one}
    if "properties" in one and "properties" in other:
        shared = {
            key: {"allOf": [other["properties"][key], schema]} if key in other["properties"] else schema
            for key, schema in one["properties"].items()
        }
        merged["properties"] = {**other["properties"], **shared}
    if "required" in one and "required" in other:
        merged["required"] = [*other["required"], *one["required"]]
    for key in ("$ref", "allOf", "anyOf", "oneOf"):
        if key in one and key in other:
            merged["allOf"] = [*merged.get("allOf", []), {key: other[key]}]
    for key, pick in (("minimum", max), ("minLength", max), ("minItems", max), ("maximum", min), ("maxLength", min)):
        if key in one and key in other:
            merged[key] = pick(one[key], other[key])
    return merged


def kind_of(flat: Plain) -> str:
    """The JSON type that a flat schema means; one that it does not say is taken from its other keywords."""
    declared = flat.get("type")
    if isinstance(declared, list):
        declared = next((kind for kind in declared if kind != "null"), "null")
    if isinstance(declared, str):
        return declared
    if {"properties", "additionalProperties", "required", "minProperties"} & flat.keys():
        return "object"
    if {"items", "prefixItems", "minItems"} & flat.keys():
        return "array"
    return "number" if {"minimum", "maximum", "multipleOf"} & flat.keys() else "string"


TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def fits_roughly(flat: Plain, value: object) -> bool:
    """Whether a value has the type of a flat schema, and is one of its options; all else is checked in the end."""
    kind = kind_of(flat)
    if "type" in flat and (
        not isinstance(value, TYPES.get(kind, (object,))) or isinstance(value, bool) != (kind == "boolean")
    ):
        return False
    return ("enum" not in flat or value in flat["enum"]) and ("const" not in flat or value == flat["const"])


LARGEST: Mapping[str, float] = {"integer": 2**63 - 1, "number": 1e300}
"""The largest number that is made, of either sign."""


def make_number(flat: Plain, kind: str, chance: random.Random) -> int | float:
    """A number within the bounds; a multiple where one is asked for."""
    most = LARGEST[kind]
    low, high = _bounds(flat, kind)
    low, high = max(-most, min(low, most)), max(-most, min(high, most))
    step = flat.get("multipleOf") or (1 if kind == "integer" else None)
    if step is None:
        return round(chance.uniform(low, high), 3) if high - low > 1 else chance.uniform(low, high)
    first, last = -(-low // step), high // step
    if not math.isfinite(first) or not math.isfinite(last):
        return 0
    number = step * chance.randint(int(first), int(max(first, last)))
    return int(number) if kind == "integer" else number


def _bounds(flat: Plain, kind: str) -> tuple[float, float]:
    low, high = flat.get("minimum"), flat.get("maximum")
    margin = 1 if kind == "integer" else 1e-6
    if "exclusiveMinimum" in flat:
        low = max(flat["exclusiveMinimum"] + margin, low if low is not None else flat["exclusiveMinimum"])
    if "exclusiveMaximum" in flat:
        high = min(flat["exclusiveMaximum"] - margin, high if high is not None else flat["exclusiveMaximum"])
    low = low if low is not None else (0 if high is None or high >= 0 else high - 100)
    return low, high if high is not None else low + 100
