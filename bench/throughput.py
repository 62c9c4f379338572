"""Compare the mock with other ways to fake the same API: requests a second, processor time, cold start, memory.

    python bench/throughput.py --wiremock-jar wiremock-standalone.jar > figures.md

All servers run and are warm; a round measures each of them once, each in front by turns, so that what else the machine
does meets all. Every figure is the median of the rounds, and a ratio the median of the ratios of the rounds. Rivals
that are not installed are left out, and named.
"""

import json
import math
import os
import platform
import statistics
import sys
import warnings
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from load import Load, put_load_on
from rivals import RIVALS, Installed, mock
from servers import BenchError, Running, Server
from workloads import WORKLOADS

LOADS = (
    "http/same:8,http/differing:8,http/differing:64,http/differing:512,http/mix:8,http/mix:64,http/new:8,"
    "https/differing:8,https/new:8"
)


class Row(NamedTuple):
    """What is measured together: a workload on so many connections, over HTTP or HTTPS."""

    protocol: str
    workload: str
    connections: int

    def __str__(self) -> str:
        return f"{self.workload}, {self.connections} connections, {self.protocol.upper()}"


class Figures(NamedTuple):
    """All rounds of one server in one row."""

    row: Row
    server: str
    rounds: list[Load]

    def line(self, ours: "Figures") -> str:
        """The figures as a line of a markdown table, with their ratio to those of the mock."""
        rate = statistics.median(load.per_second for load in self.rounds)
        spent = statistics.median(load.processor for load in self.rounds)
        pairs = list(zip(ours.rounds, self.rounds, strict=True))
        faster = statistics.median(mine.per_second / other.per_second for mine, other in pairs)
        cheaper = statistics.median(other.processor / mine.processor for mine, other in pairs)
        ratios = "| | |" if self is ours else f"| {faster:.2f} | {cheaper:.2f} |"
        return f"| {self.row} | {self.server} | {rate:,.0f} | {spent:,.1f} {ratios}"


class Process(NamedTuple):
    """Cold starts in seconds, and resident memory in MB after the first answer and after `requests` more."""

    server: str
    starts: list[float]
    requests: int
    before: float
    after: float

    def line(self) -> str:
        """The figures as a line of a markdown table."""
        start = statistics.median(self.starts)
        return f"| {self.server} | {start:.2f} | {self.before:.0f} | {self.after:.0f} | {self.requests:,} |"


def measure(protocol: str, rows: list[Row], servers: list[Server], rounds: int, seconds: int) -> list[Figures]:
    """All rows over one protocol, with all servers running."""
    figures = []
    with ExitStack() as stack:
        running = [(server, stack.enter_context(server.run())) for server in servers]
        for server, warm in running:
            say(f"{server.name} over {protocol.upper()}: {server.warm_up} s of load first")
            for load in server.workloads.values():
                put_load_on(warm, load, 8, math.ceil(server.warm_up / len(server.workloads)))
        for row in rows:
            say(str(row))
            able = [(server, warm) for server, warm in running if row.workload in server.workloads]
            figures += play(row, able, rounds, seconds)
    return figures


def play(row: Row, servers: list[tuple[Server, Running]], rounds: int, seconds: int) -> list[Figures]:
    """One row: each round measures each server once, and begins with the next one."""
    found = [Figures(row, server.name, []) for server, _ in servers]
    for turn in range(rounds):
        for index in range(len(servers)):
            place = (turn + index) % len(servers)
            server, running = servers[place]
            server.log_in(running)
            load = put_load_on(running, server.workloads[row.workload], row.connections, seconds)
            found[place].rounds.append(load)
    return found


def process(server: Server, starts: int, requests: int) -> Process:
    """Cold start and memory of fresh processes."""
    say(f"cold start and memory of {server.name}")
    took = []
    for _ in range(starts - 1):
        with server.run() as running:
            took.append(running.start_seconds)
    load = next(iter(server.workloads.values()))
    with server.run() as running:
        before, done = running.memory(), 0
        while done < requests:
            done += put_load_on(running, load, 8, 2).requests
        return Process(server.name, [*took, running.start_seconds], done, before, running.memory())


def report(figures: list[Figures], processes: list[Process], notes: list[str]) -> str:
    """All figures as markdown."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores that wrk (1 thread) shares"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}.",
        "",
        "| load | server | requests/s | processor µs a request | requests/s: mock / it | processor: it / mock |",
        "|---|---|---:|---:|---:|---:|",
    ]
    ours = {figure.row: figure for figure in figures if figure.server == "mock"}
    lines += [figure.line(ours[figure.row]) for figure in figures]
    if processes:
        lines += ["", "| server | cold start to first answer, s | MB then | MB later | after so many requests |"]
        lines += ["|---|---:|---:|---:|---:|", *(process.line() for process in processes)]
    return "\n".join([*lines, "", *notes])


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    click.echo(text, err=True)


def find(names: list[str], https: bool, installed: Installed) -> tuple[list[Server], list[str]]:
    """The mock and the rivals that can be started, and a note on each one, also on those that cannot."""
    found, notes = [mock(https)], []
    for name in names:
        try:
            server = RIVALS[name](https, installed)
        except BenchError as error:
            notes.append(f"- {name} is left out over {'HTTPS' if https else 'HTTP'}. {error}.")
            continue
        found.append(server)
        notes.append(f"- {server.name}: {server.note}.")
    return found, notes


def rows(context: click.Context, parameter: click.Parameter, value: str) -> list[Row]:
    """Read loads such as `http/same:8,https/new:8`."""
    found = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        protocol, _, rest = part.partition("/")
        workload, _, count = rest.partition(":")
        if protocol not in {"http", "https"} or workload not in WORKLOADS or not count.isdigit() or int(count) == 0:
            raise click.BadParameter(f"{part!r} is not like http/differing:8; loads are {', '.join(WORKLOADS)}")
        found.append(Row(protocol, workload, int(count)))
    return found


def names(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    """Read a list of rivals, such as `wiremock,prism`."""
    found = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in found if name not in RIVALS]:
        raise click.BadParameter(f"nothing is known of {', '.join(unknown)}; known are {', '.join(RIVALS)}")
    return found


@click.command(help=__doc__)
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1), help="Rounds of each load.")
@click.option("--seconds", default=2, show_default=True, type=click.IntRange(min=1), help="Load, each time.")
@click.option("--loads", default=LOADS, show_default=True, callback=rows, help="PROTOCOL/WORKLOAD:CONNECTIONS, ...")
@click.option("--against", default=",".join(RIVALS), show_default=True, callback=names, help="Whom to compare with.")
@click.option("--wiremock-jar", metavar="PATH", help="WireMock's standalone jar, or WIREMOCK_JAR in the environment.")
@click.option("--mockserver-jar", metavar="PATH", help="MockServer's jar, or MOCKSERVER_JAR in the environment.")
@click.option("--profile", metavar="FILE", help="A profile by which the mock answers, beside the mock without.")
@click.option(
    "--starts", default=5, show_default=True, help="Cold starts of each server; 0 leaves these and memory out."
)
@click.option("--memory-requests", default=100_000, show_default=True, help="Requests between two looks at memory.")
@click.option("--json", "json_file", metavar="FILE", help="Write every single value to this file.")
def main(
    rounds: int,
    seconds: int,
    loads: list[Row],
    against: list[str],
    wiremock_jar: str | None,
    mockserver_jar: str | None,
    profile: str | None,
    starts: int,
    memory_requests: int,
    json_file: str | None,
) -> None:
    installed = Installed({"wiremock": wiremock_jar, "mockserver": mockserver_jar}, profile)
    figures: list[Figures] = []
    processes: list[Process] = []
    notes: list[str] = []
    try:
        for protocol in ("http", "https"):
            if chosen := [row for row in loads if row.protocol == protocol]:
                servers, found = find(against, protocol == "https", installed)
                notes += [note for note in found if note not in notes]
                figures += measure(protocol, chosen, servers, rounds, seconds)
                if starts and protocol == "http":
                    processes = [
                        process(server, starts, memory_requests) for server in (*servers, mock(False, frozen=True))
                    ]
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    click.echo(report(figures, processes, notes))
    if json_file:
        values = {
            "figures": [
                {**f.row._asdict(), "server": f.server, "rounds": [load._asdict() for load in f.rounds]}
                for f in figures
            ],
            "processes": [p._asdict() for p in processes],
        }
        Path(json_file).write_text(json.dumps(values, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    sys.exit(main())
