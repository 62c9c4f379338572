"""What a rule finds out: how often it was tried, how often it broke, and the exchanges that show it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets

KEPT = 3
"""Failures of one kind that are kept whole; the rest is counted."""


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
    shortfall: str | None = None

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

    def cut(self, reason: str) -> None:
        """What was to be tried and was not: a rule with a cut is 'not tested', unless it broke."""
        self.shortfall = self.shortfall or reason

    def __str__(self) -> str:
        head = f"broke {self.broke} of {self.tried} times" if self.tried > 1 else "broke"
        return "\n\n".join(
            [head, *(f"{f}\n          ({f.times} times)" if f.times > 1 else str(f) for f in self.failures)]
        )


def _shape(text: str) -> str:
    """What is the same in two failures of one kind: the words without numbers."""
    return re.sub(r"\d+", "0", text)


def not_tested(reason: str) -> NoReturn:
    """End a rule that cannot be tried here; the report shows the reason."""
    pytest.skip(reason)


def listed(values: Sequence[Any]) -> str:
    """Values for a sentence."""
    return ", ".join(map(str, values)) or "none"
