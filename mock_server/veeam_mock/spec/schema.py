"""One way of validating: compiled JSON Schemas, and violations as a list that says what is wrong and where."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from veeam_mock.secret_names import is_secret, without_secrets

LONGEST_VALUE = 60
"""Characters of a refused value that a message repeats."""

ANY_CASE = re.compile(r"\^\(\?:((?:\[\w\w\]|[^\[\]()])+)\)\$")
"""What `in_any_case` makes."""


@dataclass(frozen=True, slots=True)
class Violation:
    """`where` is a dotted path such as `body.targetRegion`; `keyword` the JSON Schema keyword that was broken."""

    where: str
    message: str
    keyword: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class Schema:
    """A compiled JSON Schema (draft 2020-12, formats checked)."""

    def __init__(self, schema: Mapping[str, Any] | bool) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(
            schema if isinstance(schema, bool) else dict(schema), validate_formats=True
        )

    def violations(self, instance: object, root: str) -> list[Violation]:
        """Everything that is wrong with `instance`, each place prefixed with `root`; empty when it is valid."""
        try:
            if self._validator.is_valid(instance):
                return []
            return [_violation(error, root) for error in self._validator.iter_errors(instance)]
        except ValueError as error:
            # The validator goes only so deep into a value, and takes nothing that JSON cannot hold.
            too_deep = "recursion" in str(error).lower()
            return [Violation(root, "is nested too deeply" if too_deep else f"is no JSON: {error}", "depth")]


def _violation(error: jsonschema_rs.ValidationError, root: str) -> Violation:
    path = [str(step) for step in error.instance_path]
    kind = error.kind.as_dict()
    keyword = error.kind.name
    if keyword == "required":
        path.append(kind["property"])
    return Violation(".".join(filter(None, [root, *path])), _message(error, keyword, kind, path), keyword)


def _message(error: jsonschema_rs.ValidationError, keyword: str, kind: dict[str, Any], path: list[str]) -> str:
    shown = "the value" if any(map(is_secret, path)) else shorten(error.instance)
    match keyword:
        case "required":
            return "is required"
        case "type":
            return f"{shown} is not of type {' or '.join(kind['types'])}"
        case "enum":
            return f"{shown} is not one of {', '.join(str(option) for option in kind['options'] if option is not None)}"
        case "pattern":
            names = ANY_CASE.fullmatch(kind["pattern"])
            wanted = re.sub(r"\[(\w)\w\]", r"\1", names[1]).replace("|", ", ") if names else None
            return f"{shown} is not one of {wanted}" if wanted else f"{shown} does not match {kind['pattern']}"
        case "format":
            return f"{shown} is not a valid {kind['format']}"
        case "minLength" | "maxLength" | "minItems" | "maxItems":
            bound = "at least {} are needed" if keyword.startswith("min") else "at most {} are allowed"
            things = "characters" if keyword.endswith("Length") else "items"
            return f"has {_size(error.instance)} {things}, {bound.format(kind['limit'])}"
        case "additionalProperties":
            return f"unknown key {', '.join(map(shorten, kind['unexpected']))}"
        case "anyOf" | "oneOf":
            return f"{shown} has none of the allowed forms"
        case _:
            # The validator's own words hold the whole value, and its names in quotes that hide them from a mask.
            plain = shown != "the value" and not isinstance(error.instance, dict | list)
            return error.message if plain else f"{shown} breaks {keyword}"


def in_any_case(names: Iterable[str]) -> str:
    """A pattern of `names` in any case of ASCII; to ignore case as Unicode does would take `ſ` for an `s`."""
    return f"^(?:{'|'.join(''.join(map(_both_cases, name)) for name in names)})$"


def _both_cases(character: str) -> str:
    is_letter = character.isascii() and character.isalpha()
    return f"[{character}{character.swapcase()}]" if is_letter else re.escape(character)


def _size(value: object) -> int:
    return len(value if isinstance(value, list) else str(value))


def shorten(value: object) -> str:
    """`value` for a message: as a person writes it, of bounded length, without secrets."""
    text = {None: "null", True: "true", False: "false"}.get(value) if isinstance(value, bool | None) else None
    text = text or repr(without_secrets(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
