"""Learn each server of the bank, compare it with the mock by its profile, and write the tables of the docs.

PYTHONPATH=tests python -m mutants.round_trips docs/twin-round-trip.md

A file that is named behind the page keeps what was measured, so that a measurement that was interrupted goes on.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mutants.bank import MUTANTS
from mutants.harness import Server
from mutants.lawful import VARIANTS, Variant
from mutants.stacks.small import PASSWORD, USERNAME
from mutants.test_stacks import STACKS
from support.twins import client_of, learn, learned_at, recorded_at, twin_of
from veeam_contracts.asking.target import Login
from veeam_contracts.twin.comparing import Difference, Side, compare, record
from veeam_contracts.twin.script import SCRIPT

WITHOUT_TOKENS = frozenset({"no access token", "a token that opens nothing"})
"""Faulty servers of which nothing can be learned."""


class Trip(NamedTuple):
    """What a comparison of a server with its twin showed: exchanges, of which some are the probe's own, and what
    differs."""

    exchanges: int
    own: int
    differences: Sequence[str]


def of_variant(variant: Variant, folder: Path) -> tuple[Side, list[Difference]]:
    """A server of the bank, within this process, and its twin."""
    profile = learn(variant.behave, variant.settings, variant.api, folder)
    real = record(client_of(variant.behave, variant.settings, variant.api))
    return real, compare(real, record(client_of(Server.answer, {"profile": str(profile)}, variant.api)))


def of_stack(stack: Callable[[], AbstractContextManager[str]], folder: Path) -> tuple[Side, list[Difference]]:
    """A server on a stack of its own, and its twin, over sockets."""
    login = Login(USERNAME, PASSWORD)
    with stack() as url, twin_of(learned_at(url, login, folder)) as (twin, its_login):
        real = recorded_at(url, login)
        return real, compare(real, recorded_at(twin, its_login))


def measured(real: Side, differences: list[Difference]) -> Trip:
    """The numbers of one comparison."""
    aspects = list(dict.fromkeys(difference.aspect for difference in differences))
    return Trip(len(real.forms), len(SCRIPT & set(real.forms)), aspects)


def trips() -> Mapping[str, Callable[[Path], tuple[Side, list[Difference]]]]:
    """All servers by name."""
    stacks = {f"stack: {str(stack.__doc__).rstrip('.')}": partial(of_stack, stack) for stack in STACKS}
    return stacks | {variant.name: partial(of_variant, variant) for variant in VARIANTS}


def faulty() -> Mapping[str, Callable[[Path], tuple[Side, list[Difference]]]]:
    """All faulty servers by name, but for those of which no token is good for anything."""
    learned = (mutant for mutant in MUTANTS if mutant.name not in WITHOUT_TOKENS)
    return {
        mutant.name: partial(of_variant, Variant(mutant.name, mutant.settings, mutant.behave, mutant.api))
        for mutant in learned
    }


def render(trips: Iterable[tuple[str, Trip]], faulty: Iterable[tuple[str, Trip]]) -> str:
    """The page."""
    rows, others = list(trips), list(faulty)
    differing = [(name, trip) for name, trip in others if trip.differences]
    same = sum(not trip.differences for _, trip in rows)
    fewest, most = min(trip.exchanges for _, trip in rows), max(trip.exchanges for _, trip in rows)
    lines = [
        "# Round trips of the twin",
        "",
        "Measured, not written by hand: `PYTHONPATH=tests python -m mutants.round_trips docs/twin-round-trip.md`.",
        "",
        f"Each of {len(rows)} lawful servers was learned by the probe, the mock answered by its profile, and both were",
        f"compared over {fewest} to {most} exchanges, most of which are drawn from a seed and not the probe's own.",
        f"{same} of them and their twins do not differ; what is not learned is said in [twin.md](twin.md).",
        "",
        "| server | exchanges | the probe's own | differences |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {trip.exchanges} | {trip.own} | {len(trip.differences)} |" for name, trip in rows),
        "",
        "## Faulty servers",
        "",
        f"Of {len(others)} faulty servers of the bank, {len(others) - len(differing)} and their twins do not differ.",
        "These do, for the most part as they answer in another way from call to call, or open to a wrong token:",
        "",
        "| server | what differs |",
        "| --- | --- |",
        *(f"| {name} | {', '.join(trip.differences)} |" for name, trip in differing),
    ]
    return "\n".join(lines) + "\n"


def measure(name: str) -> Trip:
    """The trip of one server."""
    with tempfile.TemporaryDirectory() as folder:
        return measured(*{**trips(), **faulty()}[name](Path(folder)))


def main() -> None:
    """Measure what was not measured yet, and write the page."""
    page = Path(sys.argv[1])
    kept = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    known = dict(map(json.loads, kept.read_text("utf-8").splitlines())) if kept is not None and kept.exists() else {}
    missing = [name for name in (*trips(), *faulty()) if name not in known]
    with ProcessPoolExecutor() as pool:
        for name, trip in zip(missing, pool.map(measure, missing), strict=True):
            known[name] = trip
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, trip]) + "\n")
    lawful, others = ([(name, Trip(*known[name])) for name in names] for names in (trips(), faulty()))
    page.write_text(render(lawful, others), encoding="utf-8")


if __name__ == "__main__":
    main()
