"""The report as JSON, for programs. Its form is described by docs/contracts-report.schema.json and has a version."""

import json
from dataclasses import asdict
from typing import Any

from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

FORMAT = "veeam-contracts-report"
VERSION = 1
"""Goes up when a program that reads the report would have to change."""


def render(verdict: Verdict) -> str:
    """The report as JSON text."""
    return json.dumps(to_json(verdict), indent=2, ensure_ascii=False) + "\n"


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "target": verdict.target,
        "apiVersions": verdict.versions,
        "started": verdict.started,
        "seconds": round(verdict.seconds, 3),
        "status": verdict.status,
        "verdict": verdict.word,
        "reason": verdict.reason,
        "counts": {outcome.value: verdict.count(outcome) for outcome in Outcome},
        "causes": [{"rule": result.rule.id, "following": number} for result, number in verdict.causes()],
        "rules": [_rule(result) for result in verdict.rules],
        "observations": [asdict(observation) for observation in verdict.observations],
        "limits": [{"limit": name, "allowed": allowed, "used": used} for name, allowed, used in verdict.limits],
        "latencies": [asdict(latency) for latency in verdict.latencies],
        "goneFromBaseline": verdict.gone,
    }


def _rule(result: RuleResult) -> dict[str, Any]:
    return {
        "id": result.rule.id,
        "title": result.rule.title,
        "source": result.rule.source,
        "why": result.rule.why,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "see": list(result.see),
        "tried": result.tried,
        "broke": result.broke,
        "seconds": round(result.seconds, 3),
        "failures": [asdict(failure) for failure in result.failures],
    }
