"""The constraints with which CI tries the lowest versions of all dependencies."""

import re
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[2]
FLOOR = re.compile(r"(?P<name>[\w-]+)(?:\[[\w,]+\])?>=(?P<version>[\d.]+)")
TOOLS = {
    "build",
    "coverage",
    "hatchling",
    "kubernetes-validate",
    "mypy",
    "openapi-spec-validator",
    "playwright",
    "ruff",
}
"""What looks at the project from outside: its lowest version says nothing about the packages."""


def test_the_lowest_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for name in ("contracts", "redis", "test") for each in extras[name])]
    floors = {found["name"]: found["version"] for found in map(FLOOR.match, wanted) if found}
    lines = (TOP / ".ci" / "lowest.txt").read_text("utf-8").splitlines()
    constraints = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert constraints == {name: version for name, version in floors.items() if name not in TOOLS}
