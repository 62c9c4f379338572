"""When a fault strikes: rules, and the plan that holds them.

Every request to the API that fits a rule's pattern counts for it, whether it would be answered well or refused, unless
another rule takes precedence. For one request, rules are asked in the order header, control API, config file, each
group in the order in which its rules came. The first delay that is due and the first other fault that is due strike,
both; the rules behind them are not asked, so they neither count the request nor are used up by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from veeam_mock.faults.kinds import Delay, Fault
from veeam_mock.journal.pattern import Pattern, Seen
from veeam_mock.messages import Request
from veeam_mock.model.clock import Clock
from veeam_mock.model.randomness import Randomness


@dataclass(slots=True)
class Rule:
    """A fault and its conditions: `after` requests pass first, then it strikes at most `times` (None: without end).

    `until` is Unix seconds, UTC, of the world's clock. `given` is the rule as it was asked for, of `size` characters;
    `shown` is that without secrets, once somebody has looked at it.
    """

    fault: Fault
    pattern: Pattern
    given: dict[str, Any]
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    until: float | None = None
    label: str = ""
    id: str = ""
    size: int = 0
    shown: dict[str, Any] | None = None
    matched: int = 0
    struck: int = 0
    randomness: Randomness = field(default_factory=Randomness)

    def is_due(self, seen: Seen, now: float) -> bool:
        """Count a request if it fits, and say whether the fault should strike it."""
        if self.until is not None and now >= self.until:
            return False
        if self.times is not None and self.struck >= self.times:
            return False
        if not self.pattern.fits(seen):
            return False
        self.matched += 1
        return self.matched > self.after and (self.probability >= 1 or self.randomness.chance() < self.probability)

    def is_spent(self, now: float) -> bool:
        """Whether it can never strike again."""
        over = self.until is not None and now >= self.until
        return over or (self.times is not None and self.struck >= self.times)


class Plan:
    """The rules of a world. The caller holds the world's lock."""

    MOST_RULES = 1000
    MOST_CHARACTERS = 2 * 1024 * 1024

    def __init__(self, clock: Clock, seed: int | str | None, standing: tuple[Rule, ...] = ()) -> None:
        self._clock = clock
        self._seed = seed
        self._numbered = 0
        self._asked: list[Rule] = []
        self._standing: list[Rule] = []
        for rule in standing:
            self._number(rule, self._standing)

    def __bool__(self) -> bool:
        return bool(self._asked or self._standing)

    def add(self, rule: Rule) -> Rule:
        """Add a rule of the control API and give it its id; `OverflowError` when there are too many, or too large."""
        if len(self._asked) >= self.MOST_RULES:
            raise OverflowError(f"there are {self.MOST_RULES} faults already; remove some first")
        self._measure(rule)
        return self._number(rule, self._asked)

    def _measure(self, rule: Rule) -> None:
        """To list the rules, or to keep them, must not cost without bound, however large each is."""
        rule.size = len(str(rule.given))
        if sum(other.size for other in self._asked) + rule.size > self.MOST_CHARACTERS:
            raise OverflowError(f"the faults would have more than {self.MOST_CHARACTERS} characters; remove some first")

    def _number(self, rule: Rule, rules: list[Rule]) -> Rule:
        """A seeded rule draws from a sequence of its own, so that a run repeats whatever else happens."""
        self._numbered += 1
        rule.id = f"fault-{self._numbered}"
        rule.randomness = Randomness(None if self._seed is None else f"{self._seed}/{rule.id}")
        rules.append(rule)
        return rule

    def rules(self) -> list[Rule]:
        """All rules in the order in which they are asked."""
        return [*self._asked, *self._standing]

    def remove(self, rule_id: str) -> bool:
        """Remove the rule with this id; False when there is none."""
        for rules in (self._asked, self._standing):
            for rule in rules:
                if rule.id == rule_id:
                    rules.remove(rule)
                    return True
        return False

    def clear(self) -> None:
        """Remove all rules, those of the config file too."""
        self._asked.clear()
        self._standing.clear()

    def strike(self, request: Request, operation_id: str | None, header: Sequence[Rule]) -> Sequence[Rule]:
        """The rules whose faults strike `request`: at most one delay and one other fault, the delay last."""
        now, seen = self._clock.now(), Seen(request, operation_id)
        chosen: dict[bool, Rule] = {}
        for rule in [*header, *self.rules()]:
            is_delay = isinstance(rule.fault, Delay)
            if is_delay not in chosen and rule.is_due(seen, now):
                rule.struck += 1
                chosen[is_delay] = rule
        return [chosen[is_delay] for is_delay in (False, True) if is_delay in chosen]
