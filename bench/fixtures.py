"""Measure what the pytest plugin costs: a start of pytest that does not use it, and 100 tests with each fixture.

    python bench/fixtures.py --runs 5

A start is measured twice: by import time in a process that has imported pytest, and by the processor time of whole
commands, in pairs with the plugin and without. The tests are measured by the clock. Every figure is a median.
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

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "mock_server.pytest_plugin"
IMPORT = f"""
import time, pytest
begin = time.perf_counter()
import {PLUGIN}
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


def run(folder: Path, *arguments: str) -> tuple[str, float, float]:
    """What pytest says in `folder`, its seconds by the clock and of the processor; raises `ClickException`."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    begin, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"a test failed:\n{done.stdout}{done.stderr}")
    return done.stdout, time.perf_counter() - begin, processor_seconds() - used


def processor_seconds() -> float:
    """What the processes that have ended used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def import_time() -> float:
    """Milliseconds to import the plugin where pytest is imported."""
    command = [sys.executable, "-c", IMPORT]
    return float(subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout)


def more_at_start(folder: Path) -> float:
    """Milliseconds of the processor that a run of pytest takes more with the plugin, when no test uses it."""
    (folder / "test_unused.py").write_text("def test_unused():\n    pass\n", encoding="utf-8")
    *_, without = run(folder, "test_unused.py")
    *_, with_plugin = run(folder, "-p", PLUGIN, "test_unused.py")
    return (with_plugin - without) * 1000


def hundred_tests(folder: Path, fixture: str) -> tuple[float, float]:
    """Seconds for 100 tests: as pytest tells it, and for the whole command."""
    path = folder / f"test_{fixture}.py"
    path.write_text(TEST.format(fixture=fixture), encoding="utf-8")
    said, seconds, _ = run(folder, "-p", PLUGIN, path.name)
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
        imports = [import_time() for _ in range(runs)]
        starts = [more_at_start(folder) for _ in range(3 * runs)]
        rows = [
            f"| import of the unused plugin, ms | {statistics.median(imports):.2f} | |",
            f"| start of pytest with the unused plugin, more ms | | {statistics.median(starts):+.1f} |",
        ]
        for fixture in ("veeam_mock", "veeam_server"):
            told, whole = zip(*(hundred_tests(folder, fixture) for _ in range(runs)), strict=True)
            rows.append(
                f"| 100 tests with {fixture}, s | {statistics.median(told):.2f} | {statistics.median(whole):.2f} |"
            )
    click.echo("| | by itself | whole command |\n|---|---|---|\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
