"""Whatever a peer does with any element of an HTTP answer: a check ends in its time and memory, with 1 or 3."""

import os
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from support.hostile_http import ELEMENTS, MANNERS, answering
from veeam_contracts.asking.admission import BudgetSpent, Refused
from veeam_contracts.asking.client import Client, NoLogin
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import Limits, Login, Target
from veeam_contracts.paths import NEWEST

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
@pytest.mark.parametrize(("element", "manner"), [case for case in CASES if case.values in QUICK])
def test_a_check_of_a_hostile_peer_ends_within_its_memory(element: str, manner: str) -> None:
    arguments = ["check", "--username", "ann", "--max-time", "1s"]
    with answering(element, manner) as url:
        # By a small process between: a child's peak begins with that of the process that it was forked from.
        ended = subprocess.run(
            [sys.executable, "-c", MEASURE, sys.executable, "-m", "veeam_contracts", *arguments, url],
            env={**os.environ, "VEEAM_PASSWORD": "Open-Sesame-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
    shown, memory = ended.stdout.rstrip("\n").rsplit("\n", 1)
    assert ended.returncode in (1, 3), shown
    assert int(memory) <= MOST_MEMORY
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_the_time_of_a_run_counts_from_its_beginning_not_from_the_first_request() -> None:
    with answering("reason", "dripped") as url:
        target = Target(url, login=Login("ann", "Open-Sesame-1"), limits=Limits(seconds=60.0), timeout=60)
        line = Line(target, clock=lambda: 100.0, began=39.0)
        with pytest.raises(BudgetSpent, match="the time of 60 s is spent"):
            Client(line, NEWEST).log_in()
        assert line.admission.used.requests == 0
