"""What the real server forgives in a body: names in another case, booleans as text, null for what may be left out.

Json.NET reads JSON so (docs/evidence.md#tolerant-reader), and public clients and the vendor's own examples rely on it.
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(\s*[}\]])', re.DOTALL)
"""A string, which may be cut off, or a comma before a closing bracket."""

BOOLEANS = {"true": True, "false": False}


class Shape:
    """What a schema says of names and types, as far as it takes to see what a client meant."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.names: dict[str, tuple[str, Shape]] = {
            name.lower(): (name, Shape(below)) for name, below in schema.get("properties", {}).items()
        }
        self._own = frozenset(name for name, _ in self.names.values())
        self._is_nested = any(shape.names for _, shape in self.names.values())
        self._required = frozenset(schema.get("required", ()))
        types = schema.get("type")
        self._is_boolean = types == "boolean" or (isinstance(types, list) and "boolean" in types)
        self._takes_null = isinstance(types, list) and "null" in types or types is None

    def is_plain(self, value: object) -> bool:
        """Whether every name in `value` is written as the schema writes it."""
        if not isinstance(value, dict):
            return True
        if not self._is_nested and value.keys() <= self._own:
            return True
        if any(name.lower() in self.names for name in value.keys() - self._own):
            return False
        below = ((name, each) for name, each in value.items() if isinstance(each, dict) and name in self._own)
        return all(self.names[name.lower()][1].is_plain(each) for name, each in below)

    def mend(self, value: object, notes: list[str], where: str = "body") -> Any:
        """`value` as the schema would have it; what was mended is added to `notes`, each with its place."""
        if self._is_boolean and isinstance(value, str) and value.strip().lower() in BOOLEANS:
            notes.append(f"{where}: a boolean was sent as text")
            return BOOLEANS[value.strip().lower()]
        if not isinstance(value, dict):
            return value
        concerned = {given for given in value if given.lower() in self.names}
        return dict(self._mended(value, concerned, notes, where)) if concerned else value

    def _mended(
        self, value: dict[str, Any], concerned: Set[str], notes: list[str], where: str
    ) -> Iterator[tuple[str, Any]]:
        """`value` with the names that concern the schema mended; a body may have thousands of others."""
        for given, below in value.items():
            if given not in concerned:
                yield given, below
                continue
            name, shape = self.names[given.lower()]
            place = f"{where}.{name}"
            if name != given and name in value:
                yield given, below
                continue
            if name != given:
                notes.append(f"{place}: the name was sent in another case")
            if below is None and not shape._takes_null and name not in self._required:
                notes.append(f"{place}: null was sent for what may be left out")
            else:
                yield name, shape.mend(below, notes, place)


class Forgiven(NamedTuple):
    """A text as JSON would have it, and what was wrong with it."""

    text: str
    notes: list[str]


def without_trailing_commas(text: str) -> Forgiven:
    """`text` without the commas that stand before a closing bracket outside of strings."""
    mended = TRAILING_COMMA.sub(lambda found: found[1] or found[2], text)
    return Forgiven(mended, ["body: a comma stands before a closing bracket"] if mended != text else [])
