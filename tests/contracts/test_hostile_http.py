"""Whatever a peer does with any element of an HTTP answer: a check ends in its time and memory, with 1 or 3.

`pytest -m long -n 8 --hostile-times 60 --log-level=info -rA` gives each check a minute, and tells the figures.
"""

import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from support.hostile_http import ELEMENTS, MANNERS, answering
from veeam_contracts.asking.admission import BudgetSpent, Refused
from veeam_contracts.asking.client import Client, NoLogin
from veeam_contracts.asking.gate import Line, NoAnswer
from veeam_contracts.asking.target import Limits, Login, Target
from veeam_contracts.paths import NEWEST

log = logging.getLogger(__name__)

SECONDS = 0.4
MUCH_LONGER = 10
"""Seconds that a busy machine does not need, and a peer whose answer has no end takes."""

MOST_MEMORY = 300_000
"""kB of the process, at its highest."""

MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
"""Runs a command, and prints its peak of memory in kB last."""

QUICK = {
    ("reason", "dripped"),
    ("interim answers", "endless"),
    ("chunk size", "enormous"),
    ("header value", "malformed"),
}
CASES = [
    pytest.param(element, manner, marks=() if (element, manner) in QUICK else pytest.mark.long)
    for element in ELEMENTS
    for manner in MANNERS
]


@pytest.mark.parametrize(("element", "manner"), CASES)
def test_a_client_waits_no_longer_than_it_may_whatever_is_wrong_with_an_answer(element: str, manner: str) -> None:
    with answering(element, manner) as url:
        line = Line(Target(url, login=Login("ann", "Open-Sesame-1"), limits=Limits(seconds=SECONDS), timeout=60))
        began = time.monotonic()
        with suppress(NoLogin, Refused):
            Client(line, NEWEST).log_in()
        line.close()
        assert time.monotonic() - began < MUCH_LONGER


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for the memory of a child")
@pytest.mark.parametrize(("element", "manner"), CASES)
def test_a_check_of_a_hostile_peer_ends_within_its_memory(element: str, manner: str, hostile_times: int) -> None:
    arguments = ["check", "--username", "ann", "--max-time", f"{hostile_times}s"]
    began = time.monotonic()
    with answering(element, manner) as url:
        # By a small process between: a child's peak begins with that of the process that it was forked from.
        ended = subprocess.run(
            [sys.executable, "-c", MEASURE, sys.executable, "-m", "veeam_contracts", *arguments, url],
            env={**os.environ, "VEEAM_PASSWORD": "Open-Sesame-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=hostile_times + 120,
        )
    took = time.monotonic() - began
    shown, memory = ended.stdout.rstrip("\n").rsplit("\n", 1)
    log.info("%s, %s: %.1f s, %d MB, status %d", element, manner, took, int(memory) // 1024, ended.returncode)
    assert ended.returncode in (1, 3), shown
    assert int(memory) <= MOST_MEMORY
    assert all(character.isprintable() or character == "\n" for character in shown)


@contextmanager
def slow_to_begin(secure: bool, pass_time: Callable[[], None]) -> Iterator[tuple[str, str]]:
    """A server that lets time pass before it shakes hands and reads, and never answers; its address, and its CA."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener, authority.cert_pem.tempfile() as ca_cert:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as plain:
                pass_time()
                with context.wrap_socket(plain, server_side=True) if secure else plain as connection:
                    while connection.recv(65536):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{'https' if secure else 'http'}://localhost:{listener.getsockname()[1]}", ca_cert
        thread.join()


@pytest.mark.parametrize(("secure", "size"), [(True, 0), (False, 16_000_000)])
def test_tls_sending_and_the_answer_have_one_time_limit_together(
    secure: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed, monotonic, began = [0.0], time.monotonic, time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + sum(passed))
    with slow_to_begin(secure, lambda: passed.append(59.5)) as (url, ca_cert):
        line = Line(Target(url, Login("ann", "x"), ca_cert=ca_cert, timeout=60))
        with pytest.raises(NoAnswer, match="no whole answer within the time limit"):
            line.send("POST", "/v4/Token", {}, b" " * size, {})
        line.close()
    assert monotonic() - began < MUCH_LONGER


def test_the_time_of_a_run_counts_from_its_beginning_not_from_the_first_request() -> None:
    with answering("reason", "dripped") as url:
        target = Target(url, login=Login("ann", "Open-Sesame-1"), limits=Limits(seconds=60.0), timeout=60)
        line = Line(target, clock=lambda: 100.0, began=39.0)
        with pytest.raises(BudgetSpent, match="the time of 60 s is spent"):
            Client(line, NEWEST).log_in()
        assert line.admission.used.requests == 0
