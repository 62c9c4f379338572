"""Which requests are meant: one pattern for faults that strike and for exchanges that are looked up."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qs

from veeam_mock.messages import Request, decode_segment
from veeam_mock.secrecy.secret_names import MASK, is_secret
from veeam_mock.spec.media import read_body
from veeam_mock.spec.schema import shorten

MISSING = object()
UNREADABLE = object()

VALUE = {
    "type": ["string", "null"],
    "pattern": r"^([!-~\xa0-\xff]([\t -~\xa0-\xff]*[!-~\xa0-\xff])?)?$",
    "x-wanted": "the value of a header field: visible characters, no blanks at its ends",
}
"""The value of a header field as it arrives: latin-1, no blanks at the ends (RFC 9110 section 5.5). None: no field."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
"""The methods of HTTP: RFC 9110 section 9.3, and RFC 5789."""

MOST_KEYS = 100
"""Operations, header fields, query parameters and places in a body that a pattern may name, each."""

LONGEST_KEPT = 200
"""Characters of a JSON Pointer of which the steps are kept for the next body."""

INDEX = re.compile("0|[1-9][0-9]{0,8}")
POINTER = r"^(/([^~/]|~[01])*)*$"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "operation": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "maxItems": MOST_KEYS, "items": {"type": "string"}},
            ],
            "x-wanted": f"the name of an operation, or a list of at most {MOST_KEYS} of them",
        },
        "method": {"type": "string", "enum": list(METHODS)},
        "path": {
            "type": "string",
            "maxLength": 1000,
            "pattern": "^/($|[^~?#\\s][^?#\\s]*$)",
            "x-wanted": "a path such as /v4/Organizations/*, without a query, seen from within its world",
        },
        "header": {
            "type": "object",
            "maxProperties": MOST_KEYS,
            "propertyNames": {
                "pattern": r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
                "x-wanted": "keyed by names of header fields",
            },
            "additionalProperties": VALUE,
        },
        "query": {"type": "object", "maxProperties": MOST_KEYS, "additionalProperties": {"type": ["string", "null"]}},
        "body": {
            "type": "object",
            "maxProperties": MOST_KEYS,
            "propertyNames": {"pattern": POINTER, "x-wanted": "keyed by JSON Pointers such as /targetRegion"},
        },
    },
}
"""The JSON Schema of a pattern."""


class Seen:
    """A request for the operation with this id, as patterns see it; body and query are read once for all of them."""

    def __init__(self, request: Request, operation_id: str | None) -> None:
        self.request = request
        self.operation_id = operation_id

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """All values of each query parameter."""
        return parse_qs(self.request.query, keep_blank_values=True)

    @cached_property
    def path(self) -> str:
        """The path as paths are compared."""
        return plain_path(self.request.path)

    @cached_property
    def content(self) -> object:
        """The value of the body, as the API reads it; `UNREADABLE` where it is none."""
        try:
            return read_body(self.request)
        except ValueError:
            return UNREADABLE


@dataclass(frozen=True, slots=True)
class Pattern:
    """A request fits when everything that is named here fits.

    `path` may hold `*`, which stands for anything, and is matched without regard to case, below `/~NAME/` without that
    prefix; header, query and body values must be equal, and a header or query parameter with None must be missing.
    `body` is keyed by JSON Pointer (RFC 6901); a form counts as an object of texts.
    """

    operations: tuple[str, ...] = ()
    method: str | None = None
    path: str | None = None
    header: Mapping[str, str | None] = field(default_factory=dict)
    query: Mapping[str, str | None] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    _words: dict[str, Mapping[str, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Pattern":
        """The pattern in a mapping that keeps to `SCHEMA`."""
        operation = given.get("operation", ())
        return cls(
            (operation,) if isinstance(operation, str) else tuple(dict.fromkeys(operation)),
            given.get("method"),
            given.get("path"),
            {name.lower(): value for name, value in given.get("header", {}).items()},
            given.get("query", {}),
            given.get("body", {}),
        )

    def fits(self, seen: Seen) -> bool:
        """Whether the request fits; what is quickly told comes first, as a thousand rules may ask this."""
        request = seen.request
        return (
            (not self.operations or seen.operation_id in self.operations)
            and (self.method is None or request.method == self.method)
            and (self.path is None or _glob(self.path)(seen.path) is not None)
            and all(request.headers.get(name) == value for name, value in self.header.items())
            and not (self.query and not _has_all_values(self.query, seen.query))
            and not (self.body and (seen.content is UNREADABLE or not _has_all(self.body, seen.content)))
        )

    def differences(self, seen: Seen) -> list[str]:
        """Why the request does not fit, one text for each thing that differs; empty when it fits."""
        found: list[str] = []
        request = seen.request
        if self.operations and seen.operation_id not in self.operations:
            found.append(f"operation is {seen.operation_id or 'none'}, not {' or '.join(self.operations)}")
        if self.method is not None and request.method != self.method:
            found.append(f"method is {request.method}, not {self.method}")
        if self.path is not None and not _glob(self.path)(seen.path):
            found.append(f"path is {request.path}, not {self.path}")
        if self.header:
            given = {name: [value] for name, value in request.headers.items()}
            found += self._told("header", self.header, _compare(self.header, given))
        if self.query:
            found += self._told("query", self.query, _compare(self.query, seen.query))
        if self.body and seen.content is UNREADABLE:
            found.append("body is not JSON, or more than is kept of one")
        elif self.body:
            found += self._told("body", self.body, _compare_body(self.body, seen.content))
        return found

    def _told(self, kind: str, wanted: Mapping[str, Any], found: Mapping[str, str]) -> list[str]:
        """What differs, for a person; what is wanted is put into words once, however many requests are compared."""
        if not found:
            return []
        if kind not in self._words:
            absent = {} if kind == "body" else {name: "missing" for name, value in wanted.items() if value is None}
            self._words[kind] = {**{name: _shown(name, value) for name, value in wanted.items()}, **absent}
        words = self._words[kind]
        return [f"{kind} {name} is {given}, not {words[name]}" for name, given in found.items()]


def plain_path(path: str) -> str:
    """A path as paths are compared: decoded, without regard to case."""
    return (decode_segment(path) if "%" in path else path).lower()


@lru_cache(maxsize=4096)
def _glob(path: str) -> Callable[[str], re.Match[str] | None]:
    """What fits a path of a pattern, in which `*` alone is special."""
    return re.compile(translate(plain_path(path).replace("[", "[[]").replace("?", "[?]"))).match


def overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns, in which `*` stands for anything."""
    reached = {(0, 0)}
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if (i, j) not in reached:
                continue
            here, there = one[i : i + 1], other[j : j + 1]
            if here == "*" or there == "*":
                reached |= {(i + 1, j)} if here else set()
                reached |= {(i, j + 1)} if there else set()
            if here == there:
                reached.add((i + 1, j + 1))
    return (len(one), len(other)) in reached


def _compare(wanted: Mapping[str, str | None], given: Mapping[str, list[str]]) -> dict[str, str]:
    """What is given, by the names under which it is not what is wanted."""
    return {
        name: " and ".join(map(shorten, given[name])) if name in given else "missing"
        for name, value in wanted.items()
        if not _has_value(given, name, value)
    }


def _has_value(given: Mapping[str, list[str]], name: str, value: str | None) -> bool:
    return value in given.get(name, ()) if value is not None else name not in given


def _has_all_values(wanted: Mapping[str, str | None], given: Mapping[str, list[str]]) -> bool:
    return all(_has_value(given, name, value) for name, value in wanted.items())


def _compare_body(wanted: Mapping[str, Any], content: object) -> dict[str, str]:
    """What stands in `content`, by the pointers under which it is not what is wanted."""
    found = ((pointer, look_up(content, pointer)) for pointer in wanted)
    return {
        pointer: "missing" if given is MISSING else shorten(given)
        for pointer, given in found
        if not _is_same(given, wanted[pointer])
    }


def _has_all(wanted: Mapping[str, Any], content: object) -> bool:
    """Whether all that is wanted stands in `content`; a thousand rules may ask, so the first that does not decides."""
    return all(_is_same(look_up(content, pointer), value) for pointer, value in wanted.items())


def _is_same(given: object, value: object) -> bool:
    return given is not MISSING and given == value and isinstance(given, bool) == isinstance(value, bool)


def _shown(name: str, wanted: object) -> str:
    return MASK if is_secret(name) else shorten(wanted)


def look_up(content: object, pointer: str) -> object:
    """What a JSON Pointer (RFC 6901) means in `content`; `MISSING` when nothing is there."""
    for key in _kept_steps(pointer) if len(pointer) <= LONGEST_KEPT else _steps(pointer):
        if isinstance(content, dict) and key in content:
            content = content[key]
        elif isinstance(content, list) and INDEX.fullmatch(key) and int(key) < len(content):
            content = content[int(key)]
        else:
            return MISSING
    return content


def _steps(pointer: str) -> tuple[str, ...]:
    steps = pointer.split("/")[1:]
    return tuple([step.replace("~1", "/").replace("~0", "~") for step in steps] if "~" in pointer else steps)


_kept_steps = lru_cache(maxsize=4096)(_steps)
