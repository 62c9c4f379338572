"""Our wheel makes no difference to a project that does not use it, whatever its own folders are called."""

import itertools
import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

pytest.importorskip("hatchling", reason="hatchling builds the wheel, and is not installed")

from support.foreign_projects import (
    LAUNCHERS,
    LAYOUTS,
    MODES,
    Case,
    build_wheel,
    make_environment,
    make_project,
    run,
)

OF_OURS = re.compile(r"^plugins: veeam-devicecode-mock-\S+\n", re.MULTILINE)
DIFFERS_EACH_TIME = re.compile(r"in \d+\.\d+s|0x[0-9a-f]+")
"""The time taken, and the addresses of objects in a traceback."""

CASES = [Case(*each) for each in itertools.product(LAYOUTS, MODES, LAUNCHERS)]
IN_A_PLAIN_RUN = {
    Case("flat", "prepend", "python -m pytest"),
    Case("flat", "importlib", "python -m pytest"),
    Case("src", "append", "pytest"),
}
"""Where the folder of the project comes before all packages; and one that has neither of these traits."""

PRINT_MODULES = """
import sys

def pytest_unconfigure():
    print("ours:", *sorted(name for name in sys.modules if name.startswith("veeam")))
"""
LOADED_AT_THE_START = [
    "veeam_contracts",
    "veeam_contracts.option_table",
    "veeam_contracts.pytest_plugin",
    "veeam_contracts.running",
    "veeam_contracts.running.plugin",
    "veeam_mock",
    "veeam_mock.fixtures",
    "veeam_mock.pytest_plugin",
]
"""The plugins, their packages, and the table of the options that `pytest --help` shows."""


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has nothing of ours."""
    return make_environment(tmp_path_factory.mktemp("without"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has our wheel."""
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    return make_environment(tmp_path_factory.mktemp("installed"), wheel)


def outcome(result: CompletedProcess[str], commands: Path) -> tuple[int, str, str]:
    """The exit status and all that was printed, but for our name in the list of plugins."""
    printed = DIFFERS_EACH_TIME.sub("...", OF_OURS.sub("", result.stdout)).replace(str(commands), "COMMANDS")
    return result.returncode, printed, result.stderr


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=str(case), marks=() if case in IN_A_PLAIN_RUN else pytest.mark.long) for case in CASES],
)
def test_a_project_sees_no_difference(case: Case, tmp_path: Path, without: Path, installed: Path) -> None:
    make_project(tmp_path, case.layout)
    before, after = (run(commands, tmp_path, case) for commands in (without, installed))
    assert "plugins: veeam-devicecode-mock" in after.stdout
    assert "veeam" not in before.stdout
    assert outcome(after, installed) == outcome(before, without)
    assert "1 skipped" in after.stdout
    assert after.returncode == pytest.ExitCode.TESTS_FAILED
    if case.layout == "src" or case.mode == "prepend" or case.launcher == "python -m pytest":
        assert "1 failed, 11 passed, 1 skipped" in after.stdout


def test_a_start_loads_the_plugins_and_nothing_else_of_ours(tmp_path: Path, installed: Path) -> None:
    make_project(tmp_path, "flat")
    tmp_path.joinpath("conftest.py").write_text(PRINT_MODULES, "utf-8")
    result = run(installed, tmp_path, Case("flat", "prepend", "pytest"))
    [line] = [line for line in result.stdout.splitlines() if line.startswith("ours:")]
    assert line.split()[1:] == LOADED_AT_THE_START
