"""The site of the documentation: every page has its place, and every link in it leads somewhere."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.documents import DOCS, TOP

CONFIG = (TOP / "mkdocs.yml").read_text("utf-8")


def test_every_page_of_the_docs_has_a_place() -> None:
    named = re.findall(r": ([\w-]+\.md)$", CONFIG, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.skipif(not find_spec("mkdocs") or not find_spec("material"), reason="needs the extra docs")
def test_it_is_built_without_a_warning_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "--site-dir", str(tmp_path)],
        cwd=TOP,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
    for name in ("index.html", "tests.html", "repository/readme.html", "repository/openapi.yaml"):
        assert (tmp_path / name).is_file()
    assert "VeeamClient" in (tmp_path / "repository/examples/organization.html").read_text("utf-8")
    page = (tmp_path / "index.html").read_text("utf-8")
    assert re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://[^"]+', page) == []
    assert (tmp_path / "search" / "search_index.json").is_file()
