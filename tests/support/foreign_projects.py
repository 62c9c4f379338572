"""Projects of other people, and Python environments with pytest that have our wheel or have nothing of ours."""

import os
import re
import subprocess
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution, requires
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

TOP = Path(__file__).parents[2]
NAME = re.compile(r"[\w.-]+")
ANOTHER_MACHINE = re.compile(r";.*(extra ==|win32|python_version <)")
PYTEST = "#!{python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"

LAYOUTS = ("flat", "src")
MODES = ("prepend", "append", "importlib")
LAUNCHERS = ("pytest", "python -m pytest")

OWN_PACKAGES = ("contracts", "mock_server")
OWN_MODULES = ("settings", "model", "spec", "api", "control", "pages", "fixtures", "rules")
"""What the code of a project is called: names of our folders and rooms."""

CONFTEST = """
import pytest

@pytest.fixture
def own():
    return {name!r}
"""
TEST = """
import importlib
from pathlib import Path
import pytest

HOME = Path({home!r})

@pytest.mark.parametrize("name", {names!r})
def test_a_name_is_the_projects_own(name):
    module = importlib.import_module(name)
    assert Path(module.__file__).is_relative_to(HOME)
    assert module.OWNER == "the project"

def test_the_nearest_conftest_counts(own):
    assert own == "tests"

def test_a_failure_fails():
    assert 1 == 2

@pytest.mark.skip(reason="no need")
def test_a_skip_is_skipped():
    pass
"""


@dataclass(frozen=True)
class Case:
    """How a project is laid out, and how its tests are run."""

    layout: str
    mode: str
    launcher: str

    def __str__(self) -> str:
        return f"{self.layout}, {self.mode}, {self.launcher}"


def make_project(folder: Path, layout: str) -> None:
    """Write a project that has folders and modules of the names that we use."""
    home = folder / "src" if layout == "src" else folder
    for name in OWN_PACKAGES:
        home.joinpath(name).mkdir(parents=True)
        home.joinpath(name, "__init__.py").write_text('OWNER = "the project"\n', "utf-8")
        home.joinpath(name, "plugin.py").write_text("raise RuntimeError('nobody asked for this')\n", "utf-8")
    for name in OWN_MODULES:
        home.joinpath(f"{name}.py").write_text('OWNER = "the project"\n', "utf-8")
    folder.joinpath("conftest.py").write_text(CONFTEST.format(name="top"), "utf-8")
    tests = folder / "tests"
    tests.mkdir()
    tests.joinpath("__init__.py").touch()
    tests.joinpath("conftest.py").write_text(CONFTEST.format(name="tests"), "utf-8")
    names = [*OWN_PACKAGES, *OWN_MODULES]
    tests.joinpath("test_own.py").write_text(TEST.format(home=str(home), names=names), "utf-8")
    pythonpath = "pythonpath = src\n" if layout == "src" else ""
    folder.joinpath("pytest.ini").write_text(f"[pytest]\ntestpaths = tests\n{pythonpath}", "utf-8")


def make_environment(folder: Path, wheel: Path | None = None) -> Path:
    """An environment with pytest and what it requires, and with the wheel; the folder of its commands."""
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in sorted(_needed_by("pytest")):
        link(name, packages)
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    _write_command(folder / "bin")
    return folder / "bin"


def build_wheel(folder: Path) -> Path:
    """The wheel of this repository."""
    return Path(next(WheelBuilder(str(TOP)).build(directory=str(folder), versions=["standard"])))


def run(commands: Path, project: Path, case: Case, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a project."""
    launcher = [str(commands / "pytest")] if case.launcher == "pytest" else [str(commands / "python"), "-m", "pytest"]
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT")
    return subprocess.run(
        [*launcher, "-v", "-p", "no:cacheprovider", f"--import-mode={case.mode}", *arguments],
        cwd=project,
        env={name: os.environ[name] for name in kept if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )


def _write_command(commands: Path) -> None:
    """The command `pytest`, as an installer writes it."""
    [command] = distribution("pytest").entry_points.select(group="console_scripts", name="pytest")
    script = PYTEST.format(python=commands / "python", module=command.module, function=command.attr)
    commands.joinpath("pytest").write_text(script, "utf-8")
    commands.joinpath("pytest").chmod(0o755)


def _needed_by(name: str) -> set[str]:
    """A distribution and all that it requires on this machine."""
    found = {name}
    for line in requires(name) or ():
        required = NAME.match(line)
        if required and not ANOTHER_MACHINE.search(line):
            found |= _needed_by(required[0])
    return found


def link(name: str, packages: Path) -> None:
    """Lend the environment an installed distribution."""
    for file in distribution(name).files or ():
        top = file.parts[0]
        if top != ".." and not (packages / top).exists() and top != "__pycache__":
            (packages / top).symlink_to(Path(str(distribution(name).locate_file(top))))
