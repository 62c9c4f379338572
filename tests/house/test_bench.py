"""The benchmark runs and reports; what it reports is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "throughput.py"
FIXTURES = BENCH.with_name("fixtures.py")
DELAYS = BENCH.with_name("delays.py")


@pytest.mark.long
@pytest.mark.parametrize(("option", "name"), [([], "mock"), (["--no-journal"], "mock, no journal")])
def test_the_benchmark_measures_the_mock_against_a_constant_answer(
    tmp_path: Path, option: list[str], name: str
) -> None:
    figures = tmp_path / "figures.json"
    options = ["--pairs", "1", "--seconds", "1", "--connections", "2", "--memory-requests", "100", *option]
    command = [sys.executable, str(BENCH), *options, "--against", "constant", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text("utf-8"))
    assert [figure["quantity"] for figure in found["figures"]] == [
        "requests/s, 2 connections",
        "cold start to first answer, s",
    ]
    assert all(value > 0 for figure in found["figures"] for value in figure["mock"] + figure["other"])
    assert [memory["server"] for memory in found["memory"]] == [name, f"{name}, frozen clock", "constant"]
    assert all(memory["requests"] >= 100 for memory in found["memory"])
    assert "| requests/s, 2 connections | constant |" in done.stdout


def test_the_benchmark_names_a_rival_that_it_does_not_know() -> None:
    command = [sys.executable, str(BENCH), "--against", "constant,apache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing is known of apache; known are wiremock, wiremock-tuned, prism, constant" in " ".join(
        done.stderr.split()
    )


@pytest.mark.long
def test_the_benchmark_of_the_fixtures_measures_all_figures() -> None:
    done = subprocess.run([sys.executable, str(FIXTURES), "--runs", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [row.split("|")[1].strip() for row in done.stdout.splitlines()[2:]]
    assert rows == [
        "import of the unused plugins, ms",
        "start with the unused plugins, ms more",
        "100 tests with veeam_mock, s",
        "100 tests with veeam_server, s",
    ]


@pytest.mark.long
def test_the_benchmark_of_delays_measures_those_that_wait_and_the_others() -> None:
    command = [sys.executable, str(DELAYS), "--delayed", "3", "--seconds", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:4]]
    assert [row[0] for row in rows] == ["alone", "while 3 wait"]
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row[1:])
    assert "3 requests delayed by 0.5 s: the last was answered after 0." in done.stdout
