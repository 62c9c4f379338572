"""The benchmark runs and reports; what it reports is not judged here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "throughput.py"
FIXTURES = BENCH.with_name("fixtures.py")
DELAYS = BENCH.with_name("delays.py")
STAGES = BENCH.with_name("stages.py")
CONTROL_CALLS = BENCH.with_name("control_calls.py")


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("wrk"), reason="needs wrk: apt-get install wrk")
def test_the_benchmark_measures_every_load_of_the_mock_against_others(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    loads = ["http/same:2", "http/differing:2", "http/mix:2", "http/new:2", "https/differing:2"]
    options = [
        "--rounds",
        "1",
        "--seconds",
        "1",
        "--starts",
        "1",
        "--memory-requests",
        "100",
        "--loads",
        ",".join(loads),
    ]
    command = [sys.executable, str(BENCH), *options, "--against", "constant,bare,no-journal,wiremock,redis-2"]
    environment = {name: value for name, value in os.environ.items() if name != "WIREMOCK_JAR"}
    done = subprocess.run(
        [*command, "--json", str(figures)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text("utf-8"))
    rows = [(row["protocol"], row["workload"], row["server"]) for row in found["figures"]]
    mocks = ["mock", "mock, no journal", "mock on Redis, 2 workers"]
    assert [row for row in rows if row[:2] == ("http", "mix")] == [("http", "mix", name) for name in mocks]
    assert [row[2] for row in rows if row[:2] == ("https", "differing")] == ["mock", "constant", *mocks[1:]]
    assert all(load["per_second"] > 0 and load["processor"] > 0 for row in found["figures"] for load in row["rounds"])
    assert [process["server"] for process in found["processes"]] == [
        "mock",
        "constant",
        "bare",
        *mocks[1:],
        "mock, frozen clock",
    ]
    assert all(process["requests"] >= 100 and process["before"] > 5 for process in found["processes"])
    assert "| differing, 2 connections, HTTPS | constant |" in done.stdout
    assert "- wiremock is left out over HTTP. WireMock is not here: needs its jar" in done.stdout


def test_the_benchmark_names_a_rival_that_it_does_not_know() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--against", "constant,apache"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nothing is known of apache; known are wiremock, wiremock-journal, mockserver" in " ".join(
        done.stderr.split()
    )


def test_the_benchmark_says_how_a_load_is_written() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--loads", "http/some:8"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    told = "'http/some:8' is not like http/differing:8; loads are same, differing, mix, new"
    assert told in " ".join(done.stderr.split())


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


def test_the_stages_of_a_request_are_shown() -> None:
    done = subprocess.run([sys.executable, str(STAGES), "--rounds", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, _, whole, *parts = done.stdout.splitlines()
    assert whole.startswith("| a request, whole |") and whole.endswith("| 100% |")
    steps = [part.split("|")[1].strip() for part in parts]
    assert "pipeline: check request" in steps and "pipeline: record" in steps and "door: write the answer" in steps


@pytest.mark.long
def test_the_benchmark_of_control_calls_measures_the_api_alone_and_beside_them() -> None:
    command = [sys.executable, str(CONTROL_CALLS), "--threads", "4", "--pressing", "2", "--seconds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:4]]
    assert [row[0] for row in rows] == ["alone", "beside 2 who make control calls"]
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row[1:])
