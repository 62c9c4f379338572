"""The documentation: its snippets run, its links lead somewhere, its reference of settings is not stale."""

import importlib.util
import json
from pathlib import Path

import pytest

from support.documents import DOCS, TOP, anchors, links, snippets
from veeam_mock.settings.options import OPTIONS

pytest_plugins = ["pytester"]

ABOUT_TESTS = DOCS / "tests.md"


@pytest.mark.parametrize("snippet", snippets(ABOUT_TESTS, "python"))
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
    [snippet] = snippets(ABOUT_TESTS, "ini")
    pytester.makeini(snippet)
    pytester.makepyfile(
        """
        def test_settings(veeam_mock):
            assert veeam_mock.settings.code_lifetime == 5
            assert veeam_mock.settings.no_prefer
        """
    )
    pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin").assert_outcomes(passed=1)


@pytest.mark.parametrize("page", sorted([*DOCS.glob("*.md"), *TOP.glob("*.md")]), ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def test_the_index_names_every_page_once() -> None:
    listed = [target for target, _ in links(DOCS / "README.md") if "README" not in target]
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
    for file, schema in maker.SCHEMAS.items():
        assert json.loads(file.read_text("utf-8")) == json.loads(json.dumps(schema)), f"{file} is stale"
