"""The script that runs before a change lands: what it starts beside its stages is told, and ends with it."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
STAGES = """\
    fails() { echo it went wrong; false; echo it went on; }
    waits() { trap 'echo >"$ended"; exit' TERM; forever "$begun" & wait; }
    forever() { "$python" -c "$program" "$1"; }
    """
MOST = 20
"""Seconds that a machine with other work may take."""

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
with open(sys.argv[1], "w") as begun:
    begun.write("begun")
signal.pause()
"""
"""Says that it has begun, so that a signal which is sent then meets it, and goes on until one comes."""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script without its stages, to which a test adds its own."""
    common, mark, _ = (TOP / ".ci" / "run").read_text("utf-8").partition("\nis_root()")
    assert mark
    (tmp_path / ".ci").mkdir()
    path = tmp_path / ".ci" / "run"
    path.write_text(f"{common}\n{STAGES}\n", "utf-8")
    return path


def begin(script: Path, stages: str) -> subprocess.Popen[str]:
    """A run of the script with these stages."""
    with script.open("a", encoding="utf-8") as file:
        file.write(stages)
    places = {name: str(script.parent / name) for name in ("begun", "ended", "running")}
    (script.parent / "temporary").mkdir()
    for name in ("begun", "running"):
        os.mkfifo(places[name])
    return subprocess.Popen(
        ["bash", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            **places,
            "python": sys.executable,
            "program": PROGRAM,
            "TMPDIR": str(script.parent / "temporary"),
        },
    )


def test_what_fails_beside_the_stages_fails_the_run_and_is_told(script: Path) -> None:
    run = begin(script, "start job fails\nstage Job finish job\necho passed\n")
    told, _ = run.communicate(timeout=MOST)
    assert run.returncode == 1
    assert told.endswith("=== Job\nit went wrong\n")


def test_a_stage_that_fails_ends_what_runs_beside_it(script: Path) -> None:
    run = begin(script, 'start job waits\nread -r -N 5 _ <"$begun"\nstage "A stage" false\n')
    run.communicate(timeout=MOST)
    assert run.returncode == 1
    assert (script.parent / "ended").exists()
    assert not [*(script.parent / "temporary").iterdir()]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_broken_off_ends_what_runs_beside_it(script: Path, sent: signal.Signals) -> None:
    run = begin(script, 'start job waits\nstage "A stage" forever "$running"\n')
    for name in ("begun", "running"):
        begun = os.open(script.parent / name, os.O_RDONLY | os.O_NONBLOCK)
        assert select.select([begun], [], [], MOST)[0]
        os.close(begun)
    os.killpg(run.pid, sent)  # as a terminal does
    run.communicate(timeout=MOST)
    assert run.returncode in (-sent, 128 + sent)  # bash ends by the signal itself, or tells that what it ran did
    assert (script.parent / "ended").exists()
    assert not [*(script.parent / "temporary").iterdir()]
