"""Measure whom delayed requests hold up: one another, and others that are asked meanwhile.

    python bench/delays.py --delayed 64 --seconds 2

The others are device codes, one after the other on one connection: alone first, then while the delayed ones wait.
"""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import click
import requests

from rivals import mock
from servers import session
from workloads import SAME

DELAYED = b"GET /v4/Organizations HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def delayed_requests(url: str, count: int) -> Iterator[list[socket.socket]]:
    """Send `count` requests at once, each on a connection of its own, and leave their answers to the caller."""
    address = urlsplit(url)
    with ExitStack() as stack:
        peers = [
            stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=60))
            for _ in range(count)
        ]
        for peer in peers:
            peer.sendall(DELAYED)
        yield peers


def others(client: requests.Session, url: str, seconds: float) -> list[float]:
    """Ask for device codes for that long; how many milliseconds each took."""
    took = []
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        client.post(url + SAME.path, data=SAME.body, headers=SAME.headers, timeout=60).raise_for_status()
        took.append((time.perf_counter() - begin) * 1000)
    return took


def row(title: str, took: list[float]) -> str:
    """A line of the table."""
    return f"| {title} | {len(took):,} | {statistics.median(took):.2f} | {max(took):.2f} |"


@click.command(help=__doc__)
@click.option("--delayed", default=64, show_default=True, type=click.IntRange(1), help="Requests that wait at once.")
@click.option("--seconds", default=2.0, show_default=True, type=click.FloatRange(0.1, 30), help="How long each waits.")
def main(delayed: int, seconds: float) -> None:
    """Print the figures."""
    with mock(https=False).run() as server:
        client = session()
        client.headers.update(server.headers)
        fault = {"kind": "delay", "delay": f"{seconds}s", "match": {"operation": "getOrganizations"}}
        client.post(f"{server.url}/__admin/faults", json=fault, timeout=10).raise_for_status()
        alone = others(client, server.url, seconds)
        begin = time.perf_counter()
        with delayed_requests(server.url, delayed) as peers:
            meanwhile = others(client, server.url, seconds - 0.05)
            for peer in peers:
                if not peer.recv(65_536).startswith(b"HTTP/1.1 401 "):
                    raise click.ClickException("a delayed request got something else than its answer")
            last = time.perf_counter() - begin
    click.echo("| others | count | median, ms | slowest, ms |\n|---|---|---|---|")
    click.echo(row("alone", alone) + "\n" + row(f"while {delayed} wait", meanwhile))
    click.echo(f"\n{delayed} requests delayed by {seconds:g} s: the last was answered after {last:.2f} s.")


if __name__ == "__main__":
    main()
