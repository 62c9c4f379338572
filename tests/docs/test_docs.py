"""The documentation: its snippets run, its links lead somewhere, its reference of settings is not stale."""

import importlib.util
import re
from pathlib import Path

import pytest

from veeam_mock.settings.options import OPTIONS

pytest_plugins = ["pytester"]

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")
IN_TESTS = BLOCK.findall((DOCS / "tests.md").read_text("utf-8"))


@pytest.mark.parametrize("snippet", [text for kind, text in IN_TESTS if kind == "python"])
def test_a_snippet_about_tests_passes_when_pasted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, snippet: str
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(snippet)
    result = pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin", "--strict-markers")
    assert result.ret == pytest.ExitCode.OK
    assert "passed" in result.stdout.str()


def test_the_ini_snippet_is_taken(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    [snippet] = [text for kind, text in IN_TESTS if kind == "ini"]
    pytester.makeini(snippet)
    pytester.makepyfile(
        """
        def test_settings(veeam_mock):
            assert veeam_mock.settings.code_lifetime == 5
            assert veeam_mock.settings.no_prefer
        """
    )
    pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin").assert_outcomes(passed=1)


def headings(path: Path) -> set[str]:
    """The anchors that a page has, as GitHub makes them."""
    lines = [line.lstrip("#").strip().lower() for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", line).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for target, anchor in LINK.findall((DOCS / page).read_text("utf-8")):
        path = (DOCS / target).resolve() if target else DOCS / page
        assert path.exists(), target
        assert not anchor or anchor in headings(path), f"{target}#{anchor}"


def test_the_index_names_every_page_once() -> None:
    listed = [target for target, _ in LINK.findall((DOCS / "README.md").read_text("utf-8")) if "README" not in target]
    named = set(listed)
    assert len(listed) == len(named)
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= named


def test_the_reference_of_settings_is_fresh_and_complete() -> None:
    specification = importlib.util.spec_from_file_location("make_settings", DOCS / "make_settings.py")
    assert specification and specification.loader
    maker = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(maker)
    page = (DOCS / "settings.md").read_text("utf-8")
    assert page == maker.render(), "docs/settings.md is stale: run python docs/make_settings.py"
    assert all(f"| `{option.key}` |" in page and option.help for option in OPTIONS)
