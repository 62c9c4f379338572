"""What a rule finds out: how often it was tried, how often it broke, and the exchanges that show it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, NoReturn

import pytest

from veeam_contracts.asking.admission import BudgetSpent, Refused, Stopped
from veeam_contracts.asking.client import NoLogin, TokenDied
from veeam_contracts.asking.exchange import Exchange, Keep
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.survey import Barred, NotServed
from veeam_contracts.paths import label_at

KEPT = 3
"""Failures of one kind that are kept whole; the rest is counted."""


class Why(StrEnum):
    """What kept a rule from being tried."""

    TARGET = "target"
    """It is not for such a target, or there is nothing at this server to try it on."""
    LIMITS = "limits"
    """The limits of the run left it out: somebody who allows more learns more."""
    BROKEN = "broken"
    """What it stands on is broken, or shows nothing."""
    SELECTION = "selection"
    """Somebody chose other rules."""


class NotTested(pytest.skip.Exception):  # type: ignore[name-defined, misc]
    """A rule cannot be tried here. `see` is the rule that says what is broken, where one does."""

    def __init__(self, reason: str, why: Why = Why.TARGET, see: str = "") -> None:
        super().__init__(f"{reason}, see {see}" if see else reason, pytrace=False, _use_item_location=True)
        self.why, self.see = Why.BROKEN if see else why, see


UNABLE = (NoAnswer, Refused, NoLogin, NotServed, Barred)
"""What ends a rule that the server, the network or the limits do not let be tried."""


def unable(reason: Exception) -> NotTested:
    """One of `UNABLE` as what it means for the rule."""
    match reason:
        case BudgetSpent():
            return NotTested(str(reason), Why.LIMITS)
        case TokenDied():
            return NotTested(str(reason), see="token.alive")
        case NotServed():
            return NotTested(str(reason), see="operations.served")
        case NoAnswer():
            return NotTested(str(reason), see="answers.in-time" if reason.exchange.late else "answers.arrive")
        case Stopped() | NoLogin():
            return NotTested(str(reason), Why.BROKEN)
    return NotTested(str(reason))


class Broken(AssertionError):
    """The server broke a rule."""


@dataclass(slots=True)
class Failure:
    """One way in which a rule broke: what was expected and seen, how to repeat it, and how often it was so.

    `operation` and `status` are those of the first exchange that shows it.
    """

    expected: str
    seen: str
    curl: str | None = None
    answer: str | None = None
    times: int = 1
    operation: str | None = None
    status: int | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """What is the same in two failures that differ only in the values that show them."""
        if self.seen.startswith("status "):
            return self.expected, self.seen
        telling = "`" in self.seen or self.expected == DESCRIBED
        return self.expected, re.sub(r"\d+", "0", self.seen) if telling else ""

    def __str__(self) -> str:
        lines = [f"expected: {self.expected}", f"seen:     {self.seen}"]
        if self.curl:
            lines.append(f"repeat:   {self.curl}")
        if self.answer:
            lines.append(f"answer:   {self.answer}")
        return "\n".join(lines)


@dataclass(slots=True)
class Observation:
    """The answer to a question: which reading the server picked, and what shows it."""

    question: str
    reading: str
    evidence: str


DESCRIBED = "an answer as the document describes it"
"""What generated cases expect."""

Told = dict[str, set[tuple[str | None, int | None]]]
"""The rules that broke so far, each with the operations and the statuses at which it did."""


@dataclass(slots=True)
class Findings:
    """Collects for one test. A rule that goes on after a failure can say how often out of how many.

    `rule` is the one that is tried, `curl_options` are what curl needs to get through to the server, `told` is what
    broke before, `chosen` the rules of the run. `keep` keeps bodies that are too
    long for a line. `elsewhere` counts generated cases that show what another rule told.
    """

    secrets: Secrets
    curl_options: Sequence[str] = ()
    rule: str = ""
    told: Told = field(default_factory=dict)
    elsewhere: Counter[str] = field(default_factory=Counter)
    chosen: Set[str] = frozenset()
    keep: Keep = lambda body: None
    tried: int = 0
    broke: int = 0
    failures: list[Failure] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    shortfall: NotTested | None = None

    def check(self, holds: bool, expected: str, seen: str, exchange: Exchange | None = None, *, like: str = "") -> bool:
        """Count one trial; keep it as a failure when it does not hold. Returns `holds`.

        What another rule tells is no failure here. An answer with 5xx, or a redirect, has a rule of its own; and `like`
        names rules, by patterns with spaces between, of which one may have broken by an answer of the same status.
        """
        if not holds and exchange is not None and exchange.throttled:
            self.cut(f"status {exchange.status}: the server wants to be asked later", Why.LIMITS)
            return holds
        other = "" if holds or exchange is None else self._other_rule(exchange, like)
        if other:
            self.cut(self.secrets.mask(seen), see=other)
            return holds
        self.tried += 1
        if not holds:
            self.broke += 1
            self._keep(expected, self.secrets.mask(seen), exchange)
        return holds

    def tell_elsewhere(self, rule: str, seen: str) -> None:
        """Count what was seen under another rule, which tells the same: this one is cut."""
        self.elsewhere[rule] += 1
        self.cut(self.secrets.mask(seen), see=rule)

    def _other_rule(self, exchange: Exchange, like: str) -> str:
        own = rule_of_status(exchange.status)
        if own in self.chosen:
            return own if own != self.rule else ""
        same = (rule for rule, places in self.told.items() if any(status == exchange.status for _, status in places))
        fits = (rule for rule in same for pattern in like.split() if fnmatchcase(rule, pattern) and rule != self.rule)
        return next(fits, "")

    def need(self, holds: bool, expected: str, seen: str, exchange: Exchange | None = None, *, like: str = "") -> bool:
        """As `check`, for what a trial rests on: counted only when it does not hold."""
        return holds or self.check(False, expected, seen, exchange, like=like)

    def _keep(self, expected: str, seen: str, exchange: Exchange | None) -> None:
        fresh = Failure(self.secrets.mask(expected), seen)
        for failure in self.failures:
            if failure.kind == fresh.kind:
                failure.times += 1
                return
        if len(self.failures) >= KEPT * 4:
            return
        if exchange is not None:
            fresh.curl = exchange.curl(self.secrets, self.curl_options, self.keep)
            fresh.answer = exchange.seen(self.secrets)
            fresh.operation, fresh.status = self.operation_of(exchange), exchange.status
        self.failures.append(fresh)

    def operation_of(self, exchange: Exchange) -> str:
        """What was asked for, as a report names it: a path that is none of ours may have come from the server."""
        return self.secrets.mask(label_at(exchange.method, exchange.path))

    def observe(self, question: str, reading: str, evidence: str) -> None:
        """Answer a question. Never a failure."""
        self.observations.append(Observation(question, self.secrets.mask(reading), self.secrets.mask(evidence)))

    def cut(self, reason: str, why: Why = Why.BROKEN, see: str = "") -> None:
        """What was to be tried and was not: a rule with a cut is 'not tested', unless it broke."""
        self.keep_short(NotTested(reason, why, see))

    def keep_short(self, reason: NotTested) -> None:
        """As `cut`, with the reason as it is; the first one counts."""
        self.shortfall = self.shortfall or reason

    def __str__(self) -> str:
        head = f"broke {self.broke} of {self.tried} times" if self.tried > 1 else "broke"
        return "\n\n".join(
            [head, *(f"{f}\n          ({f.times} times)" if f.times > 1 else str(f) for f in self.failures)]
        )


def rule_of_status(status: int | None) -> str:
    """The rule that an answer breaks by its status alone, whatever was asked; empty for other answers."""
    if status is None or status in (429, 501):
        return ""
    return "answers.no-5xx" if status >= 500 else "answers.no-redirect" if 300 <= status < 400 else ""


def group(failures: Iterable[Failure]) -> list[Failure]:
    """Failures of the parts of one rule, each kind once."""
    kinds: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        first = kinds.setdefault(failure.kind, failure)
        if first is not failure:
            first.times += failure.times
    return list(kinds.values())


def not_tested(reason: str, why: Why = Why.TARGET, see: str = "") -> NoReturn:
    """End a rule that cannot be tried here; the report shows the reason."""
    raise NotTested(reason, why, see)


def listed(values: Sequence[Any]) -> str:
    """Values for a sentence."""
    return ", ".join(map(str, values)) or "none"
