"""The documents that a user gives the contracts: their reads are tried, within the limits, and nothing else of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mutants.harness import Answer, Ask, Behaviour, FakeTime, Server, Watched, broken, judge, say
from veeam_contracts.asking.target import LIVE, Limits
from veeam_contracts.cli import command
from veeam_contracts.judging.status import Status
from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

SHOP = Path(__file__).parents[1] / "support" / "shop.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shop without the operation that no server can answer: its schema has no end."""
    kept, skipped = [], False
    for line in SHOP.read_text("utf-8").splitlines():
        if line.startswith("  /") or not line.startswith(" "):
            skipped = line.strip().startswith("/v8/DeviceCode/")
        kept += [] if skipped else [line]
    file = tmp_path_factory.mktemp("shop") / "shop.yaml"
    file.write_text("\n".join(kept), "utf-8")
    return str(file)


GOOD = "{get: {responses: {'200': {content: {application/json: {}}}}}}"
ODD = "3.0.1\nservers: [{url: 'https://[bad/'}]\npaths:\n" + "".join(
    f'  "{path}": {GOOD}\n'
    for path in ["/v8/{a", "/v8/{{a}}", "/v8/{a.b}", "/v8/{a:9}", "/v8/a b", "/v8/\\e[31m", "/v8/?q"]
)
"""Paths that cannot be sent, below an address that is none."""


def check(shop: str, behave: Behaviour = Server.answer, limits: Limits | None = None, **options: Any) -> Verdict:
    limits = {} if limits is None else {"limits": limits}
    return judge(behave, {"also": [shop]}, also=[shop], api="v8", **limits, **options)


def result_of(verdict: Verdict, rule: str) -> RuleResult:
    return next(result for result in verdict.rules if result.rule.id == rule)


def test_a_server_that_keeps_to_the_document_conforms(shop: str) -> None:
    clock = FakeTime()
    watched = Watched(clock)
    verdict = check(shop, watched, clock=clock)
    assert broken(verdict) == set(), verdict.reason
    assert result_of(verdict, "also.read").outcome is Outcome.PASSED
    assert result_of(verdict, "also.protected").outcome is Outcome.PASSED
    read = [ask.path for _, ask, answer in watched.asks if ask.path.startswith("/v8/Shelves/") and answer.status == 200]
    assert any("/Books/" in path for path in read), "a book is read by an id that its list has"


def test_without_a_document_its_rules_say_nothing() -> None:
    verdict = judge(Server.answer, api="v8")
    assert not [result for result in verdict.rules if result.rule.group == "also"]


def other_type(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_members(day="Monday") if ask.path == "/v8/Closing" and answer.status == 200 else answer


def open_shelves(server: Server, ask: Ask) -> Answer:
    if ask.path.startswith("/v8/Shelves") and "Authorization" not in ask.headers:
        return say(200, {"offset": 0, "limit": 30, "results": []})
    return server.answer(ask)


def not_there(server: Server, ask: Ask) -> Answer:
    return say(404) if ask.path.startswith("/v8/Opening") else server.answer(ask)


@pytest.mark.parametrize(
    ("defect", "rule", "seen"),
    [
        (other_type, "also.read", '"Monday" is not of type "integer"'),
        (open_shelves, "also.protected", "status 200"),
        (not_there, "also.read", "status 404"),
    ],
)
def test_a_server_that_differs_from_the_document_is_blamed(shop: str, defect: Behaviour, rule: str, seen: str) -> None:
    verdict = check(shop, defect)
    assert verdict.status == Status.BROKEN
    assert broken(verdict) == {rule}
    told = [failure.seen for failure in result_of(verdict, rule).failures]
    assert any(seen in each for each in told), told


def test_what_a_user_may_not_read_is_no_fault(shop: str) -> None:
    def bar(server: Server, ask: Ask) -> Answer:
        return say(403) if ask.path.startswith("/v8/Label") else server.answer(ask)

    assert broken(check(shop, bar)) == set()


def test_a_live_server_is_read_within_the_limits_and_nothing_is_changed(shop: str) -> None:
    clock = FakeTime()
    watched = Watched(clock)
    verdict = check(shop, watched, LIVE, clock=clock, generated=True)
    assert broken(verdict) == set(), verdict.reason
    assert len(watched.asks) <= 300
    asked = {(ask.method, ask.path.partition("?")[0]) for _, ask, _ in watched.asks}
    assert ("GET", "/v8/Shelves") in asked
    assert not [place for place in asked if place[0] != "GET" and place[1].startswith(("/v8/Shelves", "/v8/Picture"))]
    assert ("GET", "/v8/Picture") not in asked, "what is no JSON is not downloaded"


def test_a_small_budget_leaves_the_document_out_and_says_so(shop: str) -> None:
    verdict = check(shop, limits=replace(LIVE, requests=40, rate=None), generated=True)
    assert result_of(verdict, "also.read").outcome is Outcome.NOT_TESTED
    assert "budget" in result_of(verdict, "also.read").reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("swagger: '2.0'", "this is Swagger 2.0"),
        ("openapi: 3.0.1\npaths: {}", "describes no GET that answers JSON"),
        (f"openapi: {ODD}", "describes no GET that answers JSON"),
        ("openapi: 1" + ":59" * 100_000, "this is not YAML, line 1"),
    ],
)
def test_a_document_that_cannot_be_used_is_told_with_its_file(text: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "further.yaml"
    if text is not None:
        file.write_text(text, "utf-8")
    result = CliRunner().invoke(command, ["check", "--also", str(file)])
    assert result.exit_code == Status.USAGE
    assert "--also: " in result.output and str(file) in result.output and said in result.output
