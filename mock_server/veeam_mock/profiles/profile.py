"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from veeam_mock.messages import OUR_OWN, Delivery, Manner, Reply
from veeam_mock.profiles.contents import Content
from veeam_mock.profiles.limits import Limits
from veeam_mock.profiles.schema import problems_of
from veeam_mock.profiles.templates import Asked, filled, for_header, spelled_for
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.schema import Violation

REFUSED = 300
"""The first status that is no success."""

OF_OURS = frozenset({"date", "content-length", "content-encoding", "transfer-encoding", "connection", "content-type"})
"""Header fields that the mock or its door writes, whatever a profile says."""


class Profile:
    """What a server was learned to answer, and its `limits`: `given` is what the file at `path` holds.

    Raises `SettingsError` for one that cannot be used, with all mistakes.
    """

    def __init__(self, path: str, given: Mapping[str, Any], *, with_latency: bool = False) -> None:
        problems = problems_of(given)
        if problems:
            raise SettingsError(_with_place(problems, path))
        self._path, self._given = path, given
        entries = [*given.get("refusals", ()), *given.get("answers", ())]
        self._answers = {(entry.get("operation", ""), entry.get("case", "")): _learned(entry) for entry in entries}
        self._by_case = {case: learned for (_, case), learned in reversed(self._answers.items()) if case}
        self.limits = Limits(given.get("limits", ()))
        self._everywhere = _shared(list(self._answers.values()))
        latency = given.get("latency", {}) if with_latency else {}
        self._delivery = {name: Delivery(delay=float(times["median"])) for name, times in latency.items()}

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
        try:
            return settings.replace(**changes)
        except SettingsError as error:
            own = [Violation(_key_of(problem.where), problem.message, problem.keyword) for problem in error.problems]
            raise SettingsError(_with_place(own, self._path)) from None

    def answer(self, reply: Reply, operation_id: str, case: str, asked: Asked) -> Reply:
        """`reply` as the server would give it: a refusal of the kind `case`, or a good answer where that is empty. What
        was not learned has what all answers have. It takes as long as the operation took, where that is wanted."""
        answer = self._answer(reply, operation_id, case, asked)
        answer.delivery = self._delivery.get(operation_id, answer.delivery)
        return answer

    def _answer(self, reply: Reply, operation_id: str, case: str, asked: Asked) -> Reply:
        learned = self._answers.get((operation_id, case)) or self._by_case.get(case)
        if learned is None or (not case and reply.status >= REFUSED):
            return self._as_everywhere(reply, asked)
        headers = {name: value for name, value in reply.headers.items() if name.lower() in OF_OURS}
        for name, template in learned.headers.items():
            headers[name] = for_header(filled(template, asked))
        if learned.content_type is not None:
            headers["Content-Type"] = learned.content_type
        if not case:
            content = reply.content
            if asked.version == self._given.get("api", asked.version):
                content = Content(asked.now, partial(_fill, asked)).shaped(content, learned.body)
            return replace(reply, status=learned.status, headers=headers, content=content, manner=learned.manner)
        spell = spelled_for(headers.get("Content-Type", "").lower())
        body = filled(learned.body, asked, spell).encode("utf-8", "replace")
        return Reply(learned.status, None, headers, body, manner=learned.manner)

    def _as_everywhere(self, reply: Reply, asked: Asked) -> Reply:
        shared = self._everywhere
        more = {name: for_header(filled(template, asked)) for name, template in shared.headers.items()}
        return replace(reply, headers={**more, **reply.headers}, manner=shared.manner)


KEYS = {"api": "versions", "code_lifetime": "lifetimes.code", "token_lifetime": "lifetimes.token"}
"""Settings that a profile has under another name."""


def _key_of(where: str) -> str:
    key, dot, rest = where.partition(".")
    return f"{KEYS.get(key, key)}{dot}{rest}"


def _with_place(problems: Sequence[Violation], path: str) -> list[Violation]:
    """What is wrong in the file at `path`, with its line."""
    lines = lines_of(path, problems)
    told = {problem: f", line {lines[problem]}" if problem in lines else "" for problem in problems}
    return [Violation("profile", f"{path}{told[p]}: {p}", p.keyword) for p in problems]


def _fill(asked: Asked, template: str, more: Mapping[str, str]) -> str:
    return filled(template, asked, more=more)


def _shared(answers: "Sequence[Learned]") -> "Learned":
    """What all of several answers have; nothing of one alone."""
    first, rest = answers[:1], answers[1:]
    fields = first[0].headers.items() if rest else ()
    headers = {name: value for name, value in fields if all(other.headers.get(name) == value for other in rest)}
    is_one = bool(rest) and all(other.manner == first[0].manner for other in rest)
    return Learned(0, None, headers, None, first[0].manner if is_one else OUR_OWN)


@dataclass(frozen=True, slots=True)
class Learned:
    """One answer of a profile: templates of header fields, and of the body of a refusal, or the shape of a good one."""

    status: int
    content_type: str | None
    headers: Mapping[str, str]
    body: Any
    manner: Manner


def _learned(entry: Mapping[str, Any]) -> Learned:
    headers = {_title(name): value for name, value in entry.get("headers", {}).items() if name.lower() not in OF_OURS}
    connection = entry.get("connection", "")
    manner = Manner(
        entry.get("framing", "content-length"), connection if connection != "kept" else "", entry.get("compression", "")
    )
    return Learned(entry["status"], entry.get("content-type"), headers, entry.get("body"), manner)


def _title(name: str) -> str:
    return {"www-authenticate": "WWW-Authenticate"}.get(name, "-".join(part.capitalize() for part in name.split("-")))
