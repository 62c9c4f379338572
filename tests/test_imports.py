"""Who may know whom: the table of ARCHITECTURE.md, held; and what an import of the package must not cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
ROWS = """
model
durations exchange secret_names validation wording readings refusals spec
faults matching masking
journal request_log
options settings sources
worlds operations
cors outline pipeline
admin_key control_operations control control_client
pages
app
certificates outbox rendering incoming reader door connection
server local_server mock_server client_failures intercept
banner catalogue waiting cli pytest_plugin __init__ __main__
"""
ROW_OF = {part: number for number, row in enumerate(ROWS.split("\n")) for part in row.split()}
PARTS = {path.stem for path in TOP.glob("mock_server/*.py")} | {
    path.parent.name for path in TOP.glob("mock_server/*/__init__.py")
}


def imports(path: Path, package: str) -> Iterator[str]:
    """The modules of `package` that a file imports anywhere, by full name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == package)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}:{node.lineno} imports relatively, which is not looked into"
            if node.module.partition(".")[0] != package:
                continue
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = TOP.joinpath(*inner.split(".")).with_suffix(".py").exists()
                yield inner if is_module else node.module


def part_of(module: str) -> str:
    """The part that a module of `mock_server` belongs to."""
    return (module.split(".") + ["__init__"])[1]


FILES = {
    path: part_of(".".join(path.relative_to(TOP).with_suffix("").parts)) for path in TOP.glob("mock_server/**/*.py")
}


def test_every_part_has_its_row() -> None:
    assert set(ROW_OF) == PARTS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_part_knows_only_its_own_row_and_those_above(path: Path) -> None:
    below = {module for module in imports(path, "mock_server") if ROW_OF[part_of(module)] > ROW_OF[FILES[path]]}
    assert below == set()


def test_no_modules_import_one_another_in_a_circle() -> None:
    graph = {".".join(path.relative_to(TOP).with_suffix("").parts): set(imports(path, "mock_server")) for path in FILES}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("package", ["contracts", "tests"])
def test_the_mock_knows_neither_the_contracts_nor_the_tests(package: str) -> None:
    assert [path for path in FILES if list(imports(path, package))] == []


def test_the_contracts_know_only_the_public_names_of_the_mock() -> None:
    known = {module for path in TOP.glob("contracts/**/*.py") for module in imports(path, "mock_server")}
    assert known <= {"mock_server"}


HEAVY = ["flask", "werkzeug", "pytest", "schemathesis", "rich", "responses", "requests", "trustme", "cryptography"]


@pytest.mark.parametrize(
    "statement",
    [
        "import mock_server",
        "import mock_server.cli, mock_server.banner, mock_server.certificates, mock_server.server",
    ],
    ids=["package", "command"],
)
def test_an_import_does_not_load_what_is_not_needed_yet(statement: str) -> None:
    script = f"{statement}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.stdout, result.stderr) == ("[]\n", "")
