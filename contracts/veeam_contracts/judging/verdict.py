"""From the results of the tests to one verdict: each rule's outcome, the observations, and the exit status."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from veeam_contracts.judging.catalogue import Rule
from veeam_contracts.judging.findings import Failure, Observation, Why, group
from veeam_contracts.judging.latency import Latency
from veeam_contracts.judging.rule import ALSO
from veeam_contracts.judging.status import Status

LEAST_ANSWERED = 0.25
"""Share of the requests that must be answered for a verdict to mean something."""


class Outcome(StrEnum):
    """How a rule ended."""

    PASSED = "passed"
    FAILED = "failed"
    KNOWN = "known deviation"
    OBSERVED = "observed"
    NOT_TESTED = "not tested"
    ERROR = "error"


WORDS = {
    Status.CONFORMS: "conforms",
    Status.BROKEN: "breaks the contract",
    Status.INCONCLUSIVE: "inconclusive",
    Status.OWN_FAILURE: "failure of the suite itself",
}


@dataclass(slots=True)
class Result:
    """What one test found out about a rule. `part` names the operation, where a rule has a test for each."""

    rule: str
    outcome: Outcome
    part: str = ""
    reason: str = ""
    why: Why | None = None
    see: str = ""
    tried: int = 0
    broke: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Result":
        """The result that `to_json` gave."""
        return cls(
            **{
                **data,
                "outcome": Outcome(data["outcome"]),
                "why": Why(data["why"]) if data["why"] else None,
                "failures": [Failure(**failure) for failure in data["failures"]],
                "observations": [Observation(**observation) for observation in data["observations"]],
            }
        )


@dataclass(slots=True)
class RuleResult:
    """What a run found out about a rule, all its tests together.

    For one that was not tested, `why` is the kind of its `reason`, and `see` the rules that say what is broken.
    """

    rule: Rule
    outcome: Outcome
    reason: str = ""
    why: Why | None = None
    see: tuple[str, ...] = ()
    tried: int = 0
    broke: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """One run: its status and why, every rule, every observation, the limits with what was used of them.

    `versions` of the API were checked; `choice` tells how they were found, where the server was asked.
    """

    target: str
    started: str
    seconds: float
    status: Status
    reason: str
    rules: list[RuleResult]
    observations: list[Observation]
    limits: list[tuple[str, str, str]]
    gone: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    choice: str = ""
    latencies: list[Latency] = field(default_factory=list)

    @property
    def api(self) -> str:
        """The versions of the API that were checked, and how they were found."""
        checked = f"API {', '.join(self.versions)}"
        return f"{checked} ({self.choice})" if self.choice else checked

    @property
    def word(self) -> str:
        """The status in words."""
        return WORDS[self.status]

    def count(self, outcome: Outcome) -> int:
        """How many rules ended so."""
        return sum(result.outcome == outcome for result in self.rules)

    def causes(self) -> list[tuple[RuleResult, int]]:
        """The broken rules, the most telling first, each with the number of rules that could not be tried for it."""
        following = Counter(rule for result in self.having(Outcome.NOT_TESTED) for rule in result.see)
        broken = [(result, following[result.rule.id]) for result in self.having(Outcome.FAILED)]
        return sorted(broken, key=lambda cause: -cause[1])

    def broken(self) -> list[RuleResult]:
        """What is to be looked at: errors of the suite, then the broken rules, the most telling first."""
        return [*self.having(Outcome.ERROR), *(result for result, _ in self.causes())]

    def not_tested(self) -> dict[str, list[str]]:
        """The reasons why rules were not tested, each with the rules."""
        found: dict[str, list[str]] = {}
        for result in self.having(Outcome.NOT_TESTED):
            found.setdefault(result.reason, []).append(result.rule.id)
        return found

    def having(self, *outcomes: Outcome) -> list[RuleResult]:
        """The rules that ended so."""
        return [result for result in self.rules if result.outcome in outcomes]


WEIGHT = (Why.LIMITS, Why.BROKEN, Why.SELECTION, Why.TARGET)
"""Of several reasons why a rule was not tested, the first one of these counts."""

PRECEDENCE = (Outcome.ERROR, Outcome.FAILED, Outcome.NOT_TESTED, Outcome.OBSERVED, Outcome.PASSED)


def gather(
    rules: Iterable[Rule], results: Sequence[Result], why_not: str, known: Mapping[str, str]
) -> list[RuleResult]:
    """Each rule with its outcome; `why_not` tells why a rule without a result has none, `known` is the baseline."""
    by_rule: dict[str, list[Result]] = {}
    for result in results:
        by_rule.setdefault(result.rule, []).append(result)
    merged = [_merge(rule, by_rule.get(rule.id, []), why_not, known) for rule in rules]
    more = Counter({rule: 0 for rule in by_rule})
    for result in results:
        more.update(result.elsewhere)
    for ruled in merged:
        ruled.tried += more[ruled.rule.id]
        ruled.broke += more[ruled.rule.id]
    return merged


def _merge(rule: Rule, results: Sequence[Result], why_not: str, known: Mapping[str, str]) -> RuleResult:
    if not results:
        return RuleResult(rule, Outcome.NOT_TESTED, why_not, Why.SELECTION)
    results = [result for result in results if result.why is not Why.TARGET] or results
    outcome = min((result.outcome for result in results), key=PRECEDENCE.index)
    reason = _join_reasons([result for result in results if result.outcome == outcome and result.reason])
    if outcome is Outcome.FAILED and rule.id in known:
        outcome, reason = Outcome.KNOWN, known[rule.id]
    return RuleResult(
        rule,
        outcome,
        reason,
        min((result.why for result in results if result.why), key=WEIGHT.index, default=None),
        tuple(dict.fromkeys(result.see for result in results if result.see)),
        tried=sum(result.tried for result in results),
        broke=sum(result.broke for result in results),
        seconds=sum(result.seconds for result in results),
        failures=group(failure for result in results for failure in result.failures),
    )


def merge_observations(results: Iterable[Result], versions: int) -> list[Observation]:
    """The observations of a run; where several versions were checked, one that they share stands once."""
    found: dict[tuple[str, str], list[tuple[str, Observation]]] = {}
    for result in results:
        for seen in result.observations:
            found.setdefault((seen.question, seen.reading), []).append((result.part.partition(" ")[0], seen))
    if versions == 1:
        return [seen for pairs in found.values() for _, seen in pairs]
    return [replace(pairs[0][1], evidence=_with_versions(pairs, versions)) for pairs in found.values()]


def _with_versions(pairs: list[tuple[str, Observation]], versions: int) -> str:
    names = dict.fromkeys(version for version, _ in pairs)
    shown = ", ".join(names) if len(names) < versions else "every version"
    return f"{shown}: {pairs[0][1].evidence}"


def _advise_on_silence(sent: int, answered: int) -> str:
    if answered == sent:
        return ""
    lost = sent - answered
    return f"{lost} of {sent} requests had no answer: look at the server, the network and any proxy in between"


def _join_reasons(results: Sequence[Result]) -> str:
    """The reasons of a rule's parts; one that they share stands once."""
    parts: dict[str, list[str]] = {}
    for result in results:
        parts.setdefault(result.reason, []).append(result.part)
    if len(parts) == 1:
        return next(iter(parts))
    return "; ".join(f"{', '.join(filter(None, names))}: {reason}" for reason, names in parts.items())


def _count_cut(rules: Sequence[RuleResult]) -> int:
    """How many rules should have been tried and were not. What follows from a known deviation is known as well."""
    known = {result.rule.id for result in rules if result.outcome is Outcome.KNOWN}

    def is_cut(result: RuleResult) -> bool:
        # Generated cases get what the budget leaves over, by design.
        if result.outcome is not Outcome.NOT_TESTED or result.rule.group in ("generated", ALSO):
            return False
        follows = result.see and known.issuperset(result.see)
        return result.why is Why.LIMITS or (result.why is Why.BROKEN and not follows)

    return sum(map(is_cut, rules))


def decide(
    rules: Sequence[RuleResult], trouble: str, sent: int, answered: int, *, partial: bool = False
) -> tuple[Status, str]:
    """Exit status and reason. `trouble` says what kept the run from being whole, if anything did.

    Rules that were not tried as they should have been make a run inconclusive, unless that is wanted: `partial`.
    """
    outcomes = [result.outcome for result in rules]
    errors = [result.rule.id for result in rules if result.outcome is Outcome.ERROR]
    if errors:
        return Status.OWN_FAILURE, f"the suite itself failed in {', '.join(errors)}: please report it"
    shown = sent == 0 or answered >= sent * LEAST_ANSWERED
    broken = outcomes.count(Outcome.FAILED)
    if broken and shown:
        number = "one rule is" if broken == 1 else f"{broken} rules are"
        return Status.BROKEN, "; ".join(filter(None, [f"{number} broken", trouble, _advise_on_silence(sent, answered)]))
    if trouble:
        return Status.INCONCLUSIVE, trouble
    if not shown:
        return Status.INCONCLUSIVE, f"only {answered} of {sent} requests were answered: nothing is shown by that"
    tested = len(outcomes) - outcomes.count(Outcome.NOT_TESTED)
    if not tested:
        return Status.INCONCLUSIVE, "no rule was tested"
    cut = _count_cut(rules)
    if cut and not partial:
        number = "one rule was" if cut == 1 else f"{cut} rules were"
        return Status.INCONCLUSIVE, f"{number} cut short, see why: allow more, or say --partial"
    rest = len(outcomes) - tested
    return Status.CONFORMS, "no rule is broken" + (f"; {rest} not tested, see why" if rest else "")
