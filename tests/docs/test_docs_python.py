"""The Python in the docs runs."""

import pytest

from support.documents import DOCS, snippets


@pytest.mark.parametrize("name", ["device-code-life.md", "faults.md", "requests.md", "time.md"])
def test_the_python_in_the_docs_runs(name: str) -> None:
    found = snippets(DOCS / name, "python")
    assert found
    for snippet in found:
        exec(compile(snippet, name, "exec"), {})
