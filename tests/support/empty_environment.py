"""An environment that has our wheel, what it requires and pytest, and nothing else; made without a network."""

import subprocess
import sys
import venv
from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

from support.foreign_projects import link

OURS = "veeam-devicecode-mock"


def make_bare_environment(folder: Path, *needed: str) -> Path:
    """An environment with pip and `needed` distributions, with all that these require; the folder of its commands.

    They are lent by the environment that runs the tests. Of ours it has what is required, and not the package itself.
    """
    venv.create(folder, symlinks=True, with_pip=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in sorted(set().union(*map(_closure, needed)) - {OURS}):
        link(name, packages)
    return folder / "bin"


def install(commands: Path, wheel: Path) -> None:
    """Install a wheel as a user does; `AssertionError` when anything that it requires is not there."""
    for arguments in (["install", "--no-index", "--quiet", str(wheel)], ["check"]):
        pip = [str(commands / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
        result = subprocess.run(pip, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


def path_without(paths: str) -> str:
    """`PATH` without the commands of the environment that runs the tests."""
    return ":".join(path for path in paths.split(":") if Path(path) != Path(sys.executable).parent)


def _closure(requirement: str) -> set[str]:
    """The names of a distribution and of all that it requires here, with the extras that are asked for."""
    found: set[str] = set()
    waiting = [Requirement(requirement)]
    done = set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in done:
            continue
        done.add(str(wanted))
        found.add(distribution(wanted.name).metadata["Name"])
        for extra in ("", *wanted.extras):
            inner = map(Requirement, requires(wanted.name) or ())
            waiting += [each for each in inner if each.marker is None or each.marker.evaluate({"extra": extra})]
    return found
