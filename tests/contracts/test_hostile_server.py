"""What a server does wrong is its fault, never 'failure of the suite itself'; nor is a small budget."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from mutants.harness import URL, Answer, Ask, Dropped, FakeTime, InProcess, Server, broken, judge, say
from veeam_contracts.asking.admission import BudgetSpent
from veeam_contracts.asking.exchange import NOT_JSON
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import LIVE, Target
from veeam_contracts.document import describe
from veeam_contracts.judging.verdict import Outcome, Status
from veeam_contracts.paths import NEWEST
from veeam_contracts.reports import html_report, json_report
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings


@pytest.mark.parametrize("value", [NOT_JSON, json.loads("[" * 700 + "]" * 700), "\ud800", {"\udc00": 1}])
def test_a_body_that_no_validator_takes_is_a_violation(value: object) -> None:
    assert describe(NEWEST).violations("getServiceInstance", 200, value)
    assert describe(NEWEST).violations("getOrganizations", 200, value)


BODIES = {
    "nothing": b"",
    "half of an object": b'{"a": ',
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "rather deep": b"[" * 700 + b"]" * 700,
    "a large number": b'{"version": ' + b"9" * 6000 + b"}",
    "half a character": b'{"version": 1, "message": "\\ud800", "userCode": "\\udc00", "access_token": "\\ud800bcdef"}',
    "lines in a token": b'{"access_token": "a\\nb", "refresh_token": "a\\u0000b", "userCode": 5}',
}


QUICK = {("half of an object", 1), ("half a character", 0)}


@pytest.mark.parametrize(
    ("body", "after"),
    [
        pytest.param(body, after, id=f"{name}-{after}", marks=() if (name, after) in QUICK else pytest.mark.long)
        for name, body in BODIES.items()
        for after in (0, 1)
    ],
)
def test_a_body_that_is_no_json_breaks_rules(body: bytes, after: int) -> None:
    def answer(server: Server, ask: Ask) -> Answer:
        sound = server.answer(ask)
        return sound.with_body(body) if sound.status == 200 and server.count() > after else sound

    verdict = judge(answer, limits=LIVE, clock=FakeTime(), generated=after == 1)
    assert verdict.status == Status.BROKEN, verdict.reason
    assert verdict.count(Outcome.ERROR) == 0
    json_report.render(verdict).encode()
    html_report.render(verdict).encode()


ODD_FIELDS = {
    "Content-Length": "9" * 5000,
    "Date": "Mon, 01 Jan 2020 00:00:00 +99999999999999",
    "Expires": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Retry-After": "9" * 5000,
    "Cache-Control": "max-age=" + "9" * 5000,
    "Age": "\u0665" * 5000,
}
ODD_VALUES = [{"a": {"b": [[]]}}, [], None, True, -1e308, 10**4000, "9" * 5000, "\ud800", ODD_FIELDS["Date"]]


@pytest.mark.parametrize("names", [["Date"], pytest.param(list(ODD_FIELDS), marks=pytest.mark.long)])
def test_header_fields_with_odd_numbers_and_dates_are_no_fault_of_ours(names: list[str]) -> None:
    def odd(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        for name in names:
            answer = answer.with_header(name, ODD_FIELDS[name])
        return answer

    verdict = judge(odd)
    assert verdict.count(Outcome.ERROR) == 0, verdict.reason


@pytest.mark.parametrize("first", [0, pytest.param(3, marks=pytest.mark.long), pytest.param(6, marks=pytest.mark.long)])
@pytest.mark.parametrize("api", ["v4", pytest.param("v8", marks=pytest.mark.long)])
def test_members_with_odd_values_are_no_fault_of_ours(first: int, api: str) -> None:
    """Every second answer has a member that is odd: each member of each operation, and each value, has its turn."""

    def odd(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        good = answer.json if answer.status < 300 and answer.body else None
        item = good[0] if isinstance(good, list) and good else good
        turn, rest = divmod(server.count(f"{ask.method} {ask.path}"), 2)
        if isinstance(item, dict) and item and rest == 0:
            names = list(item)
            item[names[turn % len(names)]] = ODD_VALUES[(first + turn) % len(ODD_VALUES)]
            return answer.with_json(good)
        return answer

    verdict = judge(odd, api=api)
    assert verdict.count(Outcome.ERROR) == 0, verdict.reason


def test_a_run_that_is_answered_too_much_asks_no_more_and_says_why() -> None:
    def large(server: Server, ask: Ask) -> Answer:
        return say(404).with_body(b" " * 9_000_000 + f"{server.count() // 2}".encode())

    line = Line(Target(URL, adapter=InProcess(Server(Mock(Settings())), large)))
    with pytest.raises(BudgetSpent, match="the answers of this run have 64 MB, which is all that is kept"):
        for _ in range(100):
            line.send("GET", "/v4/Organizations", {}, None, {})
    assert 14 <= len(line.records.exchanges) <= 16  # Each body came twice, and is kept once.
    line.close()


def test_nothing_is_looked_through_long_after_the_time() -> None:
    clock = FakeTime()

    def slow_at_last(server: Server, ask: Ask) -> Answer:
        clock.sleep(30 if clock.now() > 270 else 5)
        return server.answer(ask)

    verdict = judge(slow_at_last, limits=replace(LIVE, seconds=280), clock=clock)
    looks = {rule.rule.id: rule for rule in verdict.rules if rule.rule.id in ("answers.no-trace", "answers.no-leak")}
    assert {rule.outcome for rule in looks.values()} == {Outcome.NOT_TESTED}
    assert all("the time of 280 s is spent" in rule.reason for rule in looks.values())


def test_organizations_with_odd_ids_are_no_trouble() -> None:
    def odd(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        listing = ask.path.lower() == "/v4/organizations" and answer.status == 200
        return answer.with_json([{"id": "\ud800", "name": "x"}, {"id": "a\nb"}, {"id": ""}]) if listing else answer

    verdict = judge(odd, limits=LIVE, clock=FakeTime())
    assert verdict.status == Status.BROKEN, verdict.reason


def drops(server: Server, ask: Ask) -> Answer:
    raise Dropped


def fails(server: Server, ask: Ask) -> Answer:
    return say(500)


def odd_status(server: Server, ask: Ask) -> Answer:
    return replace(server.answer(ask), status=999)


@pytest.mark.parametrize("fault", [drops, fails, pytest.param(odd_status, marks=pytest.mark.long)])
@pytest.mark.parametrize("after", [pytest.param(2, marks=pytest.mark.long), 30])
def test_a_server_that_goes_down_in_mid_run_is_blamed_or_the_run_is_inconclusive(
    fault: Callable[[Server, Ask], Answer], after: int
) -> None:
    def go_down(server: Server, ask: Ask) -> Answer:
        return fault(server, ask) if server.count() > after else server.answer(ask)

    verdict = judge(go_down, limits=LIVE, clock=FakeTime(), generated=True)
    expected = Status.INCONCLUSIVE if after == 2 and fault is drops else Status.BROKEN
    assert verdict.status == expected, verdict.reason
    assert "stopped after 10 failures in a row" in verdict.reason
    assert verdict.count(Outcome.ERROR) == 0
    if expected == Status.BROKEN:
        assert broken(verdict) & {"answers.arrive", "answers.no-5xx"}


@pytest.mark.parametrize("budget", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 4, 7, 12)), 20])
def test_what_a_small_budget_leaves_out_is_not_tested(budget: int) -> None:
    limits = replace(LIVE, requests=budget)
    verdict = judge(Server.answer, limits=limits, clock=FakeTime(), generated=True, partial=True)
    assert verdict.count(Outcome.ERROR) == verdict.count(Outcome.FAILED) == 0
    assert verdict.status == Status.CONFORMS, verdict.reason
    assert "budget" in next(r.reason for r in verdict.rules if r.rule.id == "generated.refused")
