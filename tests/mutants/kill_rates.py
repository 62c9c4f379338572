"""Measure how many faulty servers the contracts blame, beside schemathesis alone, and write the table of the docs.

PYTHONPATH=tests python -m mutants.kill_rates docs/contracts-strength.md

`VEEAM_CONTRACTS_SEED` draws other codes and cases. A file that is named behind the page keeps what was measured, so
that a measurement that was interrupted goes on.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

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
    """A mutant, the rules that named its defect, and all that broke."""

    group: str
    name: str
    named: list[str]
    findings: list[str]


class Measured:
    """What was measured so far: by kind and name. In a file, where one is given, so that a measurement can go on."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[tuple[str, str], Any] = {}
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        for kind, name, value in map(json.loads, lines):
            self._values[kind, name] = value

    def take(self, pool: Executor, measure: Callable[[int], Any], names: list[str]) -> None:
        """Measure what is missing, in the processes of `pool`."""
        kind = measure.__name__
        running = {pool.submit(measure, at): name for at, name in enumerate(names) if (kind, name) not in self._values}
        for done in as_completed(running):
            name, value = running[done], done.result()
            self._values[kind, name] = value
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([kind, name, value]) + "\n")

    def of(self, measure: Callable[[int], Any], name: str) -> Any:
        """What was measured; None where nothing was yet."""
        return self._values.get((measure.__name__, name))


@cache
def noise() -> frozenset[tuple[str, str]]:
    """What schemathesis alone reports for the sound mock."""
    return frozenset(judge_alone(Server.answer))


def found(index: int) -> Row:
    """What the contracts say of a mutant."""
    mutant = MUTANTS[index]
    verdict = judge(mutant.behave, dict(mutant.settings), seed=SEED, generated=mutant.generated, api=mutant.api)
    rules = broken(verdict)
    return Row(mutant.group, mutant.name, sorted(rules & set(mutant.rules)), sorted(rules))


def alone(index: int) -> bool | None:
    """Whether schemathesis alone sees a mutant. What it also says of the sound mock does not count."""
    mutant = MUTANTS[index]
    return None if mutant.group == LIFE else bool(judge_alone(mutant.behave) - noise())


def blamed(index: int) -> int:
    """How many rules the contracts say that a lawful server breaks; its status, where it does not conform otherwise."""
    variant = VARIANTS[index]
    verdict = judge(variant.behave, dict(variant.settings), seed=SEED, generated=True, api=variant.api)
    return len(broken(verdict)) or int(verdict.status)


def rate(rows: Iterable[bool]) -> str:
    """A share for the table."""
    values = list(rows)
    return f"{sum(values)} of {len(values)}"


def rate_alone(seen: dict[str, bool | None], rows: list[Row]) -> str:
    """The share of what schemathesis alone saw, of those that it was measured on."""
    return rate(value for row in rows if (value := seen[row.name]) is not None)


def render(measured: Measured) -> str:
    """The page. A dash stands for what was not measured."""
    rows = [Row(*measured.of(found, mutant.name)) for mutant in MUTANTS]
    seen = {mutant.name: measured.of(alone, mutant.name) for mutant in MUTANTS}
    lawful = [(variant.name, measured.of(blamed, variant.name)) for variant in VARIANTS]
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
        f" {rate(bool(row.named) for row in rows if row.group == LIFE)}; the table leaves them out. A dash"
        " below stands for a server that schemathesis alone was not tried on.",
        "",
        "| defects of | contracts | schemathesis alone |",
        "| --- | ---: | ---: |",
    ]
    for group, title in GROUPS.items():
        mine = [row for row in rows if row.group == group]
        lines.append(f"| {title} | {rate(bool(r.named) for r in mine)} | {rate_alone(seen, mine)} |")
    all_of = rate(bool(r.named) for r in compared), rate_alone(seen, compared)
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
        f" | { {None: '-', True: 'yes', False: 'no'}[seen[row.name]] } |"
        for row in rows
    ]
    lines += ["", "## Each lawful server", "", *(f"- {name}" + (" (blamed)" if n else "") for name, n in lawful)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure with two processes, and write the page, once without and once with what schemathesis alone sees."""
    page = Path(sys.argv[1])
    measured = Measured(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        measured.take(pool, found, [mutant.name for mutant in MUTANTS])
        measured.take(pool, blamed, [variant.name for variant in VARIANTS])
        page.write_text(render(measured), encoding="utf-8")
        measured.take(pool, alone, [mutant.name for mutant in MUTANTS])
        page.write_text(render(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
