"""Raw, hostile inputs over sockets and in process, from many threads: no 5xx, nothing in the log, no memory kept.

`pytest -m long --hostile-times 20 --log-cli-level=info` sends a million of each, and tells the figures.
"""

import logging
import os
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.hostile_requests import as_request, hostile, resident
from support.wire import Wire
from veeam_mock.messages import Request
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings

pytestmark = pytest.mark.long

log = logging.getLogger(__name__)

INPUTS = {"http": 47_500, "https": 2_500}
IN_PROCESS = 50_000
LEFT_OPEN = 101
"""Over TCP, one of so many inputs that end too early is waited for, and the others say that no more comes. It has no
factor in common with the number of threads or of kinds, so that all of them have their share."""

MOST_KEPT = 250
"""Megabytes that all but the first inputs may add: journal, codes, tokens, worlds and heads are bounded.

In process, the bodies that the threads of the test hold at the moment count too.
"""


@dataclass(frozen=True)
class Command:
    """The command as a process: its URL, its CA file and what it wrote to standard error."""

    process: int
    url: str
    ca_cert: str
    errors: Path


@pytest.fixture(params=["http", "https"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Command]:
    errors, port_file = tmp_path / "stderr", tmp_path / "port"
    config = tmp_path / "veeam.yaml"
    config.write_text("request_timeout: 2s\n")
    flags = [
        "--config",
        str(config),
        "--port",
        "0",
        "--port-file",
        str(port_file),
        *(["--http"] * (request.param == "http")),
    ]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "veeam_mock", *flags], stdout=subprocess.PIPE, stderr=stderr, env={**os.environ}
        )
        assert process.stdout
        for line in process.stdout:
            if line.startswith(b"Ctrl-C"):
                break
        ca_cert = Path(os.environ["XDG_CONFIG_HOME"], "veeam-mock", "ca.pem")
        url = f"{request.param}://localhost:{port_file.read_text().strip()}"
        yield Command(process.pid, url, str(ca_cert), errors)
        process.terminate()
        process.stdout.close()
        assert process.wait(timeout=10) == 0


def attacked(process: int, threads: int, inputs: int, attack: Callable[[int], str]) -> Counter[str]:
    """What came of that many attacks, each by its number. All but the first of them cost the process no memory."""

    def together(numbers: range) -> Counter[str]:
        with ThreadPoolExecutor(threads) as pool:
            parts = (numbers[first::threads] for first in range(threads))
            return sum(pool.map(lambda part: Counter(map(attack, part)), parts), Counter())

    begun = resident(process)
    first = together(range(inputs // 20))
    soon = resident(process)
    outcomes = first + together(range(inputs // 20, inputs))
    ended = resident(process)
    log.info("%d inputs: %s; resident at first, after a twentieth, last: %s", inputs, outcomes, (begun, soon, ended))
    assert outcomes.total() == inputs
    assert soon is None or ended is None or ended - soon < MOST_KEPT
    return outcomes


def told(status: int, body: bytes) -> str:
    """A status; names of worlds that were garbled fill the table of worlds in time, which is no fault."""
    return "no more worlds" if status == 503 and b"worlds already; drop one" in body else str(status)


def in_process(mock: Mock, number: int) -> str:
    """The same without a socket."""
    reply = mock.answer(as_request(hostile(number)))
    return told(reply.status, reply.body)


def over_socket(command: Command, number: int) -> str:
    """Send one hostile input and say what came back: a status, or how the connection ended."""
    data = hostile(number)
    try:
        with Wire(command.url, command.ca_cert) as wire:
            with suppress(ConnectionError, ssl.SSLError):
                wire.send(data)
                if command.url.startswith("http:") and number % LEFT_OPEN:
                    wire.say_no_more()
            reply = wire.read(has_body=not data.startswith(b"HEAD"))
            if reply.status == 505 and b" HTTP/1." not in data.partition(b"\r\n")[0]:
                return "of another version"
            return told(reply.status, reply.body)
    except (ConnectionError, ssl.SSLError):
        return "closed"
    except TimeoutError:
        return "no answer"


def test_hostile_inputs_never_get_a_5xx_nor_stop_the_server(command: Command, hostile_times: int) -> None:
    inputs = INPUTS[command.url.partition(":")[0]] * hostile_times
    outcomes = attacked(command.process, 24, inputs, lambda number: over_socket(command, number))
    assert {outcome for outcome in outcomes if outcome.startswith("5")} == set(), outcomes
    assert outcomes["no answer"] == 0, outcomes
    assert {"400", "401", "404", "408", "413", "431"} <= outcomes.keys(), outcomes
    with Wire(command.url, command.ca_cert) as wire:
        assert wire.ask(b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 401
    assert command.errors.read_text() == ""


def test_hostile_requests_in_process_from_64_threads_get_no_5xx(
    hostile_times: int, caplog: pytest.LogCaptureFixture
) -> None:
    mock, inputs = Mock(Settings()), IN_PROCESS * hostile_times
    assert mock.answer(Request("GET", "/devicelogin")).status == 200  # Loads the pages.
    outcomes = attacked(os.getpid(), 64, inputs, lambda number: in_process(mock, number))
    assert {outcome for outcome in outcomes if outcome.startswith("5")} == set(), outcomes
    assert {"400", "401", "404", "413", "415"} <= outcomes.keys(), outcomes
    assert mock.answer(Request("GET", "/v4/ServiceInstance")).status == 401
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
