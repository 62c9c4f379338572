"""What a shell completes, and the man page: both come from the command itself."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

from support.documents import DOCS, snippets
from veeam_mock.command.cli import command


def complete(*words: str) -> list[tuple[str, str]]:
    """Type and value of each proposal for the last of `words`, as bash asks for them."""
    asked = {
        "_VEEAM_MOCK_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["veeam-mock", *words]),
        "COMP_CWORD": str(len(words)),
    }
    script = "from veeam_mock.command.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **asked},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stderr == ""
    return [(kind, value) for kind, _, value in (line.partition(",") for line in run.stdout.splitlines())]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--expires-unit", "m"], ["milliseconds"]),
        (["--log-format", ""], ["text", "json"]),
        (["--api", "v"], ["v4", "v5", "v6", "v7", "v8"]),
        (["openapi", "--format", "j"], ["json"]),
        (["ch"], ["check-config"]),
        (["--code-l"], ["--code-lifetime"]),
    ],
)
def test_names_and_values_are_completed(words: list[str], values: list[str]) -> None:
    assert [value for _, value in complete(*words)] == values


@pytest.mark.parametrize("words", [["--config", "vee"], ["--cert", "a"], ["check-config", "x"]])
def test_a_file_is_left_to_the_shell(words: list[str]) -> None:
    assert [kind for kind, _ in complete(*words)] == ["file"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_docs_say_how_to_switch_it_on(shell: str) -> None:
    assert f"_VEEAM_MOCK_COMPLETE={shell}_source" in "".join(snippets(DOCS / "install.md", "sh"))


def test_the_man_page_is_fresh() -> None:
    specification = importlib.util.spec_from_file_location("make_man", DOCS / "make_man.py")
    assert specification and specification.loader
    maker = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(maker)
    page = (DOCS / "veeam-mock.1").read_text("utf-8")
    assert page == maker.render(), "docs/veeam-mock.1 is stale: run python docs/make_man.py"
    assert all(f".SS {name}".replace("-", "\\-") in page for name in command.commands)


@pytest.mark.skipif(not shutil.which("mandoc") and not shutil.which("groff"), reason="needs mandoc or groff")
def test_the_man_page_is_good_roff() -> None:
    page = str(DOCS / "veeam-mock.1")
    check = (
        ["mandoc", "-T", "lint", "-W", "error", page]
        if shutil.which("mandoc")
        else ["groff", "-man", "-ww", "-z", page]
    )
    run = subprocess.run(check, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
