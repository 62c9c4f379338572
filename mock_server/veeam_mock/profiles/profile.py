"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from veeam_mock.messages import Headers, Reply, Request
from veeam_mock.model import durations
from veeam_mock.model.dates import date_time, http_date
from veeam_mock.profiles.cases import CASES
from veeam_mock.profiles.contents import Learned, good_content
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.document import VERSIONS
from veeam_mock.spec.schema import Schema, Violation, without_own_words

PLACES = frozenset({"host", "http-date", "id", "organization", "path", "time", "token", "user", "uuid"})
"""What may stand in braces in a template."""

PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
LONGEST = 64 * 1024
TEMPLATE = {"type": "string", "maxLength": LONGEST}
FIELD = {**TEMPLATE, "maxLength": 8192, "pattern": r"^[\t -~\xa0-\xff]*$", "x-wanted": "the value of a header field"}
MEMBERS = {"type": "array", "maxItems": 1000, "items": {"type": "string", "maxLength": 200}}
DATE_FORM = {
    "type": "string",
    "pattern": r"^(http-date|0000-00-00T00:00:00(\.0{1,9})?(Z|[+-]00:?00)?)$",
    "x-wanted": "http-date, or a form such as 0000-00-00T00:00:00Z",
}
ENTRY = {
    "type": "object",
    "required": ["status"],
    "additionalProperties": False,
    "properties": {
        "operation": {"type": "string", "pattern": "^[A-Za-z]{1,60}$"},
        "case": {"type": "string", "enum": list(CASES)},
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "content-type": FIELD,
        "headers": {
            "type": "object",
            "maxProperties": 100,
            "propertyNames": {"pattern": r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", "x-wanted": "names of header fields"},
            "additionalProperties": FIELD,
        },
        "body": TEMPLATE,
        "members": MEMBERS,
        "items": MEMBERS,
        "dates": {"type": "object", "additionalProperties": DATE_FORM},
        "texts": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 2000}},
    },
}
SECONDS = {"type": "number", "minimum": 0, "maximum": 3600}
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
        "ambiguities": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "refusals": {"type": "array", "maxItems": 1000, "items": {**ENTRY, "required": ["status", "case", "body"]}},
        "answers": {"type": "array", "maxItems": 1000, "items": {**ENTRY, "required": ["status", "operation"]}},
        "latency": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["median"],
                "properties": {"median": SECONDS, "slowest": SECONDS},
            },
        },
    },
}
"""The JSON Schema of a profile."""

_SCHEMA = Schema(SCHEMA)


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "How a Veeam server answers"}
    return {**head, **without_own_words(SCHEMA)}


OF_OURS = frozenset({"date", "content-length", "transfer-encoding", "connection", "content-type"})
"""Header fields that the mock or its door writes, whatever a profile says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What fills the places: the request, the time of its world in Unix seconds, UTC, and who tried to log in."""

    request: Request
    now: float
    user: str = ""


class Profile:
    """What a server was learned to answer: `given` is what the file at `path` holds.

    Raises `SettingsError` for one that cannot be used, with all mistakes.
    """

    def __init__(self, path: str, given: Mapping[str, Any]) -> None:
        problems = _SCHEMA.violations(given, "") or list(_template_problems(given))
        if problems:
            lines = lines_of(path, problems)
            told = {problem: f", line {lines[problem]}" if problem in lines else "" for problem in problems}
            raise SettingsError([Violation("profile", f"{path}{told[p]}: {p}", p.keyword) for p in problems])
        self._given = given
        entries = [*given.get("refusals", ()), *given.get("answers", ())]
        self._answers = {(entry.get("operation", ""), entry.get("case", "")): _learned(entry) for entry in entries}
        self._latency = {name: float(times["median"]) for name, times in given.get("latency", {}).items()}

    def settings(self, settings: Settings) -> Settings:
        """`settings` with what follows from the profile; what they say themselves takes precedence."""
        lifetimes = self._given.get("lifetimes", {})
        wanted = {
            "api": self._given.get("versions"),
            "code_lifetime": lifetimes.get("code"),
            "token_lifetime": lifetimes.get("token"),
        }
        changes: dict[str, Any] = {
            key: value for key, value in wanted.items() if value is not None and not settings.says(key)
        }
        changes["ambiguities"] = {**self._given.get("ambiguities", {}), **settings.picked}
        return settings.replace(**changes)

    def delay(self, operation_id: str) -> float:
        """The seconds that an operation took, in the middle."""
        return self._latency.get(operation_id, 0.0)

    def answer(self, reply: Reply, operation_id: str, case: str, asked: Asked) -> Reply:
        """`reply` as the server would give it: a refusal of the kind `case`, or a good answer where that is empty."""
        learned = self._answers.get((operation_id, case))
        if learned is None and case:
            learned = next((each for (_, kind), each in self._answers.items() if kind == case), None)
        if learned is None:
            return reply
        values = _values(asked.request, asked.now, asked.user)
        kept: Headers = {name: value for name, value in reply.headers.items() if name.lower() in OF_OURS}
        headers = {**kept, **{name: _filled(value, values) for name, value in learned.headers.items()}}
        if learned.content_type is not None:
            headers["Content-Type"] = learned.content_type
        if learned.body is None:
            return replace(reply, headers=headers, content=good_content(reply.content, learned))
        body = _filled(learned.body, values).encode()
        return Reply(learned.status, None, headers, body)


def _learned(entry: Mapping[str, Any]) -> Learned:
    headers = {_title(name): value for name, value in entry.get("headers", {}).items() if name.lower() not in OF_OURS}
    return Learned(
        entry["status"],
        entry.get("content-type"),
        headers,
        entry.get("body"),
        tuple(entry.get("members", ())),
        tuple(entry.get("items", ())),
        entry.get("dates", {}),
        entry.get("texts", {}),
    )


def _title(name: str) -> str:
    return {"www-authenticate": "WWW-Authenticate"}.get(name, "-".join(part.capitalize() for part in name.split("-")))


def _values(request: Request, now: float, user: str) -> Mapping[str, str]:
    last = request.path.rpartition("/")[2]
    return {
        "host": request.origin.partition("://")[2],
        "http-date": http_date(int(now)),
        "id": last,
        "organization": last,
        "path": request.path,
        "time": date_time(now),
        "token": "0" * 32,
        "user": user,
        "uuid": "00000000-0000-4000-8000-000000000000",
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its places filled; doubled braces are braces."""
    return PLACE.sub(lambda found: found[0][0] if found[1] is None else values[found[1]], template)


def _template_problems(given: Mapping[str, Any]) -> Any:
    for part in ("refusals", "answers"):
        for number, entry in enumerate(given.get(part, ())):
            texts = {"body": entry.get("body", ""), **{f"headers.{k}": v for k, v in entry.get("headers", {}).items()}}
            for where, text in texts.items():
                for found in PLACE.finditer(text):
                    if found[0] not in ("{{", "}}") and found[1] not in PLACES:
                        said = f"{found[0][:40]!r} is no place; known are {', '.join(sorted(PLACES))}; a brace is {{{{"
                        yield Violation(f"{part}.{number}.{where}", said, "place")
