"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

from collections.abc import Mapping, Sequence
from typing import Any

from veeam_mock.messages import Delivery, Reply
from veeam_mock.profiles.cases import INSTEAD
from veeam_mock.profiles.learned import LENGTH, Learned, shared
from veeam_mock.profiles.limits import Limits
from veeam_mock.profiles.pages import Pages
from veeam_mock.profiles.schema import problems_of
from veeam_mock.profiles.templates import Asking
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.schema import Violation

REFUSED = 300
"""The first status that is no success."""


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
        api = given.get("api")
        framing = str(given.get("ambiguities", {}).get("length", LENGTH))
        pages = Pages(given.get("pages", {}))
        self._answers = {
            (entry.get("operation", ""), entry.get("case", "")): Learned(entry, api, framing, pages)
            for entry in entries
        }
        self._by_case = {case: learned for (_, case), learned in reversed(self._answers.items()) if case}
        self.limits = Limits(given.get("limits", ()), given.get("starting", 0))
        self.has_limits = bool(given.get("limits") or given.get("starting"))
        self._taken = frozenset(given.get("taken", ()))
        self.compresses = any("compression" in entry for entry in entries)
        self._everywhere = shared(entries)
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

    def takes(self, operation_id: str, case: str) -> bool:
        """Whether the server takes a request of this kind, which the description refuses, as one without a body."""
        return operation_id == "getDeviceCode" and case in self._taken

    def answer(self, reply: Reply, operation_id: str, case: str, asking: Asking) -> None:
        """Make of `reply` what the server would answer: a refusal of the kind `case`, or a good answer where that is
        empty. What was not learned has what all answers have. It takes as long as the operation, where that is wanted.
        """
        learned = self._answers.get((operation_id, case)) or self._instead(operation_id, case)
        if learned is None or (not case and reply.status >= REFUSED):
            reply.headers = {**self._everywhere.headers_for(asking), **reply.headers}
            reply.manner = self._everywhere.manner
        elif case:
            learned.refuse(reply, asking)
        else:
            learned.give(reply, asking)
        if self._delivery:
            reply.delivery = self._delivery.get(operation_id, reply.delivery)

    def _instead(self, operation_id: str, case: str) -> Learned | None:
        """An answer of the same kind: of a wider case, or of another operation."""
        wider = INSTEAD.get(case, case)
        return self._answers.get((operation_id, wider)) or self._by_case.get(case) or self._by_case.get(wider)


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
