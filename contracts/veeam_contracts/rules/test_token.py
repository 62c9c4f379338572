"""Rules of the login and its tokens."""

import base64
import re

import pytest

from veeam_contracts.asking.client import FORM, Client
from veeam_contracts.asking.exchange import Exchange, is_sendable
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.rules.expectations import (
    About,
    alter,
    expect_json,
    expect_refusal,
    moment_of,
    require_token,
    violations,
)
from veeam_contracts.rules.grants import grants_in, newest_of
from veeam_contracts.rules.probes import refresh_rotation
from veeam_contracts.rules.storing import check_fresh

SHORTEST_LIFE, LONGEST_LIFE = 60, 30 * 86400
"""Seconds between which the life of an access token is plausible; it is 3,600 at real servers."""

SHORTEST_TOKEN = 20
"""Characters below which not even the 94 that can be seen make the 128 bits of RFC 6749 section 10.10."""

REUSES = 6


def granted(api: Client) -> Exchange:
    """The answer to the login of this run."""
    if api.granted is None:
        not_tested("a token was given, there was no login")
    return api.granted


@pytest.mark.rule("token.shape")
def test_a_login_answers_with_tokens(api: Client, findings: Findings) -> None:
    login = granted(api)
    findings.check(login.status == 200, "200 for a login", f"status {login.status}", login)
    expect_json(findings, login)
    wrong = violations(api, "getToken", 200, login.value)
    findings.check(not wrong, "the members of RFC 6749 section 5.1", "; ".join(wrong), login)
    sendable = is_sendable(login.member("access_token"))
    findings.need(sendable, "an access token that a header can hold", "another text, or none", login)


@pytest.mark.rule("token.lifetime")
def test_the_lifetime_is_plausible(api: Client, findings: Findings) -> None:
    check_lifetime(findings, granted(api))


def check_lifetime(findings: Findings, grant: Exchange) -> None:
    """The life of a token is plausible, and its dates say the same."""
    life, like = grant.member("expires_in"), "token.lifetime token.shape"
    plausible = isinstance(life, int) and SHORTEST_LIFE <= life <= LONGEST_LIFE
    expected = f"expires_in from {SHORTEST_LIFE} to {LONGEST_LIFE} seconds"
    findings.check(plausible, expected, f"{life!r}", grant, like=like)
    given = {name: grant.member(name) for name in (".issued", ".expires")}
    dates = [moment_of(value) for value in given.values()]
    for (name, value), date in zip(given.items(), dates, strict=True):
        holds = value is None or date is not None
        expected = f"{name} as RFC 3339 or RFC 1123 writes dates, with a time zone"
        findings.need(holds, expected, f"{value!r}", grant, like=like)
    if plausible and None not in dates:
        issued, expires = dates
        gap = (expires - issued).total_seconds()  # type: ignore[operator]
        findings.check(abs(gap - life) <= 5, f".expires {life} s after .issued", f"{gap:g} s after", grant, like=like)


@pytest.mark.rule("token.unguessable")
def test_the_tokens_are_too_long_to_be_guessed(api: Client, findings: Findings) -> None:
    login = granted(api)
    tokens = [token for token in map(login.member, ("access_token", "refresh_token")) if isinstance(token, str)]
    if not tokens:
        not_tested("the login gave no token", see="token.shape")
    for token in tokens:
        least = shortest(token)
        findings.check(len(token) >= least, f"{least} characters or more", f"{len(token)} characters", login)
        wrong = told_by(token, api.target.login.password or "")
        findings.check(wrong is None, "a token that tells nothing", f"{wrong}", login)


DIGITS, HEXADECIMAL = 39, 32
"""Characters that make 128 bits, of digits alone and of hexadecimal digits."""


def shortest(token: str) -> int:
    """The characters that a token must have for 128 bits (RFC 6749 section 10.10), by the alphabet that it shows."""
    if token.isdecimal():
        return DIGITS
    return HEXADECIMAL if re.fullmatch(r"[0-9a-fA-F]+", token) else SHORTEST_TOKEN


def told_by(token: str, password: str) -> str | None:
    """What a token tells to who holds it, or lets somebody guess; None when nothing."""
    plain = (
        base64.b64decode(token.translate(URL_SAFE) + "===", validate=False).decode("latin-1") if _fits(token) else ""
    )
    if len(password) >= SHORTEST_PASSWORD and password in f"{token} {plain}":
        return "the password"
    if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[126][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", token, re.I):
        return "a UUID made of the time and the address of a network card (RFC 9562 section 8)"
    return None


SHORTEST_PASSWORD = 4
URL_SAFE = str.maketrans("-_", "+/")


def _fits(token: str) -> bool:
    """Whether a text can be base64."""
    bare = token.rstrip("=")
    return re.fullmatch(r"[\w+/-]+", bare, re.ASCII) is not None and len(bare) % 4 != 1


@pytest.mark.rule("answers.tokens")
def test_every_token_of_the_run(api: Client, findings: Findings) -> None:
    granted(api)
    # A success without a token is what the rules of logins tell.
    answers = [exchange for exchange in api.journal if exchange.is_token and exchange.ok]
    grants = [exchange for exchange in answers if is_sendable(exchange.member("access_token"))]
    for name in ("access_token", "refresh_token"):
        check_random(findings, name, grants)
    check_user(findings, grants)
    for grant in grants:
        check_lifetime(findings, grant)
        check_fresh(findings, grant, like="token.fresh")
    logins = [e for e in grants if ("grant_type", "password") in e.form_fields()]
    lives = {str(e.member("access_token")): (e.member("expires_in"), e) for e in logins}
    numbers = [life for life, _ in lives.values() if isinstance(life, int)]
    if numbers:
        spread, last = max(numbers) - min(numbers), next(reversed(lives.values()))[1]
        steady = spread <= max(2, max(numbers) // 200)
        findings.check(steady, "the same life for each new token", f"{min(numbers)} to {max(numbers)} s", last)


LEAST_CHANGING = 16
"""Places in which tokens differ: of 94 characters that can be seen, 16 hold 105 bits, and 128 are wanted (RFC 6749
section 10.10). Two random tokens of 128 bits that agree in so many places are seen by nobody."""


def check_random(findings: Findings, name: str, grants: list[Exchange]) -> None:
    """Tokens of one length differ in so many places that none follows from another."""
    tokens = {str(exchange.member(name)): exchange for exchange in grants}
    for length in {len(token) for token in tokens}:
        alike = [token for token in tokens if len(token) == length]
        changing = sum(len(set(column)) > 1 for column in zip(*alike, strict=True))
        if len(alike) > 1 and length >= LEAST_CHANGING:  # A shorter one is what token.unguessable tells.
            expected = f"an {name} that differs from others in {LEAST_CHANGING} places or more"
            findings.check(changing >= LEAST_CHANGING, expected, f"{changing} of {length}", tokens[alike[-1]],
                           like="token.unguessable")  # fmt: skip


def check_user(findings: Findings, grants: list[Exchange]) -> None:
    """Each login, and each refresh, is that of one user (RFC 6749 section 6)."""
    named = [(str(e.member("userName")).lower(), e) for e in grants if isinstance(e.member("userName"), str)]
    for name, exchange in named[1:]:
        findings.check(name == named[0][0], "the user of the first login", "another userName", exchange)


@pytest.mark.rule("token.fresh")
def test_an_answer_with_tokens_is_not_to_be_stored(api: Client, findings: Findings) -> None:
    granted(api)
    for exchange in api.look_through():
        if exchange.is_token and exchange.ok:
            check_fresh(findings, exchange, like="token.fresh")


@pytest.mark.rule("token.reuse")
def test_a_token_opens_call_after_call(api: Client, findings: Findings) -> None:
    require_token(api)
    for _ in range(REUSES):
        exchange = api.get(api.protected_path())
        findings.check(exchange.status == 200, "200 with the token of the login", f"status {exchange.status}", exchange)


@pytest.mark.rule("token.clients")
def test_a_login_as_real_clients_send_it_works(api: Client, findings: Findings) -> None:
    granted(api)
    media_type = f"{FORM}; charset=utf-8"
    exchange = api.password_grant(media_type=media_type, refresh_token="", disable_antiforgery_token="true")
    expected = "200 for a login with extra fields, of a form with its charset"
    findings.check(exchange.status == 200, expected, f"status {exchange.status}", exchange)
    token = exchange.member("refresh_token")
    if isinstance(token, str) and token:
        api.spare.append(token)


def refresh_token(api: Client) -> str:
    """A refresh token that was not used yet, from a login beside that of the run."""
    granted(api)
    if api.spare:
        return api.spare.pop()
    token = api.password_grant().member("refresh_token")
    if not isinstance(token, str) or not token:
        not_tested("the login gave no refresh token", see="token.shape")
    return token


def look_with_what_is_beside(api: Client, refresh: str) -> None:
    """Use the access token that came with a refresh token, for whoever asks whether it is good."""
    beside = next((grant for grant in grants_in(api.journal) if grant.refresh == refresh), None)
    if beside is not None:
        api.get(api.protected_path(), token=beside.access)


def look_with_what_came_of(api: Client, refresh: str) -> None:
    """Use the last access token that came of a refresh token, for whoever asks whether it is good."""
    came = [grant for grant in grants_in(api.journal) if grant.used == refresh]
    if came:
        api.get(api.protected_path(), token=newest_of(came[0], grants_in(api.journal)).access)


@pytest.mark.rule("token.refresh")
def test_a_refresh_token_gives_a_new_pair(api: Client, findings: Findings) -> None:
    old = refresh_token(api)
    answer = api.form({"grant_type": "refresh_token", "refresh_token": old})
    api.spent.append(old)
    if not findings.check(answer.status == 200, "200 for a refresh", f"status {answer.status}", answer):
        return
    look_with_what_is_beside(api, old)
    wrong = violations(api, "getToken", 200, answer.value)
    findings.check(not wrong, "a pair of tokens, as for a login", "; ".join(wrong), answer, like="token.shape")
    new = answer.member("access_token")
    sendable = is_sendable(new)
    if findings.need(sendable, "an access token that a header can hold", "another text, or none", answer,
                     like="token.shape"):  # fmt: skip
        opened = api.get(api.protected_path(), token=new)
        findings.check(opened.status == 200, "200 with the refreshed token", f"status {opened.status}", opened)
        findings.check(new != old, "an access token of its own", "the refresh token as access token", answer)
    next_one = answer.member("refresh_token")
    if isinstance(next_one, str):
        again = api.form({"grant_type": "refresh_token", "refresh_token": next_one})
        findings.check(again.status == 200, "200 for the new refresh token", f"status {again.status}", again)


@pytest.mark.rule("token.refresh-spent")
def test_whether_a_used_refresh_token_still_works(api: Client, findings: Findings) -> None:
    used = api.spent[0] if api.spent else refresh_token(api)
    fields = {"grant_type": "refresh_token", "refresh_token": used}
    if not api.spent and api.form(fields).status != 200:
        not_tested("the refresh itself does not work", see="token.refresh")
    if not api.form(fields).ok:
        look_with_what_came_of(api, used)
    findings.observe("refresh-rotation", *refresh_rotation(api))


@pytest.mark.rule("token.refresh-unknown")
def test_a_foreign_refresh_token_is_refused(api: Client, findings: Findings) -> None:
    unknown = "nobody-issued-" + "".join(api.random.choices("abcdefghijklmnop", k=40))
    given = api.granted.member("refresh_token") if api.granted is not None else None
    bent = bend(given) if isinstance(given, str) and given else {"a refresh token that nobody issued": unknown}
    if not api.target.limits.live:  # At most eight refused requests for a token go to a live server.
        bent |= {"a refresh token that nobody issued": unknown}
        bent |= {"an access token in place of a refresh token": api.token} if api.logged_in else {}
    for what, token in bent.items():
        api.secrets.hide(token, f"<{what}>")
    shown = list(bent.items())[: 1 if api.target.limits.live else None]
    for what, token in (*shown, ("an empty refresh token", "")):
        expect_refusal(findings, api.form({"grant_type": "refresh_token", "refresh_token": token}), what, About.LOGIN)


def bend(token: str) -> dict[str, str]:
    """Refresh tokens that nobody issued, made of one that somebody did; the most telling first."""
    found = {
        "a refresh token with one character altered": alter(token),
        "a refresh token in another case": token.swapcase(),
        "the beginning of a refresh token": token[: len(token) * 3 // 4],
        "a refresh token with something behind it": f"{token}x",
    }
    return {what: bent for what, bent in found.items() if bent != token}


@pytest.mark.rule("token.grant-unknown")
def test_an_unknown_grant_is_refused(api: Client, findings: Findings) -> None:
    spared = api.target.limits.live  # At most eight refused requests for a token go to a live server.
    for fields in ({"grant_type": "telepathy"}, {}, *([] if spared else [{"grant_type": ""}])):
        expect_refusal(findings, api.form(fields), f"grant_type {fields.get('grant_type', 'left out')!r}", About.LOGIN)


@pytest.mark.rule("token.incomplete")
def test_a_login_without_credentials_is_refused(api: Client, findings: Findings) -> None:
    if api.target.limits.live:
        not_tested("a live server is sent no odd logins: each may count as a failed one")
    for fields in ({}, {"username": api.target.login.username or ""}, {"username": "", "password": ""}):
        given = f"a login with {' and '.join(fields) or 'neither user name nor password'}, empty"
        expect_refusal(findings, api.form({"grant_type": "password", **fields}), given, About.LOGIN)


@pytest.mark.rule("token.logout")
def test_a_logout_ends_its_login(api: Client, findings: Findings) -> None:
    granted(api)
    login = api.password_grant()
    token, refresh = login.member("access_token"), login.member("refresh_token")
    if not is_sendable(token):
        not_tested("the login gave no access token", see="token.shape")
    success = api.version.success_of("logOut")
    out = api.send("POST", api.path_of("logOut"), token=token)
    api.survey.note("logOut", out)
    api.survey.require("logOut")
    if findings.check(out.status == success, f"{success} for a logout", f"status {out.status}", out):
        after = api.get(api.protected_path(), token=token)
        findings.check(after.status == 401, "401 after the logout", f"status {after.status}", after)
        if isinstance(refresh, str):
            again = api.form({"grant_type": "refresh_token", "refresh_token": refresh})
            expect_refusal(findings, again, "the refresh token of a login that ended", About.LOGIN)


@pytest.mark.rule("token.wrong-password")
def test_a_wrong_password_is_refused(api: Client, findings: Findings) -> None:
    granted(api)
    wrong = f"{api.target.login.password}-wrong"
    api.secrets.hide(wrong, "<a wrong password>")
    exchange = api.password_grant(password=wrong)
    if expect_refusal(findings, exchange, "a wrong password", About.LOGIN):
        mistakes = violations(api, "getToken", 400, exchange.value)
        findings.check(exchange.status == 400, "400 for a wrong password", f"status {exchange.status}", exchange)
        findings.check(not mistakes, "`error` or `message` in a JSON object", "; ".join(mistakes), exchange)
    right = api.guarded = api.password_grant(disable_antiforgery_token="false")
    refused = api.admission.used.refused_logins
    reading = "open" if right.ok else "locked out"
    findings.observe("lockout", reading, f"status {right.status} after {refused} refused requests for a token")
