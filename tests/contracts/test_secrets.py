"""Tokens, codes and passwords stand in no report, in whatever shape a server answers."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from mutants.harness import PASSWORD, Answer, Ask, Server, broken, judge
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.sightings import sightings
from veeam_contracts.reports import html_report, json_report, junit_report, markdown_report
from veeam_contracts.reports.terminal import print_verdict

TOKENS = {"access_token": "mock-access-0123456789", "refresh_token": "mock-refresh-987/654+3", "expires_in": 3600}
CODE = {"userCode": "CWE5QHLNM", "message": "Enter CWE5QHLNM.", "expiresIn": 899}


def pascal(value: dict[str, object]) -> dict[str, object]:
    return {"".join(word.title() for word in name.split("_")): member for name, member in value.items()}


def answer_to(path: str, body: str, status: int = 200) -> Exchange:
    return Exchange("POST", f"https://veeam.test{path}", path, {}, None, status, body=body.encode())


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(TOKENS),
        json.dumps(pascal(TOKENS)),
        json.dumps({"data": {"session": TOKENS}}),
        json.dumps([TOKENS]),
        json.dumps({"access_token": {"value": TOKENS["access_token"]}, "refresh-token": [TOKENS["refresh_token"]]}),
        json.dumps({"d": json.dumps(TOKENS)}),
        json.dumps(TOKENS)[:-2],
        urlencode(TOKENS),
        f"<r><access_token>{TOKENS['access_token']}</access_token><t>{TOKENS['refresh_token']}</t></r>",
        f"{TOKENS['access_token']}\n{TOKENS['refresh_token']}",
    ],
)
def test_tokens_are_found_in_any_shape(body: str) -> None:
    exchange = answer_to("/v4/Token", body)
    secrets = Secrets()
    for kind, value in sightings(exchange):
        secrets.hide_numbered(value, kind)
    shown = exchange.seen(secrets)
    assert "0123456789" not in shown
    assert "<token 1>" in shown
    if "<t>" not in body:
        assert "654" not in shown


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(CODE),
        json.dumps({"user_code": CODE["userCode"], "message": "Enter cwe5qhlnm."}),
        json.dumps({"result": [CODE]}),
        json.dumps(CODE)[:-2],
        urlencode(CODE),
        json.dumps({"message": CODE["message"]}),
    ],
)
def test_codes_are_found_in_any_shape(body: str) -> None:
    exchange = answer_to("/v4/Organizations/1/DeviceCode", body)
    secrets = Secrets()
    for kind, value in sightings(exchange):
        secrets.hide_numbered(value, kind)
    assert "cwe5qhlnm" not in exchange.seen(secrets).lower()


def test_where_a_link_leads_is_no_secret_whatever_it_is_called() -> None:
    action = {"deviceCode": {"uri": "/v8/Organizations/1/DeviceCode", "method": "POST"}}
    listed = {"results": [{"_actions": action, "_links": {"token": {"href": "/v8/Token", "rel": "access-token"}}}]}
    assert list(sightings(answer_to("/v8/Organizations", json.dumps(listed)))) == []
    telling = {"_links": {"next": {"href": "/v8/Organizations?access_token=Zr4u7x1A9dC2fGh"}}}
    assert ("token", "Zr4u7x1A9dC2fGh") in sightings(answer_to("/v8/Organizations", json.dumps(telling)))


def test_words_of_a_refusal_are_no_secrets() -> None:
    refusal = answer_to("/v4/Token", '{"token": "expired", "password": "is incorrect", "error": "INVALIDGRANT"}', 400)
    assert list(sightings(refusal)) == []


@pytest.mark.parametrize(("password", "label"), [("x9", "$VEEAM_PASSWORD"), ("a&b", "$VEEAM_PASSWORD"), ("", "")])
def test_a_short_password_is_masked_by_the_name_of_its_field(password: str, label: str) -> None:
    secrets = Secrets()
    secrets.hide(password, "$VEEAM_PASSWORD")
    form = urlencode({"grant_type": "password", "password": password, "username": "ann x9 ltd"})
    line = Exchange("POST", "https://veeam.test/v4/Token", "/v4/Token", {}, form.encode()).curl(secrets)
    assert f"grant_type=password&password={label}&username=ann+x9+ltd" in line
    assert Secrets().mask('{"password": "x 9"} password=y') == '{"password": "<a password>"} password=<a password>'


def test_a_secret_at_the_end_of_what_is_shown_of_a_body_is_not_shown_in_part() -> None:
    secrets = Secrets()
    secrets.hide("mock-refresh-0123456789", "<token 1>")
    body = b"x" * 390 + b"mock-refresh-0123456789"
    assert "mock-refr" not in Exchange("POST", "https://veeam.test", "/", {}, body).curl(secrets)


def test_what_a_terminal_would_obey_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    def obeyed(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return answer.with_body(b"\x1b]0;owned\x07\x1b[2J\xc2\x9b1m\r") if answer.status == 404 else answer

    verdict = judge(obeyed)
    assert "answers.json" in broken(verdict)
    print_verdict(verdict)
    shown = capsys.readouterr().out
    assert "\\x1b]0;owned\\x07" in shown
    assert not any(character in shown for character in "\x1b\x07\x9b\r")


def login_wrapped(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_json({"data": answer.json}) if ask.is_login and answer.status == 200 else answer


def code_cut_short(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_body(answer.body[:-2]) if ask.is_code and answer.status == 200 else answer


@pytest.mark.parametrize("behave", [login_wrapped, code_cut_short])
def test_no_report_shows_what_a_server_gave_in_the_wrong_shape(
    behave: Callable[[Server, Ask], Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    given: set[str] = set()

    def note(server: Server, ask: Ask) -> Answer:
        sound = server.answer
        server.answer = lambda ask: remember(sound(ask))  # type: ignore[method-assign]
        try:
            return behave(server, ask)
        finally:
            server.answer = sound  # type: ignore[method-assign]

    def remember(answer: Answer) -> Answer:
        if answer.status == 200 and isinstance(answer.json, dict):
            given.update(str(answer.json.get(name, PASSWORD)) for name in ("access_token", "refresh_token", "userCode"))
        return answer

    verdict = judge(note)
    assert broken(verdict) and given
    print_verdict(verdict)
    reports = [report.render(verdict) for report in (json_report, junit_report, markdown_report, html_report)]
    for text in [*reports, capsys.readouterr().out]:
        assert [secret for secret in given if secret in "".join(text.split())] == []
