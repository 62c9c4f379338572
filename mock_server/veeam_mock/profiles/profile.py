"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from veeam_mock.messages import Headers, Reply, Request
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time, http_date
from veeam_mock.profiles.contents import Content
from veeam_mock.profiles.schema import PLACE, problems_of
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.schema import Violation

OF_OURS = frozenset({"date", "content-length", "transfer-encoding", "connection", "content-type"})
"""Header fields that the mock or its door writes, whatever a profile says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What fills the places: the request, the value of its body, and the time of its world in Unix seconds, UTC."""

    request: Request
    body: Any
    now: float


class Profile:
    """What a server was learned to answer: `given` is what the file at `path` holds.

    Raises `SettingsError` for one that cannot be used, with all mistakes.
    """

    def __init__(self, path: str, given: Mapping[str, Any]) -> None:
        problems = problems_of(given)
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
            "forms": self._given.get("forms"),
            "organizations": self._given.get("organizations"),
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
        values = _values(asked)
        kept: Headers = {name: value for name, value in reply.headers.items() if name.lower() in OF_OURS}
        headers = {**kept, **{name: _for_header(_filled(value, values)) for name, value in learned.headers.items()}}
        if learned.content_type is not None:
            headers["Content-Type"] = learned.content_type
        if not case:
            content = Content(asked.now, lambda text, more: _filled(text, {**values, **more}))
            shaped = content.shaped(reply.content, learned.body)
            return replace(reply, status=learned.status, headers=headers, content=shaped)
        written = _written_for(headers.get("Content-Type", "").lower(), values)
        return Reply(learned.status, None, headers, _filled(learned.body, written).encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Learned:
    """One answer of a profile: templates of header fields, and of the body of a refusal, or the shape of a good one."""

    status: int
    content_type: str | None
    headers: Mapping[str, str]
    body: Any


def _learned(entry: Mapping[str, Any]) -> Learned:
    headers = {_title(name): value for name, value in entry.get("headers", {}).items() if name.lower() not in OF_OURS}
    return Learned(entry["status"], entry.get("content-type"), headers, entry.get("body"))


def _title(name: str) -> str:
    return {"www-authenticate": "WWW-Authenticate"}.get(name, "-".join(part.capitalize() for part in name.split("-")))


def _values(asked: Asked) -> Mapping[str, str]:
    request = asked.request
    last = request.path.rpartition("/")[2]
    sent = asked.body if isinstance(asked.body, dict) else {}
    return {
        "address": regions.SIGN_IN_WORLDWIDE,
        "code": str(sent.get("userCode", "")),
        "host": request.origin.partition("://")[2],
        "http-date": http_date(int(asked.now)),
        "id": last,
        "organization": last,
        "path": request.path,
        "region": str(sent.get("targetRegion", "")),
        "time": date_time(asked.now),
        "token": "0" * 32,
        "user": str(sent.get("username", "")),
        "uuid": "00000000-0000-4000-8000-000000000000",
    }


def _for_header(text: str) -> str:
    """What a client sent ends no header field, and begins none."""
    return re.sub(r"[^\t -~\xa0-\xff]", "?", text)


def _written_for(media_type: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """`values` as a body of this type spells them, so that what a client sent is text in it and nothing else."""
    if "json" in media_type:
        return {name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in values.items()}
    if "html" in media_type or "xml" in media_type:
        return {name: html.escape(value) for name, value in values.items()}
    return values


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its places filled; doubled braces are braces."""
    return PLACE.sub(lambda found: found[0][0] if found[1] is None else values[found[1]], template)
