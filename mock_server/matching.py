"""Which requests are meant: one pattern for faults that strike and for exchanges that are looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mock_server.exchange import Request
from mock_server.spec import decode_segment
from mock_server.validation import shorten

MISSING = object()

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "operation": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]},
        "method": {"type": "string", "pattern": "^[A-Z]+$"},
        "path": {"type": "string", "pattern": "^/"},
        "header": TEXTS,
        "query": TEXTS,
        "body": {"type": "object", "propertyNames": {"pattern": "^(/.*)?$"}},
    },
}
"""The JSON Schema of a pattern."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A request fits when everything that is named here fits.

    `path` may hold `*` and is matched without regard to case; header, query and body values must be equal; `body` is
    keyed by JSON Pointer (RFC 6901).
    """

    operations: tuple[str, ...] = ()
    method: str | None = None
    path: str | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Pattern":
        """The pattern in a mapping that keeps to `SCHEMA`."""
        operation = given.get("operation", ())
        return cls(
            (operation,) if isinstance(operation, str) else tuple(operation),
            given.get("method"),
            given.get("path"),
            {name.lower(): value for name, value in given.get("header", {}).items()},
            given.get("query", {}),
            given.get("body", {}),
        )

    def as_json(self) -> dict[str, Any]:
        """The mapping that `parse` takes; what is not named is left out."""
        named = {
            "operation": list(self.operations),
            "method": self.method,
            "path": self.path,
            "header": dict(self.header),
            "query": dict(self.query),
            "body": dict(self.body),
        }
        return {key: value for key, value in named.items() if value}

    def differences(self, request: Request, operation_id: str | None) -> list[str]:
        """Why `request` does not fit, one text for each thing that differs; empty when it fits."""
        found: list[str] = []
        if self.operations and operation_id not in self.operations:
            found.append(f"operation is {operation_id or 'none'}, not {' or '.join(self.operations)}")
        if self.method is not None and request.method != self.method:
            found.append(f"method is {request.method}, not {self.method}")
        if self.path is not None and not fnmatchcase(_plain_path(request.path), self.path.lower()):
            found.append(f"path is {request.path}, not {self.path}")
        found += _compare("header", self.header, request.headers)
        if self.query:
            found += _compare("query", self.query, dict(parse_qsl(request.query, keep_blank_values=True)))
        if self.body:
            found += _compare_body(self.body, request.body)
        return found


def _plain_path(path: str) -> str:
    return (decode_segment(path) if "%" in path else path).lower()


def _compare(kind: str, wanted: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    return [
        f"{kind} {name} is {shorten(given[name]) if name in given else 'missing'}, not {shorten(value)}"
        for name, value in wanted.items()
        if given.get(name) != value
    ]


def _compare_body(wanted: Mapping[str, Any], body: bytes) -> list[str]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ["body is not JSON"]
    found = []
    for pointer, value in wanted.items():
        given = look_up(content, pointer)
        if given is MISSING or given != value or isinstance(given, bool) != isinstance(value, bool):
            shown = "missing" if given is MISSING else shorten(given)
            found.append(f"body {pointer} is {shown}, not {shorten(value)}")
    return found


def look_up(content: object, pointer: str) -> object:
    """What a JSON Pointer (RFC 6901) means in `content`; `MISSING` when nothing is there."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(content, dict) and key in content:
            content = content[key]
        elif isinstance(content, list) and key.isdecimal() and int(key) < len(content):
            content = content[int(key)]
        else:
            return MISSING
    return content
