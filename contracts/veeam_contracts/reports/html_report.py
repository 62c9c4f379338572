"""The report as one HTML page that needs nothing else: readable on a phone, in the dark, and on paper."""

from collections.abc import Iterable
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

TITLES = {
    "token": "Logins and tokens",
    "operations": "Operations",
    "credentials": "Credentials",
    "code": "The device code",
    "life": "The life of a code",
    "request": "Wrong requests",
    "methods": "Other methods",
    "organizations": "Organizations",
    "service": "The installation",
    "stability": "Over many calls",
    "generated": "Generated from openapi.yaml",
    "also": "Documents of --also",
    "answers": "Over all answers",
    "observed": "Questions",
}


def render(verdict: Verdict) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("veeam_contracts.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        verdict=verdict,
        outcomes=[outcome for outcome in Outcome if verdict.count(outcome)],
        failed=verdict.broken(),
        groups=[(TITLES[name], results) for name, results in _by_group(verdict.rules)],
        slug=lambda outcome: str(outcome).replace(" ", "-"),
    )


def _by_group(results: Iterable[RuleResult]) -> list[tuple[str, list[RuleResult]]]:
    ordered = sorted(results, key=lambda result: list(TITLES).index(result.rule.group))
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda result: result.rule.group)]
