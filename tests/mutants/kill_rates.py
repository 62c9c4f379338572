"""Measure how many faulty servers the contracts blame, beside schemathesis alone, and write the table of the docs.

PYTHONPATH=tests python -m mutants.kill_rates docs/contracts-strength.md
"""

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from mutants.alone import judge_alone
from mutants.bank import MUTANTS, VARIANTS
from mutants.harness import Server, broken, judge

GROUPS = {
    "versions": "what sets a version apart",
    "code": "the device code",
    "token": "logins and tokens",
    "credentials": "credentials",
    "request": "wrong requests",
    "operations": "operations that are missing",
    "methods": "other methods",
    "organizations": "organizations",
    "service": "the installation",
    "stability": "only over many calls",
    "answers": "what answers show",
    "generated": "only in generated cases",
}
COMPARED = [mutant for mutant in MUTANTS if mutant.group in GROUPS]
"""Without the defects of a code's life: they show only to one who writes and plays the person."""

Row = tuple[str, str, list[str], bool]
"""Group and name of a mutant, the rules that named its defect, and whether schemathesis alone saw it."""


@cache
def noise() -> frozenset[tuple[str, str]]:
    """What schemathesis alone reports for the sound mock."""
    return frozenset(judge_alone(Server.answer))


def measure(index: int) -> Row:
    """Both verdicts on one mutant. What schemathesis also says of the sound mock does not count."""
    mutant = COMPARED[index]
    verdict = judge(mutant.behave, dict(mutant.settings), generated=mutant.generated, api=mutant.api)
    named = sorted(broken(verdict) & set(mutant.rules))
    return mutant.group, mutant.name, named, bool(judge_alone(mutant.behave) - noise())


def blamed(index: int) -> tuple[str, int]:
    """A lawful server, and the number of rules that the contracts say it breaks."""
    variant = VARIANTS[index]
    return variant.name, len(broken(judge(variant.behave, dict(variant.settings), generated=True, api=variant.api)))


def rate(rows: Iterable[bool]) -> str:
    """A share for the table."""
    values = list(rows)
    return f"{sum(values)} of {len(values)}"


def render(rows: list[Row], lawful: list[tuple[str, int]]) -> str:
    """The page."""
    lines = [
        "# How strong the contracts are",
        "",
        "Measured, not written by hand: `PYTHONPATH=tests python -m mutants.kill_rates docs/contracts-strength.md`.",
        "",
        f"Each of {len(rows)} faulty servers is the mock with one planted defect. The contracts blame one when a rule",
        "breaks that names the defect; any failure at all counts for schemathesis alone (the document as it is, all",
        "default checks, a valid token, 10 examples an operation beside all of its coverage cases; without the",
        "operations that add, change and delete organizations), except what it also reports for the sound mock.",
        "Left out are the defects of a code's life, which show only to one who writes and approves codes.",
        "",
        "| defects of | contracts | schemathesis alone |",
        "| --- | ---: | ---: |",
    ]
    for group, title in GROUPS.items():
        mine = [row for row in rows if row[0] == group]
        lines.append(f"| {title} | {rate(bool(r[2]) for r in mine)} | {rate(r[3] for r in mine)} |")
    lines.append(f"| **all** | **{rate(bool(r[2]) for r in rows)}** | **{rate(r[3] for r in rows)}** |")
    wrongly = sum(count > 0 for _, count in lawful)
    lines += ["", f"Of {len(lawful)} lawful servers, the contracts blame {wrongly}.", "", "## Each faulty server", ""]
    lines += ["| planted defect | named by | schemathesis alone |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {', '.join(f'`{r}`' for r in named) or 'nothing'} | {'yes' if alone else 'no'} |"
        for _, name, named, alone in rows
    ]
    lines += ["", "## Each lawful server", "", *(f"- {name}" + (" (blamed)" if n else "") for name, n in lawful)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure with two processes, and write the page."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(measure, range(len(COMPARED))))
        lawful = list(pool.map(blamed, range(len(VARIANTS))))
    Path(sys.argv[1]).write_text(render(rows, lawful), encoding="utf-8")


if __name__ == "__main__":
    main()
