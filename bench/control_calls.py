"""Measure how long calls of the API wait while others make the heaviest control calls that the bounds allow.

    python bench/control_calls.py --threads 64 --seconds 10

The API is asked for device codes, each thread on a connection of its own: alone first, then beside those who count and
find exchanges in a full journal by patterns of the most keys, list it, and add, list and remove large faults.
"""

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from urllib.parse import urlsplit

import click
import requests

from rivals import mock
from servers import Running, session
from workloads import SAME

JOURNAL = 2_000
"""Exchanges that a journal keeps."""

KEYS = 100
"""Header fields, parameters and places in a body that a pattern may name, each."""

PATTERN = {
    "path": "/v4/" + "*e" * 400,
    "header": {f"x-header-{number}": "x" * 50 for number in range(KEYS)},
    "query": {f"parameter{number}": "x" * 50 for number in range(KEYS)},
    "body": {f"/filler/{number}/deep/deeper": "x" * 50 for number in range(KEYS)},
}
MANY = {"match": {"body": PATTERN["body"]}}
FAULT = {"kind": "status", "status": 404, "match": {**PATTERN, "body": {"/a": "x" * 900_000}}}
Call = tuple[str, str, object]
HEAVY: list[Call] = [
    ("POST", "/__admin/requests/verify", {"match": PATTERN, "count": 10_000}),
    ("POST", "/__admin/requests/verify", {**MANY, "count": 10_000}),
    ("POST", "/__admin/requests/find", {"match": {"body": {"/targetRegion": "worldwide"}}}),
    ("GET", "/__admin/requests", None),
    ("POST", "/__admin/faults", FAULT),
    ("GET", "/__admin/faults", None),
    ("DELETE", "/__admin/faults", None),
    ("GET", "/__admin", None),
]


def fill(client: requests.Session, server: Running) -> None:
    """Fill the journal with exchanges whose bodies have all that patterns look for."""
    filler = [{"deep": {"deeper": "y" * 20}} for _ in range(KEYS)]
    body = json.dumps({"targetRegion": "worldwide", "filler": filler})
    for _ in range(JOURNAL):
        client.post(f"{server.url}{SAME.path}", data=body, headers=SAME.headers, timeout=60).raise_for_status()


def ask(server: Running, end: float, took: list[float]) -> None:
    """Ask for device codes until `end`; how many milliseconds each took."""
    address = urlsplit(server.url)
    fields = {"Host": "localhost", **server.headers, **SAME.headers, "Content-Length": str(len(SAME.body))}
    head = f"{SAME.method} {SAME.path} HTTP/1.1\r\n" + "".join(f"{name}: {text}\r\n" for name, text in fields.items())
    message = f"{head}\r\n{SAME.body}".encode()
    with socket.create_connection((address.hostname, address.port), timeout=60) as peer:
        while (begin := time.perf_counter()) < end:
            peer.sendall(message)
            if not peer.recv(65_536).startswith(b"HTTP/1.1 200 "):
                raise click.ClickException("a call of the API got something else than its answer")
            took.append((time.perf_counter() - begin) * 1000)


def press(server: Running, end: float, calls: Iterator[Call], took: dict[str, list[float]]) -> None:
    """Make control calls, one after the other, until `end`."""
    client = session()
    while time.perf_counter() < end:
        method, path, body = next(calls)
        begin = time.perf_counter()
        client.request(method, f"{server.url}{path}", json=body, timeout=60)
        took.setdefault(f"{method} {path}", []).append((time.perf_counter() - begin) * 1000)


def together(work: list[Callable[[], None]]) -> None:
    """Do all of it at once."""
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def row(title: str, took: list[float]) -> str:
    """A line of the table."""
    cuts = statistics.quantiles(took, n=1000)
    return f"| {title} | {len(took):,} | {cuts[499]:.1f} | {cuts[989]:.1f} | {cuts[998]:.1f} | {max(took):.1f} |"


@click.command(help=__doc__)
@click.option("--threads", default=64, show_default=True, type=click.IntRange(1), help="Callers of the API.")
@click.option("--pressing", default=4, show_default=True, type=click.IntRange(1), help="Callers of the control API.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.1), help="How long, each time.")
def main(threads: int, pressing: int, seconds: float) -> None:
    """Print the figures."""
    with mock(https=False).run() as server:
        client = session()
        client.headers.update(server.headers)
        fill(client, server)
        alone: list[float] = []
        beside: list[float] = []
        control: dict[str, list[float]] = {}
        end = time.perf_counter() + seconds
        together([lambda: ask(server, end, alone)] * threads)
        fill(client, server)
        later, calls = time.perf_counter() + seconds, [HEAVY[number:] + HEAVY[:number] for number in range(pressing)]
        pressed = [partial(press, server, later, cycle(each), control) for each in calls]
        together([*[lambda: ask(server, later, beside)] * threads, *pressed])
    click.echo("| calls | count | median, ms | 99 % | 99.9 % | slowest |\n|---|---|---|---|---|---|")
    click.echo(row("alone", alone) + "\n" + row(f"beside {pressing} who make control calls", beside))
    for name, took in sorted(control.items()):
        click.echo(f"\n{name}: {len(took)} calls, {statistics.median(took):.0f} ms at the median", nl=False)
    click.echo()


if __name__ == "__main__":
    main()
