"""What is broken as a baseline, to be given to the next run once each reason is written."""

import yaml

from veeam_contracts.judging.verdict import Outcome, Verdict


def render(verdict: Verdict) -> str:
    """The baseline as YAML text: the broken rules, and those that were known with their reasons."""
    known = [(r.rule.id, r.reason) for r in verdict.having(Outcome.KNOWN)]
    fresh = [(r.rule.id, f"seen on {verdict.started[:10]}; say why") for r in verdict.having(Outcome.FAILED)]
    entries = [{"rule": rule, "reason": reason} for rule, reason in [*known, *fresh]]
    return yaml.safe_dump({"deviations": entries}, sort_keys=False, allow_unicode=True)
