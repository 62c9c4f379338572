"""Who may import whom: the tables of both packages, held; and what an import must not cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MOST_LEVELS = 14
MOST_LINES = 350
MOST_MODULES = 12
"""In a room, beside the modules of tests that a room of rules is made of."""

SOURCES = {"veeam_mock": TOP / "mock_server", "veeam_contracts": TOP / "contracts"}
TABLES = {
    "veeam_mock": """
messages secrecy streams version files world_names
model
spec
also
journal
faults
settings
profiles
api
stores
control
pages
mock
door
servers
command fixtures pytest_plugin __init__ __main__
""",
    "veeam_contracts": """
paths writing
further
asking
document
judging
option_table options
reports
running
rules
twin
cli pytest_plugin __init__ __main__
""",
}
"""A room or module may import its own row and the rows above it."""


def part_of(module: str) -> str:
    """The room, or the module at the top of its package, that a full name belongs to."""
    return (module.split(".") + ["__init__"])[1]


def rows_of(package: str) -> Mapping[str, int]:
    return {part: number for number, row in enumerate(TABLES[package].split("\n")) for part in row.split()}


def name_of(path: Path) -> str:
    """The full name of the module in a file."""
    source = next(source for source in SOURCES.values() if path.is_relative_to(source))
    return ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")


FILES = {path: package for package, source in SOURCES.items() for path in (source / package).rglob("*.py")}
MODULES = {name_of(path) for path in FILES}


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
                yield inner if inner in MODULES else node.module


@pytest.mark.parametrize("package", SOURCES)
def test_every_part_has_its_row(package: str) -> None:
    parts = {part_of(name_of(path)) for path, owner in FILES.items() if owner == package}
    assert set(rows_of(package)) == parts


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_part_imports_only_from_its_own_row_and_those_above(path: Path) -> None:
    package = FILES[path]
    rows = rows_of(package)
    own = rows[part_of(name_of(path))]
    assert [module for module in imports(path, package) if rows[part_of(module)] > own] == []


@pytest.mark.parametrize("package", SOURCES)
def test_no_modules_import_one_another_in_a_circle(package: str) -> None:
    graph = {name_of(path): set(imports(path, package)) for path, owner in FILES.items() if owner == package}
    assert list(TopologicalSorter(graph).static_order())


def test_an_import_is_followed_through_few_levels() -> None:
    """From a module that imports nothing of the package up to the public names; lazy imports count too."""
    graph = {name_of(path): set(imports(path, "veeam_mock")) for path, owner in FILES.items() if owner == "veeam_mock"}
    levels: dict[str, int] = {}
    for module in TopologicalSorter(graph).static_order():
        levels[module] = 1 + max((levels[below] for below in graph[module]), default=0)
    assert max(levels.values()) <= MOST_LEVELS


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda path: path.name)
def test_a_room_can_be_looked_over(folder: Path) -> None:
    modules = [path.name for path in folder.glob("*.py") if not path.name.startswith(("__", "test_"))]
    assert len(modules) <= MOST_MODULES
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), "it says what lives here"


def test_a_module_can_be_read_at_once() -> None:
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: number for name, number in lines.items() if number > MOST_LINES} == {}


@pytest.mark.parametrize("package", ["veeam_contracts", "tests"])
def test_the_mock_imports_neither_the_contracts_nor_the_tests(package: str) -> None:
    assert [path for path, owner in FILES.items() if owner == "veeam_mock" and list(imports(path, package))] == []


def test_the_contracts_import_only_the_public_names_of_the_mock_and_what_both_share() -> None:
    known = {
        name for path, owner in FILES.items() if owner == "veeam_contracts" for name in imports(path, "veeam_mock")
    }
    documents = {"veeam_mock.spec.document", "veeam_mock.also.sources", "veeam_mock.also.schemas"}
    secrecy = {f"veeam_mock.secrecy.{name}" for name in ("secret_forms", "showing", "spellings")}
    profiles = {f"veeam_mock.profiles.{name}" for name in ("cases", "compression", "schema")}
    formats = {"veeam_mock.settings.yaml_text", *profiles}
    shared = {"veeam_mock.files", "veeam_mock.streams", *formats, *secrecy}
    assert known <= {"veeam_mock", *shared, *documents}


HEAVY = [
    "flask",
    "werkzeug",
    "pytest",
    "schemathesis",
    "rich",
    "responses",
    "requests",
    "redis",
    "trustme",
    "cryptography",
]


@pytest.mark.parametrize(
    "statement",
    [
        "import veeam_mock",
        "from veeam_mock.command import cli, banner; from veeam_mock.door import certificates, server",
    ],
    ids=["package", "command"],
)
def test_an_import_does_not_load_what_is_not_needed_yet(statement: str) -> None:
    script = f"{statement}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.stdout, result.stderr) == ("[]\n", "")
