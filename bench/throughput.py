"""Compare the mock with other ways to fake the same answer: requests a second, cold start, memory.

    python bench/throughput.py --against wiremock,prism,constant --wiremock-jar wiremock-standalone.jar

Every figure is a median. Throughput and cold start are taken in pairs, mock and rival one after the other and each in
front by turns, so that what else the machine does meets both; a ratio is the median of the ratios of the pairs.
"""

import json
import platform
import statistics
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click

from load import maker, put_load_on
from servers import RIVALS, BenchError, Running, Server, mock


class Figure(NamedTuple):
    """One measured quantity of the mock and a rival, a value for each pair."""

    quantity: str
    rival: str
    mock: list[float]
    other: list[float]

    @property
    def ratio(self) -> float:
        """The median of mock / rival over the pairs."""
        return statistics.median(a / b for a, b in zip(self.mock, self.other, strict=True))

    def row(self) -> str:
        """The figure as a line of a markdown table."""
        ours, theirs = statistics.median(self.mock), statistics.median(self.other)
        return f"| {self.quantity} | {self.rival} | {ours:,.2f} | {theirs:,.2f} | {self.ratio:.2f} |"


class Memory(NamedTuple):
    """Resident memory in MB after the first answer, and after `requests` more."""

    server: str
    requests: int
    before: float
    after: float

    def row(self) -> str:
        """The figure as a line of a markdown table."""
        grown = self.after - self.before
        return f"| {self.server} | {self.requests:,} | {self.before:.1f} | {self.after:.1f} | {grown:+.1f} |"


def in_pairs(count: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Measure both `count` times, next to each other, each in front by turns."""
    first: list[float] = []
    second: list[float] = []
    for index in range(count):
        turn = [(first, ours), (second, theirs)]
        for values, measure in turn if index % 2 == 0 else reversed(turn):
            values.append(measure())
    return first, second


def throughput(ours: Server, theirs: Server, connections: list[int], pairs: int, seconds: float) -> list[Figure]:
    """Requests a second of two running, warm servers."""
    figures = []
    with ExitStack() as stack:
        running = [stack.enter_context(server.run()) for server in (ours, theirs)]
        for server, warm in zip((ours, theirs), running, strict=True):
            for count in connections:
                put_load_on(warm, count, server.warm_up)
        for count in connections:
            say(f"  throughput with {count} connections")
            one, other = (rate_of(server, count, seconds) for server in running)
            figures.append(Figure(f"requests/s, {count} connections", theirs.name, *in_pairs(pairs, one, other)))
    return figures


def rate_of(server: Running, connections: int, seconds: float) -> Callable[[], float]:
    """A measurement of the requests a second that `server` answers."""
    return lambda: put_load_on(server, connections, seconds).per_second


def cold_start(ours: Server, theirs: Server, pairs: int) -> Figure:
    """Seconds from the start of the process to its first answer."""
    say("  cold start")

    def start(server: Server) -> float:
        with server.run() as running:
            return running.start_seconds

    values = in_pairs(pairs, lambda: start(ours), lambda: start(theirs))
    return Figure("cold start to first answer, s", theirs.name, *values)


def memory(server: Server, requests: int, seconds: float) -> Memory:
    """Memory of a fresh process, before and after at least `requests` requests on 8 connections."""
    say(f"memory of {server.name}")
    with server.run() as running:
        before, done = running.memory(), 0
        while done < requests:
            done += put_load_on(running, 8, seconds).requests
        return Memory(server.name, done, before, running.memory())


def report(figures: list[Figure], memories: list[Memory], notes: list[str]) -> str:
    """All figures as markdown."""
    lines = [
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, load by {maker()}",
        "",
        "| median of | against | mock | other | mock / other |",
        "|---|---|---:|---:|---:|",
        *(figure.row() for figure in figures),
        "",
        "| memory of | requests | MB before | MB after | change |",
        "|---|---:|---:|---:|---:|",
        *(figure.row() for figure in memories),
        *(["", *notes] if notes else []),
    ]
    return "\n".join(lines)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    click.echo(text, err=True)


def installed(names: list[str], https: bool, jar: str | None) -> tuple[list[Server], list[str]]:
    """The rivals that can be started, and a note on each one, also on those that cannot."""
    found, notes = [], []
    for name in names:
        try:
            server = RIVALS[name](https, jar)
        except BenchError as error:
            notes.append(f"- {name} is left out. {error}")
            continue
        found.append(server)
        notes.append(f"- {name}: {server.note}")
    return found, notes


def numbers(context: click.Context, parameter: click.Parameter, value: str) -> list[int]:
    """Read a list of numbers above 0, such as `8,64`."""
    parts = value.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{value!r} is no list of numbers above 0, such as 8,64")
    return [int(part) for part in parts]


def names(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    """Read a list of rivals, such as `wiremock,prism`."""
    found = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in found if name not in RIVALS]:
        raise click.BadParameter(f"nothing is known of {', '.join(unknown)}; known are {', '.join(RIVALS)}")
    return found


@click.command(help=__doc__)
@click.option("--pairs", default=5, show_default=True, type=click.IntRange(min=1), help="Pairs for each figure.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(min=1), help="Load, each time.")
@click.option("--connections", default="8,64", show_default=True, callback=numbers, help="Connections kept busy.")
@click.option("--against", default=",".join(RIVALS), show_default=True, callback=names, help="Whom to compare with.")
@click.option("--wiremock-jar", metavar="PATH", help="WireMock's standalone jar, or WIREMOCK_JAR in the environment.")
@click.option("--memory-requests", default=100_000, show_default=True, help="Requests between two looks at memory.")
@click.option("--no-journal", is_flag=True, help="Start the mock without its journal, as WireMock is started.")
@click.option("--https", is_flag=True, help="Over HTTPS instead of HTTP.")
@click.option("--json", "json_file", metavar="FILE", help="Write every single value to this file.")
def main(
    pairs: int,
    seconds: float,
    connections: list[int],
    against: list[str],
    wiremock_jar: str | None,
    memory_requests: int,
    no_journal: bool,
    https: bool,
    json_file: str | None,
) -> None:
    ours = mock(https, journal=not no_journal)
    rivals, notes = installed(against, https, wiremock_jar)
    notes = [*([f"- {ours.name}: {ours.note}"] if ours.note else []), *notes]
    figures: list[Figure] = []
    try:
        for theirs in rivals:
            say(f"{ours.name} against {theirs.name}")
            figures += throughput(ours, theirs, connections, pairs, seconds)
            figures.append(cold_start(ours, theirs, pairs))
        servers = (ours, mock(https, frozen=True, journal=not no_journal), *rivals)
        memories = [memory(server, memory_requests, seconds) for server in servers]
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    click.echo(report(figures, memories, notes))
    if json_file:
        values = {"figures": [f._asdict() for f in figures], "memory": [m._asdict() for m in memories]}
        Path(json_file).write_text(json.dumps(values, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    sys.exit(main())
