"""A type checker sees the mistakes that people make in tests, and the types say what the checks at run time say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from support.documents import TOP
from veeam_mock.control.operations import CHANGEABLE
from veeam_mock.faults import keywords
from veeam_mock.faults.kinds import BY_KIND
from veeam_mock.faults.parsing import CONDITIONS
from veeam_mock.faults.presets import PRESETS
from veeam_mock.fixtures import SETTLED
from veeam_mock.journal.pattern import METHODS, SCHEMA
from veeam_mock.settings.keywords import ChangeableSettings, GivenSettings, VersionName, WorldSettings
from veeam_mock.settings.options import BY_KEY
from veeam_mock.spec.document import VERSIONS
from veeam_mock.spec.versions import Versions

WRONG_USES = Path(__file__).parent / "typed" / "wrong_uses.py"
EXAMPLES = sorted((TOP / "examples").rglob("*.py"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mypy keeps what it read of the standard library and of the packages."""
    return tmp_path_factory.mktemp("mypy")


def check_types(cache: Path, *files: Path) -> str:
    """What `mypy --strict` says of files."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--config-file",
        "",
        "--cache-dir",
        str(cache),
    ]
    sources = os.pathsep.join(str(TOP / name) for name in ("mock_server", "contracts", "examples"))
    environment = {**os.environ, "MYPYPATH": sources}
    return subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=300, env=environment, check=False
    ).stdout


def test_a_type_checker_reports_every_wrong_use_and_nothing_else(cache: Path) -> None:
    lines = WRONG_USES.read_text("utf-8").splitlines()
    wrong = [number for number, line in enumerate(lines, 1) if line.endswith("# wrong")]
    assert len(wrong) >= 15
    said = check_types(cache, WRONG_USES)
    reported = {int(number) for number in re.findall(rf"{WRONG_USES.name}:(\d+): error", said)}
    assert sorted(reported) == wrong, said


def test_a_type_checker_has_nothing_to_say_of_the_examples(cache: Path) -> None:
    assert EXAMPLES
    assert check_types(cache, *EXAMPLES).startswith("Success: no issues found")


def test_the_types_have_every_setting() -> None:
    assert GivenSettings.__annotations__.keys() == BY_KEY.keys()
    assert GivenSettings.__annotations__.keys() - WorldSettings.__annotations__.keys() == set(SETTLED)
    assert list(ChangeableSettings.__annotations__) == list(CHANGEABLE)


@pytest.mark.parametrize(
    ("literal", "names"),
    [
        (keywords.FaultKind, BY_KIND),
        (keywords.PresetName, PRESETS),
        (keywords.Method, METHODS),
        (keywords.OperationName, Versions(VERSIONS, {}).operation_ids()),
        (VersionName, VERSIONS),
    ],
)
def test_the_types_have_every_name(literal: object, names: list[str]) -> None:
    assert sorted(get_args(literal)) == sorted(names)


def test_the_types_have_every_key_of_a_fault() -> None:
    parameters = {name for kind in BY_KIND.values() for name in kind.parameters}
    conditions = {*CONDITIONS, "preset", "kind", *SCHEMA["properties"], "request_body"}
    assert keywords.GivenFault.__annotations__.keys() == parameters | conditions
    assert keywords.RequestConditions.__annotations__.keys() == SCHEMA["properties"].keys()
