"""What the pages for contributors name is there: files, tests, stages of CI."""

import ast
import re
from pathlib import Path

import pytest

from support.documents import TOP

NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED_PATH = re.compile(r"`((?:mock_server|contracts|tests|docs|bench)/[\w./]+|\.ci/\w+)`")
PROMISE = re.compile(r"^\| (?!promise|---)", re.MULTILINE)
SECURITY = (TOP / "SECURITY.md").read_text("utf-8")
CONTRIBUTING = (TOP / "CONTRIBUTING.md").read_text("utf-8")


def names_of_tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_promise_is_held_by_a_test_that_is_there() -> None:
    promises = [line for line in SECURITY.splitlines() if PROMISE.match(line)]
    assert len(promises) > 10
    assert [line for line in promises if not NAMED_TEST.search(line)] == []
    named = NAMED_TEST.findall(SECURITY)
    assert [(path, name) for path, name in named if name not in names_of_tests(TOP / path)] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "RELEASING.md"])
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = NAMED_PATH.findall((TOP / page).read_text("utf-8"))
    assert named
    assert [path for path in named if not (TOP / path).exists()] == []


def test_every_stage_of_ci_is_explained() -> None:
    stages = set(re.findall(r'^stage "([^"]+)"', (TOP / ".ci" / "run").read_text("utf-8"), re.MULTILINE))
    cells = {name for line in re.findall(r"^\| ([^|]+) \|", CONTRIBUTING, re.MULTILINE) for name in line.split(", ")}
    assert stages - {"Python"} <= cells


@pytest.mark.parametrize("thing", ["a fault", "an operation", "a rule", "a version", "a setting"])
def test_each_way_to_add_has_five_steps(thing: str) -> None:
    section = CONTRIBUTING.split(f"\n## Add {thing}\n")[1].split("\n## ")[0]
    assert re.findall(r"^(\d)\. ", section, re.MULTILINE) == list("12345")
