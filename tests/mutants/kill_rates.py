"""Measure how many faulty servers the contracts blame, beside schemathesis alone, and write the table of the docs.

PYTHONPATH=tests python -m mutants.kill_rates docs/contracts-strength.md

`VEEAM_CONTRACTS_SEED` draws other codes and cases. What is blamed is shown while it is measured.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mutants.alone import judge_alone
from mutants.bank import MUTANTS, VARIANTS
from mutants.harness import Server, broken, judge
from mutants.misses import MISSES

SEED = int(os.environ.get("VEEAM_CONTRACTS_SEED", "1"))

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
LIFE = "life"
"""The group of the defects that show only to one who writes and plays the person, which schemathesis alone does not."""


class Row(NamedTuple):
    """A mutant, the rules that named its defect, all that broke, and whether schemathesis alone saw it."""

    group: str
    name: str
    named: list[str]
    findings: list[str]
    alone: bool


@cache
def noise() -> frozenset[tuple[str, str]]:
    """What schemathesis alone reports for the sound mock."""
    return frozenset(judge_alone(Server.answer))


def measure(index: int) -> Row:
    """Both verdicts on one mutant. What schemathesis also says of the sound mock does not count."""
    mutant = MUTANTS[index]
    verdict = judge(mutant.behave, dict(mutant.settings), seed=SEED, generated=mutant.generated, api=mutant.api)
    found = broken(verdict)
    alone = mutant.group != LIFE and bool(judge_alone(mutant.behave) - noise())
    row = Row(mutant.group, mutant.name, sorted(found & set(mutant.rules)), sorted(found), alone)
    print(row, file=sys.stderr, flush=True)  # noqa: T201
    return row


def blamed(index: int) -> tuple[str, int]:
    """A lawful server, and the number of rules that the contracts say it breaks."""
    variant = VARIANTS[index]
    verdict = judge(variant.behave, dict(variant.settings), seed=SEED, generated=True, api=variant.api)
    return variant.name, len(broken(verdict)) or int(verdict.status)


def rate(rows: Iterable[bool]) -> str:
    """A share for the table."""
    values = list(rows)
    return f"{sum(values)} of {len(values)}"


def render(rows: list[Row], lawful: list[tuple[str, int]]) -> str:
    """The page."""
    compared = [row for row in rows if row.group != LIFE]
    counts = Counter(len(row.findings) for row in rows)
    numbers = [len(row.findings) for row in rows]
    wrongly = sum(count > 0 for _, count in lawful)
    lines = [
        "# How strong the contracts are",
        "",
        "Measured, not written by hand: `PYTHONPATH=tests python -m mutants.kill_rates docs/contracts-strength.md`.",
        "",
        f"Each of {len(rows)} faulty servers is the mock with one planted defect. The contracts blame one when a rule",
        "breaks that names the defect; any failure at all counts for schemathesis alone (the document as it is, all",
        "default checks, a valid token, 10 examples an operation beside all of its coverage cases; without the",
        "operations that add, change and delete organizations), except what it also reports for the sound mock.",
        f"Of the defects of a code's life, which show only to one who writes and approves codes, the contracts blame"
        f" {rate(bool(row.named) for row in rows if row.group == LIFE)}; the table leaves them out.",
        "",
        "| defects of | contracts | schemathesis alone |",
        "| --- | ---: | ---: |",
    ]
    for group, title in GROUPS.items():
        mine = [row for row in rows if row.group == group]
        lines.append(f"| {title} | {rate(bool(r.named) for r in mine)} | {rate(r.alone for r in mine)} |")
    all_of = rate(bool(r.named) for r in compared), rate(r.alone for r in compared)
    lines.append(f"| **all** | **{all_of[0]}** | **{all_of[1]}** |")
    lines += [
        "",
        f"Of {len(lawful)} lawful servers, the contracts blame {wrongly}. Six more run on stacks of their own, over"
        " sockets: Flask, Flask behind uvicorn, bare ASGI, the HTTP servers of Python and of the JDK, and Node.",
        "",
        f"Findings a defect: median {median(numbers):g}, at most {max(numbers)};"
        f" {', '.join(f'{counts[n]} servers with {n}' for n in sorted(counts))}.",
        "",
        "## What a live run cannot see",
        "",
        "| defect | why |",
        "| --- | --- |",
        *(f"| {defect} | {why} |" for defect, why in MISSES),
        "",
        "## Each faulty server",
        "",
        "| planted defect | named by | findings | schemathesis alone |",
        "| --- | --- | ---: | --- |",
    ]
    lines += [
        f"| {row.name} | {', '.join(f'`{r}`' for r in row.named) or 'nothing'} | {len(row.findings)}"
        f" | {'-' if row.group == LIFE else 'yes' if row.alone else 'no'} |"
        for row in rows
    ]
    lines += ["", "## Each lawful server", "", *(f"- {name}" + (" (blamed)" if n else "") for name, n in lawful)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure with two processes, and write the page."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(measure, range(len(MUTANTS))))
        lawful = list(pool.map(blamed, range(len(VARIANTS))))
    Path(sys.argv[1]).write_text(render(rows, lawful), encoding="utf-8")


if __name__ == "__main__":
    main()
