"""The reports of a broken server, in every form, and the baseline of what is known to be broken."""

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from mutants.defects_of_codes import every_7th_code_repeats_the_one_before
from mutants.harness import Server, broken, judge
from veeam_contracts.judging.baseline import BaselineError, read_baseline
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.verdict import Outcome, Status, Verdict
from veeam_contracts.reports import baseline_report, html_report, json_report, junit_report, markdown_report

SCHEMA = Path(__file__).parents[2] / "docs" / "contracts-report.schema.json"


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """The verdict on a server that repeats every 7th code."""
    return judge(every_7th_code_repeats_the_one_before)


def test_a_failure_says_how_often_and_how_to_repeat_it(verdict: Verdict) -> None:
    result = next(result for result in verdict.rules if result.rule.id == "code.unique-sequence")
    assert (result.tried, result.broke) == (60, 9)
    failure = result.failures[0]
    assert failure.times == 9
    assert failure.curl is not None
    assert failure.curl.startswith('curl -sS -X POST -H "Authorization: Bearer $VEEAM_TOKEN"')
    assert failure.answer is not None
    assert '"userCode": "<code ' in failure.answer


def test_the_json_report_fits_its_schema(verdict: Verdict) -> None:
    report = json.loads(json_report.render(verdict))
    jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text()), validate_formats=True).validate(report)
    assert [rule["id"] for rule in report["rules"]] == [rule.id for rule in RULES]
    assert report["status"] == Status.BROKEN


def test_the_junit_report_has_a_case_for_each_rule(verdict: Verdict) -> None:
    suite = ElementTree.fromstring(junit_report.render(verdict)).find("testsuite")
    assert suite is not None
    assert [case.get("name") for case in suite.findall("testcase")] == [rule.id for rule in RULES]
    failed = {case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None}
    assert failed == broken(verdict)
    assert int(suite.get("failures", "")) == len(failed)


def test_the_markdown_report_leads_with_what_is_broken(verdict: Verdict) -> None:
    text = markdown_report.render(verdict)
    assert text.startswith("## ❌ https://faulty.test:4443 breaks the contract")
    assert "### ❌ `code.unique-sequence`" in text
    assert len(text.encode()) < 1024 * 1024


def test_the_html_report_is_one_page_that_loads_nothing(verdict: Verdict) -> None:
    page = html_report.render(verdict)
    assert "code.unique-sequence" in page
    assert not any(word in page for word in ("<script", "<link", "<img", "src=", "url(", "@import"))


def test_what_a_server_says_cannot_break_the_page() -> None:
    def scripted(server: Server, ask: object) -> object:
        answer = server.answer(ask)  # type: ignore[arg-type]
        return (
            answer.with_json({"message": "</pre><script>alert(1)</script>|\x01`"}) if answer.status == 404 else answer
        )

    verdict = judge(lambda server, ask: scripted(server, ask).with_header("Age", "<script>"))  # type: ignore[attr-defined]
    assert "code.fresh" in broken(verdict)
    assert "<script" not in html_report.render(verdict)
    assert "<script" not in markdown_report.render(verdict).replace("\\<script", "").partition("```")[0]
    ElementTree.fromstring(junit_report.render(verdict))


def test_an_inconclusive_run_is_no_success_for_a_ci_server() -> None:
    verdict = judge(lambda server, ask: server.answer(ask).with_body(b"").with_header("Content-Type", None))
    verdict.status = Status.INCONCLUSIVE
    suite = ElementTree.fromstring(junit_report.render(verdict)).find("testsuite")
    assert suite is not None
    assert int(suite.get("errors", "0")) >= 1


def baseline_file(path: Path, *rules: str) -> Path:
    entries = "".join(f"  - rule: {rule}\n    reason: ticket OPS-{number}\n" for number, rule in enumerate(rules))
    path.write_text(f"deviations:\n{entries}")
    return path


def test_known_deviations_do_not_fail_and_those_that_are_gone_are_told(tmp_path: Path, verdict: Verdict) -> None:
    file = baseline_file(tmp_path / "known.yaml", *sorted(broken(verdict)), "code.fresh")
    known = judge(every_7th_code_repeats_the_one_before, baseline=read_baseline(file))
    assert known.status == Status.CONFORMS
    assert {result.rule.id for result in known.having(Outcome.KNOWN)} == broken(verdict)
    assert known.gone == ["code.fresh"]


def test_a_new_deviation_beside_known_ones_fails(tmp_path: Path) -> None:
    file = baseline_file(tmp_path / "known.yaml", "code.fresh")
    assert judge(every_7th_code_repeats_the_one_before, baseline=read_baseline(file)).status == Status.BROKEN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deviations: [{rule: code.frish, reason: x}]", "'code.frish' is not a rule"),
        ("deviations: [{rule: code.fresh, reason: ' '}]", "needs a reason"),
        ("deviations: [{rule: code.fresh}]", "must have `rule` and `reason`"),
        ("- code.fresh", "must hold `deviations`"),
        ("deviations: [", "cannot be read"),
    ],
)
def test_a_wrong_baseline_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(text)
    with pytest.raises(BaselineError, match=message):
        read_baseline(file)


def test_the_html_report_has_a_title_for_every_group_of_rules() -> None:
    assert html_report.TITLES.keys() == {rule.group for rule in RULES}


def test_what_is_broken_is_written_as_a_baseline_that_can_be_read(verdict: Verdict, tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(baseline_report.render(verdict))
    assert set(read_baseline(file).reasons) == broken(verdict)
