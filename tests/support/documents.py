"""What stands in a Markdown document: its snippets, its links, its anchors."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")
_SET_ANCHOR = re.compile(r'<a id="([^"]+)">')


def snippets(path: Path, language: str) -> list[str]:
    """The blocks of code in one language, as they are pasted."""
    return [text for kind, text in _BLOCK.findall(path.read_text("utf-8")) if kind == language]


def links(path: Path) -> list[tuple[str, str]]:
    """The links to places in this repository, as path and anchor, either of which may be empty."""
    return _LINK.findall(path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors of a document: those of its headings, as GitHub makes them, and those that it sets itself."""
    text = path.read_text("utf-8")
    lines = [line.lstrip("#").strip().lower() for line in text.splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", line).replace(" ", "-") for line in lines} | set(_SET_ANCHOR.findall(text))
