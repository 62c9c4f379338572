"""The faults of a world that several processes share."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from veeam_mock.faults.kinds import Delay
from veeam_mock.faults.rules import Plan, Rule
from veeam_mock.journal.pattern import Seen
from veeam_mock.messages import Request
from veeam_mock.model.clock import Clock
from veeam_mock.model.randomness import Randomness
from veeam_mock.stores import scripts
from veeam_mock.stores.place import Place

Parse = Callable[[Any, float], Rule]
"""The rule that is described, at a time in Unix seconds, UTC; what has ended is taken too."""


class SharedPlan(Plan):
    """Rules and their counts in the store. Patterns are compared here; what strikes is decided there, in one step."""

    def __init__(self, clock: Clock, seed: str | None, place: Place, parse: Parse) -> None:
        super().__init__(clock, seed)
        self._place = place
        self._parse = parse
        self._version = ("", "")
        self._standing_numbers = 0

    def take_up(self, version: str) -> None:
        """Read the rules again where they have changed."""
        if self._version == (self._place.epoch, version):
            return
        fields = self._place.link.fields(f"{self._place.key}:faults")
        rules = [self._read(number, text) for number, text in sorted((int(key), fields[key]) for key in fields)]
        self._asked = [rule for rule, is_standing in rules if not is_standing]
        self._standing = [rule for rule, is_standing in rules if is_standing]
        self._version = self._place.epoch, version

    def _read(self, number: int, text: bytes) -> tuple[Rule, bool]:
        given, until, is_standing = orjson.loads(text)
        rule = self._parse(given, self._clock.now())
        rule.id, rule.until, rule.size = f"fault-{number}", until, len(text)
        return rule, is_standing

    def add(self, rule: Rule) -> Rule:
        self._measure(rule)
        number = self._place.run(scripts.ADD_FAULT, written(rule), self.MOST_RULES)
        if not number:
            raise OverflowError(f"there are {self.MOST_RULES} faults already; remove some first")
        rule.id = f"fault-{number}"
        return rule

    def rules(self) -> list[Rule]:
        """All rules in the order in which they are asked, with their counts as they are now."""
        fields = self._place.link.fields(f"{self._place.key}:counts")
        counts = {key.decode(): int(count) for key, count in fields.items()}
        rules = super().rules()
        for rule in rules:
            rule.matched = counts.get(f"matched:{_number(rule)}", 0)
            rule.struck = counts.get(f"struck:{_number(rule)}", 0)
        return rules

    def remove(self, rule_id: str) -> bool:
        number = rule_id.removeprefix("fault-")
        return number.isdecimal() and bool(self._place.run(scripts.REMOVE_FAULTS, number))

    def clear(self) -> None:
        self._place.run(scripts.REMOVE_FAULTS, "")

    def strike(self, request: Request, operation_id: str | None, header: Sequence[Rule]) -> Sequence[Rule]:
        now, seen = self._clock.now(), Seen(request, operation_id)
        chosen: dict[bool, Rule] = {}
        for rule in header:
            is_delay = isinstance(rule.fault, Delay)
            if is_delay not in chosen and rule.is_due(seen, now):
                chosen[is_delay] = rule
        fitting = [
            rule
            for rule in [*self._asked, *self._standing]
            if isinstance(rule.fault, Delay) not in chosen
            and (rule.until is None or now < rule.until)
            and not rule.pattern.differences(seen)
        ]
        for rule in self._decide(fitting) if fitting else ():
            chosen[isinstance(rule.fault, Delay)] = rule
        return [chosen[is_delay] for is_delay in (False, True) if is_delay in chosen]

    def _decide(self, fitting: Sequence[Rule]) -> list[Rule]:
        """Which of the rules that fit strike, as the store has it."""
        asked = [
            [
                str(_number(rule)),
                "delay" if isinstance(rule.fault, Delay) else "other",
                -1 if rule.times is None else rule.times,
                rule.after,
                rule.probability,
            ]
            for rule in fitting
        ]
        seed = secrets.token_hex(8) if self._seed is None else self._seed
        found = {
            int(number): int(matched) for number, matched in self._place.run(scripts.STRIKE, seed, orjson.dumps(asked))
        }
        struck = [rule for rule in fitting if _number(rule) in found]
        for rule in struck:
            number = _number(rule)
            rule.randomness = Randomness(None if self._seed is None else f"{self._seed}/{rule.id}/{found[number]}")
        return struck


def written(rule: Rule, *, standing: bool = False) -> bytes:
    """A rule as it is kept; its `until` is a time, whatever it was asked as."""
    return orjson.dumps([rule.given, rule.until, standing])


def _number(rule: Rule) -> int:
    return int(rule.id.removeprefix("fault-"))
