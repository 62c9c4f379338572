"""Show where the processor time of a request goes, within one process: no socket, no other program.

    python bench/stages.py

A connection of the door is given messages of the workload `differing`, as a socket would give them. What is measured is
the whole of that, and each step of the pipeline by itself, on an exchange that the steps before it have prepared.
"""

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import click

from veeam_mock.api.exchange import Exchange
from veeam_mock.door.connection import Connection
from veeam_mock.door.door import Door
from veeam_mock.door.outbox import Outbox
from veeam_mock.door.rendering import render
from veeam_mock.mock import Mock
from workloads import DIFFERING, FORM, LOGIN, Call

REPEATS = 2000


class Sink(asyncio.Transport):
    """Takes what is written, and keeps the last of it."""

    written = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written = bytes(data)

    def is_closing(self) -> bool:
        return False


class AtOnce(Outbox):
    """Nothing waits for the end of a turn of the loop: each answer is flushed when it is there."""

    def add(self, flush: Callable[[], None]) -> None:
        pass


def message(call: Call, token: str = "") -> bytes:
    """A request as it is sent."""
    fields = {"Host": "127.0.0.1:4443", **call.headers, "Content-Length": str(len(call.body))}
    fields |= {"Authorization": f"Bearer {token}"} if token else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{call.method} {call.path} HTTP/1.1\r\n{head}\r\n{call.body}".encode()


def timed(act: Callable[[], object], rounds: int, repeats: int = REPEATS) -> float:
    """Microseconds of processor time that `act` takes: the least of some rounds, less what calling it takes."""

    def least(what: Callable[[], object]) -> float:
        found = []
        for _ in range(rounds):
            begin = time.process_time()
            for _ in range(repeats):
                what()
            found.append((time.process_time() - begin) / repeats * 1e6)
        return min(found)

    return least(act) - least(lambda: None)


async def measure(rounds: int) -> list[tuple[str, float]]:
    """All rows: what is measured, and its microseconds."""
    mock = Mock()
    door, sink = Door(mock), Sink()
    door.outbox = AtOnce()
    connection = Connection(door)
    connection.connection_made(sink)

    def send(data: bytes) -> bytes:
        connection.data_received(data)
        connection.flush()
        return sink.written

    token = json.loads(send(message(Call("POST", "/v4/Token", FORM, urlencode(LOGIN)))).partition(b"\r\n\r\n")[2])
    messages = [message(call, token["access_token"]) for call in DIFFERING]
    for each in messages:
        assert b" 200 OK" in send(each), "the workload asks for codes, and gets them"
    rows = [
        ("a request, whole", timed(lambda: [send(each) for each in messages], rounds, REPEATS // 7) / len(messages))
    ]

    met = door.heads.find("127.0.0.1", messages[0])
    assert met is not None
    head, body = met.head, DIFFERING[0].body.encode()
    rows.append(("door: know the head again, find the body", timed(lambda: met.body_in(messages[0]), rounds)))
    installation = mock.installation
    world, version = installation.worlds.default, head.version
    assert version is not None
    pipeline: Any = mock._pipeline
    exchange = Exchange(head, body, world, version)
    for step in (*head.looking, *head.finishing):
        name = step.__name__.strip("_").replace("_", " ")
        rows.append((f"pipeline: {name}", timed(partial(step, pipeline, exchange), rounds)))
    reply = exchange.reply
    assert reply is not None
    rows.append(("door: write the answer", timed(lambda: render(reply, "POST", keep_alive=True), rounds)))
    rows.append(
        ("all else: the calls between them, memory taken and given back", rows[0][1] - sum(us for _, us in rows[1:]))
    )
    return rows


@click.command(help=__doc__)
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(min=1), help="Rounds, the least counts.")
def main(rounds: int) -> None:
    """Print the table."""
    rows = asyncio.run(measure(rounds))
    click.echo("| what | processor µs | share |\n|---|---:|---:|")
    for what, spent in rows:
        click.echo(f"| {what} | {spent:.2f} | {spent / rows[0][1]:.0%} |")


if __name__ == "__main__":
    main()
