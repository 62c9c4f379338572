"""The reports of a broken server, in every form, and the baseline of what is known to be broken."""

import json
import shutil
import subprocess
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from mutants.defects_of_causes import without
from mutants.defects_of_codes import every_7th_code_repeats_the_one_before
from mutants.harness import Answer, Ask, Server, broken, judge, say
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.judging.baseline import BaselineError, read_baseline
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.rule import ALSO
from veeam_contracts.judging.verdict import Outcome, Status, Verdict
from veeam_contracts.paths import VERSIONS
from veeam_contracts.reports import baseline_report, html_report, json_report, junit_report, markdown_report
from veeam_contracts.reports.terminal import print_verdict
from veeam_contracts.writing import Bodies

SCHEMA = Path(__file__).parents[2] / "docs" / "contracts-report.schema.json"
CONCERNED = [rule.id for rule in RULES if rule.holds_for(VERSIONS[0]) and rule.group != ALSO]
"""The rules of a run on v4 without documents of the user."""


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """The verdict on a server that repeats every 7th code."""
    return judge(every_7th_code_repeats_the_one_before)


def test_a_failure_says_how_often_and_how_to_repeat_it(verdict: Verdict) -> None:
    result = next(result for result in verdict.rules if result.rule.id == "code.unique-sequence")
    assert (result.tried, result.broke) == (60, 8)
    failure = result.failures[0]
    assert failure.times == 8
    assert failure.curl is not None
    assert failure.curl.startswith('curl -sS -X POST -H "Authorization: Bearer $VEEAM_TOKEN"')
    assert failure.answer is not None
    assert '"userCode": "<code ' in failure.answer


def test_the_json_report_fits_its_schema(verdict: Verdict) -> None:
    report = json.loads(json_report.render(verdict))
    jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text()), validate_formats=True).validate(report)
    assert [rule["id"] for rule in report["rules"]] == CONCERNED
    assert report["status"] == Status.BROKEN


def test_the_junit_report_has_a_case_for_each_rule(verdict: Verdict) -> None:
    suite = ElementTree.fromstring(junit_report.render(verdict)).find("testsuite")
    assert suite is not None
    named = [case.get("name") for case in suite.findall("testcase")]
    assert named == CONCERNED
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


ALIASES = "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in pairwise("abcdefghi"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deviations: [{rule: code.frish, reason: x}]", "'code.frish' is not a rule"),
        ("deviations: [{rule: [code.fresh], reason: x}]", "is not a rule"),
        ("deviations: [{rule: code.fresh, reason: ' '}]", "needs a reason"),
        ("deviations: [{rule: code.fresh}]", "must have `rule` and `reason`"),
        ("- code.fresh", "must hold `deviations`"),
        ("deviations: [", "cannot be read: this is not YAML, line 1"),
        ("deviations: []\ndeviations: []", "a key is there a second time, line 2"),
        ("a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n" + ALIASES, "more than 100000 values"),
        ("#" * 2_000_000, "has more than 1048576 bytes"),
    ],
)
def test_a_wrong_baseline_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(text)
    with pytest.raises(BaselineError, match=message):
        read_baseline(file)


def test_a_baseline_in_utf_16_is_read(tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("deviations: [{rule: code.fresh, reason: OPS-17}]", "utf-16")  # as PowerShell 5 writes it
    assert read_baseline(file).reasons == {"code.fresh": "OPS-17"}


def test_the_html_report_has_a_title_for_every_group_of_rules() -> None:
    assert html_report.TITLES.keys() == {rule.group for rule in RULES}


def test_what_is_broken_is_written_as_a_baseline_that_can_be_read(verdict: Verdict, tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(baseline_report.render(verdict))
    assert set(read_baseline(file).reasons) == broken(verdict)


def shown(verdict: Verdict) -> str:
    """What the terminal shows."""
    with StringIO() as text, redirect_stdout(text):
        print_verdict(verdict)
        return text.getvalue()


def test_a_report_begins_with_the_probable_causes_the_most_telling_first() -> None:
    verdict = judge(without("getDeviceCode"))
    (cause, following), *others = verdict.causes()
    assert (cause.rule.id, others) == ("operations.served", [])
    assert following > 20
    assert shown(verdict).splitlines()[:2] == [
        "probable causes",
        f"  operations.served: every operation of the version is served ({following} more rules follow)",
    ]
    assert json.loads(json_report.render(verdict))["causes"] == [{"rule": "operations.served", "following": following}]
    assert "1. `operations.served`" in markdown_report.render(verdict)
    assert '<a href="#operations.served">' in html_report.render(verdict)


def no_codes_but_errors(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return say(500) if ask.is_code and answer.status == 400 else answer


def test_an_error_of_the_server_is_one_finding() -> None:
    verdict = judge(no_codes_but_errors, generated=True)
    assert broken(verdict) == {"answers.no-5xx"}
    (failure,) = verdict.broken()[0].failures
    assert failure.times > 10


def test_the_terminal_shows_four_defects_on_a_screen() -> None:
    def four_defects(server: Server, ask: Ask) -> Answer:
        answer = no_codes_but_errors(server, ask)
        if ask.is_code and answer.status == 200:
            answer = answer.with_members(expiresIn=5, userCode="SAMECODE1")
        return answer

    assert len(shown(judge(four_defects, generated=True)).splitlines()) <= 40


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("body", [b"a" * 50_000, b'{"targetRegion": "world\0wide"}', b"\xff\0" * 300])
def test_a_body_that_no_line_holds_lies_beside_the_report(tmp_path: Path, body: bytes) -> None:
    keep = Bodies([tmp_path / "it's a report.html"]).keep
    exchange = Exchange("POST", "https://veeam.test/v8/DeviceCode", "/v8/DeviceCode", {}, body)
    line = exchange.curl(Secrets(), keep=keep)
    assert len(line) < 400
    command = 'curl() { for each in "$@"; do last=$each; case $each in @*) cat -- "${each#@}";; esac; done; }; ' + line
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == body
    assert "/it's a report-bodies/" in next(str(path) for path in tmp_path.rglob("*.bin"))


def test_a_body_with_a_secret_is_kept_in_no_file(tmp_path: Path) -> None:
    secrets = Secrets()
    secrets.hide("a secret token", "$VEEAM_TOKEN")
    body = b"a secret token" + b"x" * 1_000
    line = Exchange("POST", "https://veeam.test/", "/", {}, body).curl(secrets, keep=Bodies([tmp_path / "r.html"]).keep)
    assert "$VEEAM_TOKEN" in line
    assert "a secret token" not in line
    assert list(tmp_path.iterdir()) == []


def test_bodies_are_kept_nowhere_without_a_report_that_is_a_file(tmp_path: Path) -> None:
    assert Bodies().keep(b"x") is None
    assert Bodies([Path("/dev/stdout")]).keep(b"x") is None
    assert Bodies([tmp_path / "missing" / "report.html"]).keep(b"x") is None
