"""Each fact has an id that is there where it is cited, and is there once."""

import re

import yaml

from support.documents import DOCS, TOP, anchors

EVIDENCE = DOCS / "evidence.md"
CITED = re.compile(r"evidence(?:\.md)?#([\w-]+)")
TEXTS = [
    path
    for folder in ("mock_server", "contracts", "docs", "tests", "bench", "examples")
    for path in sorted((TOP / folder).rglob("*"))
    if path.suffix in {".py", ".md", ".yaml", ".html"}
] + [TOP / "openapi.yaml", *TOP.glob("*.md")]


def test_every_fact_that_is_cited_is_there() -> None:
    cited = {(path.name, anchor) for path in TEXTS for anchor in CITED.findall(path.read_text("utf-8"))}
    assert {name for name, _ in cited} >= {"regions.py", "refusals.py", "target.py", "test_lives.py"}
    assert [(name, anchor) for name, anchor in sorted(cited) if anchor not in anchors(EVIDENCE)] == []


def test_every_open_question_of_the_description_is_a_fact() -> None:
    questions = yaml.safe_load((TOP / "openapi.yaml").read_text("utf-8"))["x-ambiguities"]
    assert questions.keys() <= anchors(EVIDENCE)


def test_an_id_names_one_fact() -> None:
    ids = re.findall(r'<a id="([^"]+)">', EVIDENCE.read_text("utf-8"))
    assert len(ids) == len(set(ids)) > 50


def test_nothing_is_cited_that_a_reader_does_not_have() -> None:
    unknown = "api-" + "evidence"
    assert [path.name for path in TEXTS if unknown in path.read_text("utf-8")] == []
