"""Measure what the pytest plugins cost: a start of pytest that does not use them, and 100 tests with each fixture.

    python bench/fixtures.py --runs 5

A start is measured twice: by the time to import the plugins where pytest is imported; and by the processor's time for a
run of one test that does nothing, in an environment with the wheel and in one without it, in pairs whose order
alternates. The tests are measured by the clock: over the whole command, and as pytest tells it. Every figure is a
median, that of the pairs the median of their differences.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.foreign_projects import TOP as ROOT
from support.foreign_projects import build_wheel, make_environment

PLUGINS = ("veeam_mock.pytest_plugin", "veeam_contracts.pytest_plugin")
"""What the distribution adds to every run of pytest."""

PAIRS_A_RUN = 4
"""Starts differ by more than the plugins cost: they are measured more often than the rest."""

LOADED = ("veeam_mock.fixtures", "veeam_contracts.running.plugin")
"""What these load where pytest is new enough."""

USED = [argument for name in PLUGINS for argument in ("-p", name)]
IMPORT = f"""
import time, pytest
begin = time.perf_counter()
import {", ".join((*PLUGINS, *LOADED))}
print((time.perf_counter() - begin) * 1000)
"""
TOLD = re.compile(r"100 passed in ([\d.]+)s")

TEST = """
import pytest, requests

@pytest.mark.parametrize("number", range(100))
def test_device_code({fixture}, number):
    verify = getattr({fixture}, "ca_cert", True)
    form = {{"grant_type": "password", "username": "administrator", "password": "veeam"}}
    token = requests.post({fixture}.url + "/v4/Token", data=form, verify=verify).json()["access_token"]
    headers = {{"Authorization": "Bearer " + token}}
    code = requests.post({fixture}.url + "/v4/DeviceCode", json={{}}, headers=headers, verify=verify)
    assert code.json()["expiresIn"] == 900
    {fixture}.requests.verify(1, operation="getDeviceCode")
"""


ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
ALONE = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONPATH")
"""What keeps this environment from the plugins and modules of others, and is not for an environment of its own."""

ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # users have their modules compiled


def run(folder: Path, *arguments: str) -> tuple[str, float]:
    """What pytest says in `folder`, and how many seconds it takes; `ClickException` when a test fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"a test failed:\n{done.stdout}{done.stderr}")
    return done.stdout, time.perf_counter() - begin


def import_time() -> float:
    """Milliseconds to import the plugins where pytest is imported."""
    command = [sys.executable, "-c", IMPORT]
    return float(subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout)


def start_time(folder: Path, commands: Path) -> float:
    """Milliseconds of the processor for a run of pytest that finds one test which does nothing."""
    command = [str(commands / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_nothing.py"]
    environment = {name: text for name, text in ENVIRONMENT.items() if name not in ALONE}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def start_cost(folder: Path, pairs: int) -> float:
    """Milliseconds that a start takes longer where the wheel is installed: the median over pairs."""
    folder.joinpath("test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
    without = make_environment(folder / "without")
    installed = make_environment(folder / "installed", build_wheel(folder / "wheel"))
    for commands in (without, installed):
        start_time(folder, commands)  # compiles what is compiled once
    differences = []
    for number in range(pairs):
        order = (without, installed) if number % 2 else (installed, without)
        times = {commands: start_time(folder, commands) for commands in order}
        differences.append(times[installed] - times[without])
    return statistics.median(differences)


def hundred_tests(folder: Path, fixture: str) -> tuple[float, float]:
    """Seconds for 100 tests: as pytest tells it, and for the whole command."""
    path = folder / f"test_{fixture}.py"
    path.write_text(TEST.format(fixture=fixture), encoding="utf-8")
    said, seconds = run(folder, *USED, path.name)
    found = TOLD.search(said)
    if found is None:
        raise click.ClickException(f"100 tests did not pass:\n{said}")
    return float(found[1]), seconds


@click.command(help=__doc__)
@click.option("--runs", default=5, show_default=True, help="How often each figure is taken.")
def main(runs: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        import_time()
        imports = [import_time() for _ in range(runs)]
        rows = [
            f"| import of the unused plugins, ms | {statistics.median(imports):.2f} | |",
            f"| start with the unused plugins, ms more | | {start_cost(folder, PAIRS_A_RUN * runs):.1f} |",
        ]
        for fixture in ("veeam_mock", "veeam_server"):
            told, whole = zip(*(hundred_tests(folder, fixture) for _ in range(runs)), strict=True)
            rows.append(
                f"| 100 tests with {fixture}, s | {statistics.median(told):.2f} | {statistics.median(whole):.2f} |"
            )
    click.echo("| | by itself | whole command |\n|---|---|---|\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
