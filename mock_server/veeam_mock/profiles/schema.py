"""What a profile may hold: its JSON Schema, and the places of its templates."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from veeam_mock.faults.keywords import OperationName
from veeam_mock.model import durations, regions
from veeam_mock.profiles.cases import ALWAYS_REFUSED, CASES, REFRESH, TAKEN, TOKEN_OPERATION
from veeam_mock.profiles.compression import COMPRESSORS
from veeam_mock.profiles.templates import PLACE, PLACES
from veeam_mock.settings.options import FORMS, ORGANIZATIONS
from veeam_mock.spec.document import VERSIONS
from veeam_mock.spec.schema import Schema, Violation, without_own_words

LONGEST = 64 * 1024
DEEPEST = 16
"""Levels of the body of a good answer."""

OPERATIONS = get_args(OperationName)
TEMPLATE = {"type": "string", "maxLength": LONGEST}
FIELD = {**TEMPLATE, "maxLength": 8192, "pattern": r"^[\t -~\xa0-\xff]*$", "x-wanted": "the value of a header field"}
SHAPE = {"type": ["object", "array", "string", "integer", "number", "boolean", "null"]}
STATUS = {"type": "integer", "minimum": 200, "maximum": 599}
ENTRY: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "additionalProperties": False,
    "properties": {
        "operation": {"type": "string", "enum": list(OPERATIONS)},
        "case": {"type": "string", "enum": list(CASES)},
        "status": STATUS,
        "content-type": FIELD,
        "headers": {
            "type": "object",
            "maxProperties": 100,
            "propertyNames": {"pattern": r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", "x-wanted": "names of header fields"},
            "additionalProperties": FIELD,
        },
        "framing": {"type": "string", "enum": ["content-length", "chunked", "none"]},
        "connection": {"type": "string", "enum": ["kept", "keep-alive", "close", "http/1.0"]},
        "compression": {"type": "string", "enum": list(COMPRESSORS)},
        "body": SHAPE,
    },
}
OF_REFRESH = {
    "if": {"properties": {"case": {"const": REFRESH}}, "required": ["case"]},
    "then": {"properties": {"operation": {"enum": [TOKEN_OPERATION]}}},
}
"""Tokens alone are refreshed."""

REFUSAL = {
    **ENTRY,
    "required": ["status", "case", "body"],
    "properties": {**ENTRY["properties"], "body": TEMPLATE},
    "allOf": [
        {
            "if": {"properties": {"case": {"enum": [ALWAYS_REFUSED, REFRESH]}}},
            "then": {"required": ["operation"]},
        },
        OF_REFRESH,
    ],
}
ANSWER = {
    **ENTRY,
    "required": ["status", "operation"],
    "properties": {
        **ENTRY["properties"],
        "case": {"type": "string", "enum": [REFRESH]},
        "status": {**STATUS, "maximum": 299},
    },
    "allOf": [OF_REFRESH],
}
LIMIT = {
    "type": "object",
    "required": ["number", "seconds"],
    "additionalProperties": False,
    "properties": {
        "operation": ENTRY["properties"]["operation"],
        "number": {"type": "integer", "minimum": 1, "maximum": 100_000},
        "seconds": {"type": "integer", "minimum": 1, "maximum": 86_400},
    },
}
SECONDS = {"type": "number", "minimum": 0, "maximum": 3600}
TIMES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["median"],
    "properties": {"median": SECONDS, "percentile95": SECONDS, "slowest": SECONDS},
}
SCHEMA = {
    "type": "object",
    "required": ["profile"],
    "additionalProperties": False,
    "properties": {
        "profile": {"enum": [1]},
        "api": {"type": "string", "enum": list(VERSIONS)},
        "versions": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(VERSIONS)}},
        "lifetimes": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"code": durations.SCHEMA, "token": durations.SCHEMA},
        },
        "starting": {"type": "integer", "minimum": 1, "maximum": 1000},
        "limits": {"type": "array", "maxItems": 100, "items": LIMIT},
        "forms": FORMS,
        "organizations": {**ORGANIZATIONS, "maxItems": 100},
        "taken": {"type": "array", "items": {"enum": list(TAKEN)}},
        "refused_regions": {"type": "array", "items": {"enum": list(regions.NAMES)}},
        "pages": {
            "type": "object",
            "additionalProperties": False,
            "properties": {region: {**TEMPLATE, "maxLength": 2048} for region in regions.NAMES},
        },
        "ambiguities": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "refusals": {"type": "array", "maxItems": 1000, "items": REFUSAL},
        "answers": {"type": "array", "maxItems": 1000, "items": ANSWER},
        "latency": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(OPERATIONS, TIMES),
        },
    },
}
"""The JSON Schema of a profile."""

_SCHEMA = Schema(SCHEMA)


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "How a Veeam server answers"}
    return {**head, **without_own_words(SCHEMA)}


def problems_of(given: Mapping[str, Any]) -> list[Violation]:
    """Everything that is wrong with what a profile holds; its templates, and what is told twice, are looked into where
    all else is right."""
    wrong = (problem for found in _texts(given) for problem in _wrong_places(*found))
    return _SCHEMA.violations(given, "") or [*wrong, *_told_twice(given)]


def _told_twice(given: Mapping[str, Any]) -> Iterator[Violation]:
    """Answers of one operation, or refusals of one kind, of which only the last would be given."""
    seen: dict[tuple[str, str], str] = {}
    for part in ("refusals", "answers"):
        for number, entry in enumerate(given.get(part, ())):
            place = f"{part}.{number}"
            first = seen.setdefault((entry.get("operation", ""), entry.get("case", "")), place)
            if first != place:
                yield Violation(place, f"is told in {first} already", "unique")


def _texts(given: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """All that is a template or holds some, each with where it stands."""
    yield from ((f"pages.{region}", page) for region, page in given.get("pages", {}).items())
    for part in ("refusals", "answers"):
        for number, entry in enumerate(given.get(part, ())):
            where = f"{part}.{number}"
            yield f"{where}.body", entry.get("body", "")
            yield f"{where}.content-type", entry.get("content-type", "")
            yield from ((f"{where}.headers.{name}", text) for name, text in entry.get("headers", {}).items())


def _wrong_places(where: str, value: object) -> Iterator[Violation]:
    rest = [(where, value, 0)]
    while rest:
        where, value, depth = rest.pop()
        if depth > DEEPEST:
            yield Violation(where, f"is nested in more than {DEEPEST} levels", "depth")
        elif isinstance(value, dict):
            rest += [(f"{where}.{name}", below, depth + 1) for name, below in value.items()]
        elif isinstance(value, list):
            rest += [(f"{where}.{number}", below, depth + 1) for number, below in enumerate(value)]
        elif isinstance(value, str):
            yield from _wrong_in(where, value)


def _wrong_in(where: str, text: str) -> Iterator[Violation]:
    for found in PLACE.finditer(text):
        if found[0] not in ("{{", "}}") and found[1] not in PLACES:
            said = f"{found[0][:40]!r} is no place; known are {', '.join(sorted(PLACES))}; a brace is {{{{"
            yield Violation(where, said, "place")
