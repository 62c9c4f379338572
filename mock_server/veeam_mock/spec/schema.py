"""One way of validating: compiled JSON Schemas, and violations as a list that says what is wrong and where.

A schema may say in words what it wants, by `x-wanted`, and that no message may repeat a value, by `x-secret`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs

from veeam_mock.secrecy.secret_names import is_secret, written
from veeam_mock.spec.suggestions import suggestion

LONGEST = 1_000
"""Characters of a message."""

LONGEST_VALUE = 60
"""Characters of a refused value that a message repeats."""

MANY_VALUES = 5_000
"""Values in which not all mistakes are looked for."""

MANY_COPIED = 100_000
"""Values that are copied where a whole mapping is told for each of its keys, a text counted as one for each
`CHARACTERS`; of more, not all mistakes are looked for."""

CHARACTERS = 64

MOST_TOLD = 20
"""Mistakes, or names, that one message lists."""

PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000)
"""A pattern takes so many steps back in a text, then the text does not match: some would take for ever."""

WANTED = "x-wanted"
"""What a value is, as it follows 'is not'."""

SECRET = "x-secret"
"""True where any value may be a secret."""

FORMS = frozenset({"anyOf", "format", "oneOf", "pattern", "propertyNames"})
"""Keywords that say nothing to a person; what is wanted is said in words where the schema has them."""

PLAIN = frozenset({"maxItems", "maxLength", "minItems", "minLength", "required"})
"""Keywords whose messages repeat nothing of the value."""


@dataclass(frozen=True, slots=True)
class Violation:
    """`where` is a dotted path such as `body.targetRegion`; `keyword` the JSON Schema keyword that was broken; `key`
    the key at this place that is unknown, where one is."""

    where: str
    message: str
    keyword: str = ""
    key: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class Schema:
    """A JSON Schema (draft 2020-12, formats checked), compiled when it is first used: most of a document never is."""

    def __init__(self, schema: Mapping[str, Any] | bool) -> None:
        self._schema = schema if isinstance(schema, bool) else dict(schema)

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self._schema, validate_formats=True, pattern_options=PATTERNS)

    def prepare(self) -> "Schema":
        """Compile it now; `ValueError` when it is no schema, and `jsonschema_rs`'s errors for references to nothing."""
        assert self._validator
        return self

    def is_valid(self, instance: object) -> bool:
        """Whether nothing is wrong with `instance`; False also where it cannot be told."""
        try:
            return bool(self._validator.is_valid(instance))
        except ValueError:
            return False

    def violations(self, instance: object, root: str) -> list[Violation]:
        """Everything that is wrong with `instance`, each place prefixed with `root`; empty when it is valid. Of one
        that is large only the first mistake: all of them would take seconds, and nobody reads them.
        """
        try:
            if self._validator.is_valid(instance):
                return []
            if _is_large(instance):
                return [self._first(instance, root)]
            return [self._violation(error, root) for error in self._validator.iter_errors(instance)]
        except ValueError as error:
            # The validator goes only so deep into a value, and takes nothing that JSON cannot hold.
            too_deep = "recursion" in str(error).lower()
            return [Violation(root, "is nested too deeply" if too_deep else f"is no JSON: {error}", "depth")]

    def _first(self, instance: object, root: str) -> Violation:
        try:
            self._validator.validate(instance)
        except jsonschema_rs.ValidationError as error:
            return self._violation(error, root)
        return Violation(root, "does not fit")

    def _violation(self, error: jsonschema_rs.ValidationError, root: str) -> Violation:
        path = [str(step) for step in error.instance_path]
        keyword = error.kind.name
        wanted, secret = self._words_at(error.schema_path)
        if keyword == "required":
            path.append(error.kind.as_dict()["property"])
        where = ".".join(filter(None, [root, *path]))
        if wanted and (keyword in FORMS or (secret and keyword not in PLAIN)):
            shown = "the value" if secret or any(map(is_secret, path)) else shorten(error.instance)
            return Violation(where, f"{shown} is not {wanted}{_quoting(error)}", keyword)
        if keyword == "additionalProperties":
            unexpected = error.kind.as_dict()["unexpected"]
            return Violation(where, _unknown(unexpected, self._names_at(error.schema_path)), keyword, unexpected[0])
        message = _message(error, keyword, path)
        return Violation(where, message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…", keyword)

    def _names_at(self, path: Iterable[str | int]) -> list[str]:
        """The properties that are known to the schema that holds the keyword at the end of `path`."""
        node: Any = self._schema
        for step in list(path)[:-1]:
            node = node[step]
        return list(node.get("properties", ()))

    def _words_at(self, path: Iterable[str | int]) -> tuple[str | None, bool]:
        """What the schema that holds the keyword at the end of `path` wants in words, and whether it is a secret."""
        node: Any = self._schema
        wanted, secret = None, False
        for step in path:
            if isinstance(node, Mapping):
                wanted = node.get(WANTED)
                secret = secret or bool(node.get(SECRET))
            if step == "propertyNames" and isinstance(node, Mapping):
                return node[step].get(WANTED), secret
            node = node[step]
        return wanted, secret


def _message(error: jsonschema_rs.ValidationError, keyword: str, path: list[str]) -> str:
    kind = error.kind.as_dict()
    shown = "the value" if any(map(is_secret, path)) else shorten(error.instance)
    match keyword:
        case "required":
            return "is required"
        case "type":
            return f"{shown} is not of type {' or '.join(kind['types'])}{_quoting(error)}"
        case "enum":
            options = [str(option) for option in kind["options"] if option is not None]
            nearest = suggestion(error.instance, options) if shown != "the value" else ""
            return f"{shown} is not one of {', '.join(options)}{nearest}"
        case "pattern":
            return f"{shown} does not match {kind.get('pattern', 'a pattern within the steps that it may take')}"
        case "format":
            return f"{shown} is not a valid {kind['format']}"
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties":
            return _size_message(error.instance, keyword, kind["limit"])
        case "anyOf" | "oneOf":
            return f"{shown} has none of the allowed forms"
        case _:
            # The validator's own words hold the whole value, and its names in quotes that hide them from a mask.
            plain = shown != "the value" and not isinstance(error.instance, dict | list)
            return error.message if plain else f"{shown} breaks {keyword}"


def _unknown(unexpected: list[str], known: list[str]) -> str:
    """Which keys are unknown, and what a single one may have been meant to be."""
    nearest = suggestion(unexpected[0], known) if len(unexpected) == 1 else ""
    return f"unknown key {listed(unexpected)}{nearest}"


def _quoting(error: jsonschema_rs.ValidationError) -> str:
    """A word for who wrote text that YAML takes for a number or a truth value, such as `password: 12345`."""
    kind = error.kind.as_dict()
    wants_text = error.kind.name == "type" and "string" in kind["types"]
    return "; put it in quotes" if wants_text and isinstance(error.instance, bool | int | float) else ""


def _size_message(value: object, keyword: str, limit: int) -> str:
    bound = f"at least {limit} are needed" if keyword.startswith("min") else f"at most {limit} are allowed"
    things = {"Length": "characters", "Items": "items", "Properties": "keys"}[keyword[3:]]
    return f"has {len(value if isinstance(value, list | dict) else str(value))} {things}, {bound}"


def without_own_words(schema: Any) -> Any:
    """A JSON Schema without the keywords that only the mock reads."""
    if isinstance(schema, Mapping):
        return {key: without_own_words(value) for key, value in schema.items() if not str(key).startswith("x-")}
    return [without_own_words(value) for value in schema] if isinstance(schema, list | tuple) else schema


def _is_large(instance: object) -> bool:
    """Whether to look for all mistakes would take long: each unlawful key costs a copy of the mapping it stands in."""
    waiting, found, copied, widest = [instance], 0, 0, 0
    while waiting and found <= MANY_VALUES and copied * widest <= MANY_COPIED:
        value = waiting.pop()
        copied += 1
        if isinstance(value, str):
            copied += len(value) // CHARACTERS
        elif isinstance(value, Mapping | list):
            found += len(value)
            if isinstance(value, Mapping):
                widest = max(widest, len(value))
            waiting += (value.values() if isinstance(value, Mapping) else value) if found <= MANY_VALUES else ()
    return found > MANY_VALUES or copied * widest > MANY_COPIED


def in_any_case(names: Iterable[str]) -> dict[str, str]:
    """The keywords of a schema for `names` in any case of ASCII; Unicode's would take `ſ` for an `s`."""
    names = list(names)
    pattern = f"^(?:{'|'.join(''.join(map(_both_cases, name)) for name in names)})$"
    return {"pattern": pattern, WANTED: f"one of {', '.join(names)}"}


def _both_cases(character: str) -> str:
    is_letter = character.isascii() and character.isalpha()
    return f"[{character}{character.swapcase()}]" if is_letter else re.escape(character)


def shorten(value: object) -> str:
    """`value` for a message: as a person writes it, of bounded length, without secrets."""
    text = {None: "null", True: "true", False: "false"}.get(value) if isinstance(value, bool | None) else None
    text = text or written(value, LONGEST_VALUE)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def told(violations: Sequence[Violation], between: str = "; ") -> str:
    """What is wrong, in one message, whose length is bounded."""
    left = len(violations) - MOST_TOLD
    more = [f"and {left} more mistakes"] if left > 0 else []
    return between.join([*map(str, violations[:MOST_TOLD]), *more])


def listed(names: Sequence[object]) -> str:
    """Names for a message, whose length is bounded."""
    left = len(names) - MOST_TOLD
    return ", ".join(map(shorten, names[:MOST_TOLD])) + (f" and {left} more" if left > 0 else "")
