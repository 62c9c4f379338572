"""Which versions of the API a run checks, and how often it asks a server of a later one for tokens."""

import pytest

from mutants.harness import Server, broken, judge, live_run
from veeam_contracts.judging.catalogue import BY_ID, RULES
from veeam_contracts.judging.rule import ALSO
from veeam_contracts.judging.verdict import Status
from veeam_contracts.paths import VERSIONS, is_at


@pytest.mark.parametrize(
    ("asked", "served", "checked"),
    [
        ("auto", ["v4", "v6"], ["v6"]),
        ("all", ["v5", "v7"], ["v5", "v7"]),
        ("v5", ["v4", "v5", "v6"], ["v5"]),
    ],
)
def test_the_versions_that_are_asked_for_are_checked(asked: str, served: list[str], checked: list[str]) -> None:
    verdict = judge(Server.answer, {"api": served}, api=asked)
    assert verdict.status == Status.CONFORMS, verdict.reason
    assert verdict.versions == checked
    assert ("served: " in verdict.api) is (asked != "v5")
    assert ("the newest was checked" in verdict.api) is (asked == "auto")


def test_a_server_that_serves_no_version_is_told_so() -> None:
    verdict = judge(lambda server, ask: server.answer(ask.__class__("GET", "/nothing", ask.headers, b"")), api="auto")
    assert verdict.status == Status.INCONCLUSIVE
    assert "does not serve /v8/Token" in verdict.reason


def test_a_rule_is_tried_in_the_versions_that_it_holds_for() -> None:
    assert BY_ID["token.logout"].versions == "v7 and later"
    verdict = judge(Server.answer, api="v6")
    left_out = {rule.id for rule in RULES if rule.group != ALSO} - {result.rule.id for result in verdict.rules}
    assert left_out == {rule.id for rule in RULES if not rule.holds_for(VERSIONS[2])}


def test_tokens_are_asked_for_as_often_as_the_vendor_allows() -> None:
    verdict, watched = live_run("v8")
    assert broken(verdict) == set(), verdict.reason
    asked = [at for at, ask, _ in watched.asks if ask.method == "POST" and is_at(ask.path, "getToken")]
    assert len(asked) > 5
    for at in asked:
        assert sum(at <= moment < at + 1 for moment in asked) == 1
        assert sum(at <= moment < at + 60 for moment in asked) <= 5
