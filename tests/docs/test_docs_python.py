"""The Python in the docs runs."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["device-code-life.md", "faults.md", "requests.md", "time.md"])
def test_the_python_in_the_docs_runs(name: str) -> None:
    snippets = re.findall(r"(?ms)^```python\n(.*?)^```$", (DOCS / name).read_text("utf-8"))
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, name, "exec"), {})
