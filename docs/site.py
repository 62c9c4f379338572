"""What mkdocs does not do by itself: what the docs link to outside of their folder is put into the site.

A Markdown file becomes a page, a folder a page with all of its files, any other file is copied.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).parents[1]
LINK = re.compile(r"(\]\()((?!https?://|#)[^)#\s]+)((?:#[^)]*)?\))")
LANGUAGES = {
    ".py": "python",
    ".sh": "bash",
    ".ps1": "powershell",
    ".mjs": "javascript",
    ".yml": "yaml",
    ".yaml": "yaml",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add all that is linked, and what that links to."""
    waiting = [TOP / "docs" / file.src_uri for file in files.documentation_pages()]
    known = set(waiting)
    while waiting:
        for target in _linked(waiting.pop()):
            if target in known or target.is_relative_to(TOP / "docs"):
                continue
            known.add(target)
            if target.suffix == ".md":
                waiting.append(target)
            files.append(_file(target, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where things are in the site."""
    return markdown if page.file.generated_by else _rewritten(markdown, TOP / "docs" / page.file.src_uri)


def _linked(source: Path) -> list[Path]:
    if source.suffix != ".md":
        return []
    found = LINK.findall(source.read_text("utf-8"))
    targets = [(source.parent / target).resolve() for _, target, _ in found]
    return [target for target in targets if target.exists()]


def _place(path: Path) -> str:
    """Where a file of the repository is in the site."""
    if path.is_relative_to(TOP / "docs"):
        return path.relative_to(TOP / "docs").as_posix()
    inside = f"repository/{path.relative_to(TOP).as_posix()}"
    if path.is_dir():
        return f"{inside}.md"
    if path.suffix == ".md":
        return f"{inside.removesuffix('.md').lower()}.md"
    return inside if path.suffix else f"{inside}.txt"


def _file(path: Path, config: MkDocsConfig) -> File:
    place = _place(path)
    if path.is_dir():
        return File.generated(config, place, content=_listing(path))
    if path.suffix == ".md":
        return File.generated(config, place, content=_rewritten(path.read_text("utf-8"), path))
    return File.generated(config, place, abs_src_path=str(path))


def _rewritten(markdown: str, source: Path) -> str:
    folder = posixpath.dirname(_place(source))

    def lead(link: re.Match[str]) -> str:
        target = (source.parent / link[2]).resolve()
        return f"{link[1]}{posixpath.relpath(_place(target), folder or '.')}{link[3]}" if target.exists() else link[0]

    return LINK.sub(lead, markdown)


def _listing(folder: Path) -> str:
    lines = [f"# {folder.relative_to(TOP).as_posix()}", ""]
    for path in sorted(folder.iterdir()):
        if path.is_file():
            text = path.read_text("utf-8").rstrip()
            lines += [f"## {path.name}", "", f"````{LANGUAGES.get(path.suffix, 'text')}", text, "````", ""]
    return "\n".join(lines)
