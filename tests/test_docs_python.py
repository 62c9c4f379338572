"""The Python in the docs runs."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["device-code-life.md", "faults.md", "requests.md", "time.md"])
def test_the_python_in_the_docs_runs(name: str) -> None:
    snippets = re.findall(r"(?ms)^```python\n(.*?)^```$", (DOCS / name).read_text("utf-8"))
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, name, "exec"), {})


@pytest.mark.parametrize("name", ["device-code-life.md", "faults.md", "requests.md", "time.md"])
def test_links_between_the_docs_lead_somewhere(name: str) -> None:
    for file, anchor in re.findall(r"\]\(([a-z-]*(?:\.md)?)(?:#([a-z-]+))?\)", (DOCS / name).read_text("utf-8")):
        headings = re.findall(r"(?m)^#+ (.*)$", (DOCS / (file or name)).read_text("utf-8"))
        anchors = {re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors
