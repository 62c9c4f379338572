"""What a profile costs on the path of a request, in calls of functions: the same on each machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from mutants.harness import Server
from support.twins import learn

BENCH = Path(__file__).parents[2] / "bench" / "profiles.py"
MOST_CALLS = 4
"""Of a hundred that an answer takes."""


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_profile_of_a_server_like_ours_costs_next_to_nothing(api: str, tmp_path: Path) -> None:
    profile = learn(Server.answer, {}, api, tmp_path)
    command = [sys.executable, str(BENCH), str(profile), "--api", api, "--rounds", "1", "--number", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:]]
    assert [row[1] for row in rows] == ["a code", "a list of organizations", "a refusal", "a login"]
    more = [int(row[6]) - int(row[5]) for row in rows]
    assert [each for each in more if each > MOST_CALLS] == []
