"""Learn each lawful server, compare it with the mock by its profile, and write the table of the docs.

PYTHONPATH=tests python -m mutants.round_trips docs/twin-round-trip.md

A file that is named behind the page keeps what was measured, so that a measurement that was interrupted goes on.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mutants.harness import Server
from mutants.lawful import VARIANTS, Variant
from mutants.stacks.small import PASSWORD, USERNAME
from mutants.test_stacks import STACKS
from support.twins import client_of, learn, learned_at, recorded_at, twin_of
from veeam_contracts.asking.target import Login
from veeam_contracts.twin.comparing import Difference, Side, compare, record
from veeam_contracts.twin.script import SCRIPT


class Trip(NamedTuple):
    """What a comparison of a server with its twin showed: exchanges, of which some are the probe's own."""

    exchanges: int
    own: int
    differences: int


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
    return Trip(len(real.forms), len(SCRIPT & set(real.forms)), len(differences))


def trips() -> Mapping[str, Callable[[Path], tuple[Side, list[Difference]]]]:
    """All servers by name."""
    stacks = {f"stack: {str(stack.__doc__).rstrip('.')}": partial(of_stack, stack) for stack in STACKS}
    return stacks | {variant.name: partial(of_variant, variant) for variant in VARIANTS}


def render(rows: Iterable[tuple[str, Trip]]) -> str:
    """The page."""
    rows = list(rows)
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
        *(f"| {name} | {trip.exchanges} | {trip.own} | {trip.differences} |" for name, trip in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what was not measured yet, and write the page."""
    page = Path(sys.argv[1])
    kept = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    known = dict(map(json.loads, kept.read_text("utf-8").splitlines())) if kept is not None and kept.exists() else {}
    for name, trip in trips().items():
        if name in known:
            continue
        with tempfile.TemporaryDirectory() as folder:
            known[name] = measured(*trip(Path(folder)))
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, known[name]]) + "\n")
    page.write_text(render((name, Trip(*known[name])) for name in trips()), encoding="utf-8")


if __name__ == "__main__":
    main()
