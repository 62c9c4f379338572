"""What the contracts do to a live server, counted by the server, in time that only passes when somebody waits."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mutants.harness import (
    PASSWORD,
    URL,
    Answer,
    Ask,
    Dropped,
    FakeTime,
    Hanging,
    InProcess,
    Server,
    Watched,
    broken,
    judge,
    live_run,
    say,
)
from veeam_contracts.asking.admission import Refused, is_allowed
from veeam_contracts.asking.client import NOBODY
from veeam_contracts.asking.exchange import is_id
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import LIVE, Limits, Login, Target, thorough
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.verdict import Outcome, Status, Verdict
from veeam_contracts.rules.test_credentials import spellings
from veeam_mock import Settings
from veeam_mock.mock import Mock

WRITES = {("POST", "/v4/organizations"), ("PUT", "/v4/organizations"), ("DELETE", "/v4/organizations")}


def check_live(delay: float = 0.0, limits: Limits = LIVE) -> tuple[Verdict, Watched]:
    clock = FakeTime()
    watched = Watched(clock, delay)
    return judge(watched, generated=True, limits=limits, clock=clock), watched


@pytest.fixture(scope="module")
def live() -> tuple[Verdict, Watched]:
    """One run with the limits for live servers."""
    return live_run("v4")


def test_a_live_server_conforms_and_what_was_cut_is_not_tested(live: tuple[Verdict, Watched]) -> None:
    verdict, _ = live
    assert verdict.status == Status.CONFORMS, verdict.reason
    reasons = {result.rule.id: result.reason for result in verdict.having(Outcome.NOT_TESTED)}
    writing = {rule.id for rule in RULES if rule.writes}
    not_on_live = {"token.expired", "token.incomplete", "code.regions", "credentials.unsigned"}
    assert set(reasons) == not_on_live
    assert len(reasons) <= len(verdict.rules) / 10
    assert not writing & {result.rule.id for result in verdict.rules}


def test_a_live_server_is_asked_at_most_300_times_for_at_most_60_codes(live: tuple[Verdict, Watched]) -> None:
    verdict, watched = live
    assert 200 < len(watched.asks) <= 300
    assert watched.count(lambda ask, answer: b"userCode" in answer.body) <= 60
    used = {name: used for name, _, used in verdict.limits}
    assert used["requests"] == f"{len(watched.asks)}, {len(watched.asks)} answered"


def test_a_live_server_is_sent_at_most_50_generated_cases_and_the_report_says_so(live: tuple[Verdict, Watched]) -> None:
    verdict, _ = live
    used = {name: used for name, _, used in verdict.limits}
    assert 20 < int(used["generated cases"]) <= 50
    assert {latency.operation for latency in verdict.latencies} >= {"POST /v4/DeviceCode", "POST /v4/Token"}


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_live_server_refuses_at_most_eight_requests_for_a_token_one_of_them_a_login(api: str) -> None:
    verdict, watched = live_run(api)
    assert verdict.status == Status.CONFORMS, verdict.reason
    tokens = [(ask, answer) for _, ask, answer in watched.asks if ask.is_login and ask.method == "POST"]
    refused = [ask for ask, answer in tokens if answer.status >= 400]
    assert len(refused) <= 8
    assert sum(b"username" in ask.body for ask in refused) == 1
    used = {name: used for name, _, used in verdict.limits}
    assert used["refused requests for tokens"] == str(len(refused))
    assert watched.clock.now() <= (180 if api == "v8" else 75)


def test_a_server_that_has_had_enough_is_asked_for_no_more_tokens() -> None:
    clock = FakeTime()
    refused: list[Ask] = []

    def lock_out(server: Server, ask: Ask) -> Answer:
        if refused and len(refused) >= 3 and ask.is_login and ask.method == "POST":
            refused.append(ask)
            return say(403)
        answer = server.answer(ask)
        if ask.is_login and ask.method == "POST" and answer.status >= 400:
            refused.append(ask)
        return answer

    verdict = judge(lock_out, limits=LIVE, clock=clock, generated=True)
    assert len(refused) <= 5
    reasons = " ".join(verdict.not_tested())
    assert "the server refuses tokens with 403 now" in reasons


def test_a_token_that_dies_under_the_last_request_of_a_run_is_found() -> None:
    asked: list[str] = []

    def count(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        asked.extend([ask.token] if ask.token and answer.status == 200 else [])
        return answer

    judge(count, limits=LIVE, clock=FakeTime())
    last = len(asked)
    asked.clear()

    def die(server: Server, ask: Ask) -> Answer:
        if len(asked) == last - 1 and ask.token == asked[-1]:
            return say(401)
        return count(server, ask)

    assert "token.alive" in broken(judge(die, limits=LIVE, clock=FakeTime()))


def test_a_live_server_is_sent_no_write_and_one_wrong_password(live: tuple[Verdict, Watched]) -> None:
    _, watched = live
    assert not any((ask.method, ask.path.lower().rstrip("/")) in WRITES for _, ask, _ in watched.asks)
    assert not watched.count(
        lambda ask, answer: ask.method in ("PUT", "DELETE") and "organizations" in ask.path.lower()
    )
    wrong = watched.count(lambda ask, answer: ask.is_login and answer.status == 400 and b"password=" in ask.body)
    assert wrong == 1


def test_a_live_server_gets_5_requests_a_second_after_a_burst_of_5(live: tuple[Verdict, Watched]) -> None:
    _, watched = live
    times = sorted(moment for moment, _, _ in watched.asks)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= 5 + 5 * (times[last] - start) + 1e-6


def test_a_run_takes_less_than_2_minutes_and_4_on_a_server_that_takes_400_ms(live: tuple[Verdict, Watched]) -> None:
    assert live[1].clock.now() < 120
    verdict, slow = check_live(delay=0.4)
    assert verdict.status == Status.CONFORMS, verdict.reason
    assert slow.clock.now() < 240


@pytest.mark.parametrize("prefix", [pytest.param("/~team", marks=pytest.mark.long), "/~a/"])
def test_a_server_below_a_path_is_held_to_the_same_rules_and_limits(prefix: str) -> None:
    asked: list[Ask] = []

    def watch(server: Server, ask: Ask) -> Answer:
        asked.append(ask)
        return server.answer(ask)

    verdict = judge(watch, limits=LIVE, clock=FakeTime(), generated=True, url=f"{URL}{prefix}")
    assert verdict.status == Status.CONFORMS, verdict.reason
    assert "device codes" in [name for name, _, used in verdict.limits if used != "0"]
    assert all(ask.path.lower().startswith(f"{prefix.rstrip('/')}/v") for ask in asked)
    reasons = {result.rule.id for result in verdict.having(Outcome.NOT_TESTED)}
    assert reasons == {"token.expired", "token.incomplete", "code.regions", "credentials.unsigned"}


def test_a_path_outside_of_that_of_the_target_is_never_sent() -> None:
    adapter = InProcess(Server(Mock(Settings(password=PASSWORD))), Server.answer)
    line = Line(Target(f"{URL}/veeam", Login("u", PASSWORD), adapter=adapter))
    with pytest.raises(Refused):
        line.http.get(f"{URL}/v4/Organizations")


@pytest.mark.parametrize("segment", [".", "..", "%2e", ".%2E", "%2e.", "%2E%2e", "a%2Fb", "a/b"])
def test_no_name_that_a_server_gives_leads_to_another_path(segment: str) -> None:
    assert not is_allowed("GET", f"/v4/Organizations/{segment}")
    assert not is_allowed("POST", f"/v4/Organizations/{segment}/DeviceCode")
    assert not is_allowed("POST", f"/v4/RestoreSessions/{segment}/organization/restoreDeviceCode")


def test_an_organization_without_a_name_in_the_path_is_asked_for_nothing() -> None:
    assert not is_id("")
    assert not is_allowed("POST", "/v4/Organizations//DeviceCode")
    assert is_allowed("GET", "/v4/Organizations/")  # The list, which is asked for without a token by this spelling.


def test_a_live_server_is_asked_for_each_spelling_of_a_protected_path() -> None:
    assert all(is_allowed("GET", spelling) for spelling in spellings("/v8/Organizations"))


@pytest.mark.parametrize("segment", ["a", "a.b", "..a", "%2e%2e%2e", ".a%20b", NOBODY])
def test_names_of_other_shapes_can_be_read(segment: str) -> None:
    assert is_allowed("GET", f"/v4/Organizations/{segment}")
    assert is_allowed("POST", f"/v4/Organizations/{segment}/DeviceCode")
    assert not is_allowed("DELETE", f"/v4/Organizations/{segment}")


def test_what_schemathesis_sends_once_more_passes_the_gate_too() -> None:
    def crash_on_odd_media(server: Server, ask: Ask) -> Answer:
        odd = ask.is_code and "json" not in ask.headers.get("Content-Type", "json")
        return say(500) if odd else server.answer(ask)

    verdict = judge(crash_on_odd_media, generated=True)
    assert verdict.status == Status.BROKEN, verdict.reason
    assert broken(verdict) == {"answers.no-5xx"}


def test_a_small_budget_is_inconclusive_unless_that_is_wanted() -> None:
    limits = replace(LIVE, requests=40)
    verdict = judge(Server.answer, limits=limits, clock=FakeTime())
    assert verdict.status == Status.INCONCLUSIVE
    assert "cut short, see why: allow more, or say --partial" in verdict.reason
    assert "budget of 40 requests spent" in " ".join(verdict.not_tested())
    partial = judge(Server.answer, limits=limits, clock=FakeTime(), partial=True)
    assert partial.status == Status.CONFORMS, partial.reason


def test_a_run_on_a_slow_server_ends_in_time() -> None:
    clock = FakeTime()
    verdict = judge(Watched(clock, delay=9), limits=replace(LIVE, seconds=300), clock=clock, generated=True)
    assert 270 <= clock.now() <= 330
    assert verdict.status == Status.INCONCLUSIVE, verdict.reason
    assert "the time of 300 s is spent" in " ".join(verdict.not_tested())
    assert broken(verdict) == set()


def test_thorough_lifts_the_caps_and_nothing_else() -> None:
    lifted = thorough(LIVE)
    assert (lifted.requests, lifted.rate, lifted.device_codes) == (None, None, None)
    assert lifted.allow_list
    assert lifted.wrong_passwords == 1


def test_a_wrong_password_is_tried_once_and_never_again() -> None:
    asked: list[Ask] = []

    def refuse(server: Server, ask: Ask) -> Answer:
        asked.append(ask)
        return say(400, {"error": "invalid_grant", "error_description": "no"})

    verdict = judge(refuse, limits=LIVE, clock=FakeTime())
    assert verdict.status == Status.INCONCLUSIVE
    assert "check user name and password" in verdict.reason
    assert len(asked) == 1


def never_answers(server: Server, ask: Ask) -> Answer:
    raise Hanging


def html_502(server: Server, ask: Ask) -> Answer:
    page = say(502).with_body(b"<html>Bad Gateway</html>")
    return page.with_header("Content-Type", "text/html")


def always_drops(server: Server, ask: Ask) -> Answer:
    raise Dropped


@pytest.mark.parametrize(
    ("behave", "advice"),
    [
        (never_answers, "overloaded, or not a Veeam server? See --timeout"),
        (html_502, "the server, or a proxy before it, is not ready"),
        (always_drops, "is it http instead of https, or a proxy in between?"),
    ],
)
def test_a_target_that_cannot_be_judged_is_inconclusive_and_says_what_to_do(
    behave: Callable[[Server, Ask], Answer], advice: str
) -> None:
    verdict = judge(behave, limits=LIVE, clock=FakeTime())
    assert verdict.status == Status.INCONCLUSIVE
    assert advice in verdict.reason
    assert verdict.count(Outcome.NOT_TESTED) == len(verdict.rules)


def test_a_server_that_drops_half_of_all_connections_is_blamed_for_that() -> None:
    def drop_half(server: Server, ask: Ask) -> Answer:
        if server.count() % 2:
            raise Dropped
        return server.answer(ask)

    verdict = judge(drop_half, limits=LIVE, clock=FakeTime())
    assert verdict.status == Status.BROKEN
    assert "answers.arrive" in broken(verdict)
    assert "requests had no answer: look at the server, the network and any proxy in between" in verdict.reason


def test_a_server_that_fails_again_and_again_is_left_alone() -> None:
    asked: list[Ask] = []

    def fail_after_a_while(server: Server, ask: Ask) -> Answer:
        asked.append(ask)
        return say(503) if len(asked) > 20 else server.answer(ask)

    verdict = judge(fail_after_a_while, limits=LIVE, clock=FakeTime())
    assert len(asked) == 20 + LIVE.server_errors_in_a_row
    assert verdict.status == Status.BROKEN
    assert "stopped after 10 failures in a row" in verdict.reason


def test_a_429_is_waited_out_as_long_as_retry_after_says() -> None:
    clock = FakeTime()

    def throttle_once(server: Server, ask: Ask) -> Answer:
        if server.count() == 50:
            server.memory["at"] = clock.now()
            return say(429).with_header("Retry-After", "17")
        if server.count("after") and "waited" not in server.memory and "at" in server.memory:
            server.memory["waited"] = clock.now() - server.memory["at"]
            assert server.memory["waited"] >= 17
        return server.answer(ask)

    verdict = judge(throttle_once, limits=LIVE, clock=clock)
    assert verdict.status == Status.CONFORMS, verdict.reason
    assert next(used for name, _, used in verdict.limits if name.startswith("429")) == "1"


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_request_for_a_token_that_is_to_come_later_is_no_refused_one(api: str) -> None:
    def not_so_fast(server: Server, ask: Ask) -> Answer:
        paced = ask.is_login and ask.method == "POST" and server.count("logins") % 2
        return say(429).with_header("Retry-After", "1") if paced else server.answer(ask)

    verdict = judge(not_so_fast, limits=LIVE, clock=FakeTime(), api=api)
    assert verdict.status == Status.CONFORMS, verdict.reason
    used = {name: count for name, _, count in verdict.limits}
    assert int(used["refused requests for tokens"]) <= 8
    assert used["wrong passwords"] == "1"


def test_a_429_that_says_no_time_ends_the_refused_requests_for_tokens() -> None:
    refused: list[Ask] = []

    def shut(server: Server, ask: Ask) -> Answer:
        if not ask.is_login or ask.method != "POST":
            return server.answer(ask)
        answer = server.answer(ask) if len(refused) < 2 else say(429)
        if answer.status >= 400:
            refused.append(ask)
        return answer

    verdict = judge(shut, limits=LIVE, clock=FakeTime())
    assert len(refused) == 3
    assert "the server refuses tokens with 429 now" in " ".join(verdict.not_tested())


def test_a_server_that_throttles_on_and_on_is_left_alone() -> None:
    clock, asked = FakeTime(), []

    def throttle(server: Server, ask: Ask) -> Answer:
        asked.append(ask)
        return say(429).with_header("Retry-After", "50") if len(asked) > 20 else server.answer(ask)

    verdict = judge(throttle, limits=LIVE, clock=clock, generated=True)
    assert "the server throttles for more than 180 s: try a lower --rate" in verdict.reason
    assert verdict.count(Outcome.ERROR) == 0
    assert clock.now() < 60 + 180
    assert len(asked) < 30


def test_the_password_stands_in_no_report() -> None:
    from veeam_contracts.reports import html_report, json_report, junit_report, markdown_report

    def repeat_everything(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return answer.with_json({"message": ask.body.decode("latin-1") + ask.token}) if answer.status >= 400 else answer

    verdict = judge(repeat_everything, limits=LIVE, clock=FakeTime())
    assert "answers.no-secret" in broken(verdict)
    for report in (json_report, junit_report, markdown_report, html_report):
        text = report.render(verdict)
        assert PASSWORD not in text
        assert PASSWORD.replace(" ", "+") not in text
        assert "mock-access-" not in text
