"""What a rule finds out: how often it was tried, how often it broke, and the exchanges that show it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

import pytest

from veeam_contracts.asking.admission import BudgetSpent, Refused, Stopped
from veeam_contracts.asking.client import NoLogin, TokenDied
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.survey import NotServed

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


UNABLE = (NoAnswer, Refused, NoLogin, NotServed)
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
    """One way in which a rule broke: what was expected and seen, how to repeat it, and how often it was so."""

    expected: str
    seen: str
    curl: str | None = None
    answer: str | None = None
    times: int = 1

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


@dataclass(slots=True)
class Findings:
    """Collects for one test. A rule that goes on after a failure can say how often out of how many.

    `curl_options` are what curl needs to get through to the server.
    """

    secrets: Secrets
    curl_options: Sequence[str] = ()
    tried: int = 0
    broke: int = 0
    failures: list[Failure] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    shortfall: NotTested | None = None

    def check(self, holds: bool, expected: str, seen: str, exchange: Exchange | None = None) -> bool:
        """Count one trial; keep it as a failure when it does not hold. Returns `holds`."""
        self.tried += 1
        if not holds:
            self.broke += 1
            self._keep(expected, self.secrets.mask(seen), exchange)
        return holds

    def need(self, holds: bool, expected: str, seen: str, exchange: Exchange | None = None) -> bool:
        """As `check`, for what a trial rests on: counted only when it does not hold."""
        return holds or self.check(False, expected, seen, exchange)

    def _keep(self, expected: str, seen: str, exchange: Exchange | None) -> None:
        for failure in self.failures:
            if failure.expected == expected and _shape(failure.seen) == _shape(seen):
                failure.times += 1
                return
        if len(self.failures) >= KEPT * 4:
            return
        curl = exchange.curl(self.secrets, self.curl_options) if exchange else None
        answer = exchange.seen(self.secrets) if exchange else None
        self.failures.append(Failure(expected, seen, curl, answer))

    def observe(self, question: str, reading: str, evidence: str) -> None:
        """Answer a question. Never a failure."""
        self.observations.append(Observation(question, reading, self.secrets.mask(evidence)))

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


def _shape(text: str) -> str:
    """What is the same in two failures of one kind: the words without numbers."""
    return re.sub(r"\d+", "0", text)


def not_tested(reason: str, why: Why = Why.TARGET, see: str = "") -> NoReturn:
    """End a rule that cannot be tried here; the report shows the reason."""
    raise NotTested(reason, why, see)


def listed(values: Sequence[Any]) -> str:
    """Values for a sentence."""
    return ", ".join(map(str, values)) or "none"
