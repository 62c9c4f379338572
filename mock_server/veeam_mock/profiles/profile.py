"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from veeam_mock.messages import Delivery
from veeam_mock.profiles.cases import CASES, INSTEAD
from veeam_mock.profiles.learned import LENGTH, Learned, shared
from veeam_mock.profiles.limits import Limits
from veeam_mock.profiles.pages import Pages
from veeam_mock.profiles.schema import problems_of
from veeam_mock.profiles.templates import Answering
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.schema import Violation

REFUSED = 300
"""The first status that is no success."""


Answer = Callable[[object, Answering], None]
"""Makes of the reply of an exchange what a server would answer."""


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
        self._rewrite = pages.rewriter
        self._answers = {
            (entry.get("operation", ""), entry.get("case", "")): Learned(entry, api, framing, pages)
            for entry in entries
        }
        self.limits = Limits(given.get("limits", ()), given.get("starting", 0))
        self.has_limits = bool(given.get("limits") or given.get("starting"))
        self._taken = frozenset(given.get("taken", ()))
        self.compresses = any("compression" in entry for entry in entries)
        self._everywhere = shared(entries)
        self._answering: dict[str, Answer] = {}
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

    def refused(self, operation_id: str, violations: Sequence[Violation]) -> Sequence[Violation]:
        """Those of `violations` that the server refuses as well: all, but the media type of a body that it takes as one
        without a word on the region."""
        if operation_id != "getDeviceCode" or "media-type" not in self._taken:
            return violations
        return [violation for violation in violations if violation.where != "header.Content-Type"]

    def answering(self, operation_id: str) -> Answer:
        """What makes of the reply of an exchange what the server would answer: a refusal of its kind, or a good answer.

        What was not learned has what all answers have. It takes as long as the operation, where that is wanted.
        """
        if operation_id not in self._answering:
            self._answering[operation_id] = self._made_for(operation_id)
        return self._answering[operation_id]

    def _made_for(self, operation_id: str) -> Answer:
        good, refusals = self._answers.get((operation_id, "")), self._refusals_of(operation_id)
        everywhere, delivery, rewrite = self._everywhere, self._delivery.get(operation_id), self._rewrite
        fixed, plain = (good.fixed, good.plain) if good is not None else (None, None)
        names, told, texts = plain or (None, None, None)

        def answer(pipeline: object, exchange: Answering) -> None:
            reply = exchange.reply
            if reply is None or exchange.is_outside_the_description:
                return
            if good is not None and reply.status < REFUSED:  # For speed all of it stands here.
                fields, own = reply.headers, reply.headers.lines
                fields.lines = good.lines_for(exchange) if fixed is None else fixed.copy()
                if "set-cookie" in own:
                    fields.add_line("set-cookie", own["set-cookie"])
                reply.status, reply.manner = good.status, good.manner
                content = reply.content
                if type(content) is not dict or [*content] != names or (told is not None and told(content) != texts):
                    good.write(reply, exchange)
            elif exchange.case in refusals:
                refusals[exchange.case].refuse(reply, exchange)
            else:
                reply.headers.lines = everywhere.lines_for(exchange) | reply.headers.lines
                reply.manner = everywhere.manner
                if rewrite is not None and reply.status < REFUSED:
                    reply.content = rewrite(reply.content, exchange)
            if delivery is not None:
                reply.delivery = delivery

        return answer

    def _refusals_of(self, operation_id: str) -> dict[str, Learned]:
        """What was learned of each case, of the operation or else of a wider case or of another operation."""
        by_case = {case: each for (_, case), each in reversed(self._answers.items()) if case}
        found = {}
        for case in CASES:
            wider = INSTEAD.get(case, case)
            own = self._answers.get((operation_id, case)) or self._answers.get((operation_id, wider))
            found[case] = own or by_case.get(case) or by_case.get(wider)
        return {case: learned for case, learned in found.items() if learned is not None}


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
