"""A profile as the mock reads it: settings that follow from it, and answers that are given in its words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from veeam_mock.messages import Delivery
from veeam_mock.model.errors import NotOffered, UnknownRegion
from veeam_mock.model.regions import canonical, same_cloud
from veeam_mock.profiles.cases import (
    ALWAYS_REFUSED,
    CASES,
    FIRST,
    INSTEAD,
    NOT_OF_OPERATIONS,
    REFRESH,
    TOKEN_OPERATION,
    WITNESS,
    case_of_violations,
)
from veeam_mock.profiles.contents import Ours
from veeam_mock.profiles.learned import LENGTH, Learned, shared
from veeam_mock.profiles.limits import Limits
from veeam_mock.profiles.pages import Pages
from veeam_mock.profiles.schema import problems_of
from veeam_mock.profiles.templates import Answering, Asking
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of
from veeam_mock.spec.renditions import RENDITIONS
from veeam_mock.spec.schema import Violation
from veeam_mock.spec.spec import CheckedRequest, Operation

REFUSED = 300
"""The first status that is no success."""


GRANT = "refresh_token"
"""The grant type of a refresh (RFC 6749 section 6)."""

OF_REGIONS = ("getDeviceCode", "getRestoreDeviceCode")
"""Operations that a region is named for."""

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
        ours = Ours(Pages(given.get("pages", {})), RENDITIONS.get(str(api)))
        self._rewrite = ours.pages.rewriter
        self._answers = {
            (entry.get("operation", ""), entry.get("case", "")): Learned(entry, api, framing, ours) for entry in entries
        }
        refused = {(entry.get("operation"), entry["case"]) for entry in given.get("refusals", ())}
        self._refuses_refreshes = (TOKEN_OPERATION, REFRESH) in refused
        self.limits = Limits(given.get("limits", ()), given.get("starting", 0))
        self.has_limits = bool(given.get("limits") or given.get("starting"))
        self._taken = frozenset(given.get("taken", ()))
        self._refused_regions = tuple(given.get("refused_regions", ()))
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

    def checked(self, operation_id: str, checked: CheckedRequest) -> CheckedRequest:
        """`checked` without the violations that the server forgives in a request for a code (`taken`). The body is then
        read as `{}`, which names no region."""
        if operation_id != "getDeviceCode" or not self._taken:
            return checked
        refused = [each for each in checked.violations if not self._takes(operation_id, each)]
        return checked if len(refused) == len(checked.violations) else checked._replace(body={}, violations=refused)

    def _takes(self, operation_id: str, violation: Violation) -> bool:
        if violation.where == "header.Content-Type":
            return "media-type" in self._taken
        return violation.where.startswith("body") and case_of_violations(operation_id, [violation]) in self._taken

    def may_refuse(self, operation: Operation | None) -> bool:
        """Whether `refuse` has anything to say of requests for this operation."""
        if operation is None:
            return False
        return self._leaves_undone(operation) or (bool(self._refused_regions) and operation.id in OF_REGIONS)

    def refuse(self, operation: Operation, asking: Asking) -> None:
        """Refuse a good request as the server does, before anything is done for it.

        Raises `NotOffered` for an operation that is refused whoever asks, and `UnknownRegion` for a region of a cloud
        that is refused.
        """
        if self._leaves_undone(operation):
            raise NotOffered(f"{operation.id} is refused whoever asks for it.")
        region = asking.sent("targetRegion")
        if region and any(same_cloud(canonical(region), refused) for refused in self._refused_regions):
            raise UnknownRegion(region)

    def _leaves_undone(self, operation: Operation) -> bool:
        """Whether nothing is done for an operation that is refused whoever asks. What is read changes nothing, and an
        id that names nothing is another case: that answer is replaced afterwards."""
        return (operation.id, ALWAYS_REFUSED) in self._answers and operation.method != "GET"

    def answering(self, operation_id: str) -> Answer:
        """What makes of the reply of an exchange what the server would answer: a refusal of its kind, or a good answer.

        What was not learned has what all answers have. It takes as long as the operation, where that is wanted.
        """
        if operation_id not in self._answering:
            self._answering[operation_id] = self._made_for(operation_id)
        return self._answering[operation_id]

    def _made_for(self, operation_id: str) -> Answer:
        good, refreshed = (self._answers.get((operation_id, case)) for case in ("", REFRESH))
        if (operation_id, ALWAYS_REFUSED) in self._answers:
            return _refusing(self._made_of(operation_id, None), ALWAYS_REFUSED)
        usual = self._made_of(operation_id, good)
        if refreshed is None:
            return usual
        if self._refuses_refreshes:
            other = _refusing(self._made_of(operation_id, None), REFRESH)
        else:
            other = self._made_of(operation_id, refreshed)
        return lambda pipeline, exchange: (other if exchange.sent("grant_type") == GRANT else usual)(pipeline, exchange)

    def _made_of(self, operation_id: str, good: Learned | None) -> Answer:
        refusals = self._refusals_of(operation_id)
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
                refusals[exchange.case].replace(reply, exchange)
            else:
                reply.headers.lines = everywhere.lines_for(exchange) | reply.headers.lines
                reply.manner = everywhere.manner
                if rewrite is not None and reply.status < REFUSED:
                    reply.content = rewrite(reply.content, exchange)
            if delivery is not None:
                reply.delivery = delivery

        return answer

    def _refusals_of(self, operation_id: str) -> dict[str, Learned]:
        """What was learned of each case: of the operation and the case, else of a wider case, else the refusal of good
        requests, else of another operation.

        Cases of `FIRST` are refused as good requests are only where the operation refuses a missing token so.
        """
        answers = self._answers
        known = sorted(reversed(answers.items()), key=lambda item: item[0][0] == WITNESS)  # The last of them counts.
        by_case = {case: each for key, each in known if (case := key[1]) and not self._is_as_always(key)}
        refused, is_first = answers.get((operation_id, ALWAYS_REFUSED)), self._is_as_always((operation_id, FIRST[0]))
        found = {}
        for case in CASES:
            wider = INSTEAD.get(case, case)
            found[case] = answers.get((operation_id, case)) or answers.get((operation_id, wider))
            if found[case] is None and case not in NOT_OF_OPERATIONS and (is_first or case not in FIRST):
                found[case] = refused
            found[case] = found[case] or by_case.get(case) or by_case.get(wider)
        return {case: learned for case, learned in found.items() if learned is not None}

    def _is_as_always(self, key: tuple[str, str]) -> bool:
        """Whether what was learned of an operation and a case is how the operation is refused whoever asks."""
        refused, learned = self._answers.get((key[0], ALWAYS_REFUSED)), self._answers.get(key)
        return refused is not None and learned is not None and learned.says == refused.says


def _refusing(answer: Answer, case: str) -> Answer:
    """`answer`, where what was done is refused all the same, by what was learned of a case."""

    def refusing(pipeline: object, exchange: Answering) -> None:
        reply = exchange.reply
        if reply is not None and reply.status < REFUSED and not exchange.is_outside_the_description:
            exchange.case = case
        answer(pipeline, exchange)

    return refusing


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
