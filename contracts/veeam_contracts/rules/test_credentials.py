"""Rules of what is protected: each broken credential, on every operation that needs one."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from veeam_contracts.asking.admission import is_allowed
from veeam_contracts.asking.client import (
    FORM,
    JSON,
    NOBODY,
    Client,
)
from veeam_contracts.asking.exchange import Exchange, is_sendable
from veeam_contracts.document import WRITES, describe
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.rules.expectations import INJECTED, alter, expect_code, require_token

EXAMPLE = b'{"targetRegion": "worldwide"}'


def calls(api: Client) -> Iterator[tuple[str, str, bytes | None]]:
    """Method, path and body of a good call to each protected operation; on a live server without those that write.

    What writes is aimed at an organization that does not exist, for the server that lets us in.
    """
    existing = api.organization_id() or NOBODY
    for id, (method, path, operation) in describe(api.version).operations.items():
        if operation.get("security") != []:
            if id in api.survey.missing or api.target.limits.live and not is_allowed(method, path):
                continue
            ids = {"organizationId": NOBODY if id in WRITES else existing, "restoreSessionId": NOBODY}
            filled = api.path_of(id, **ids)
            yield method, filled, EXAMPLE if "requestBody" in operation else None


def expect_401(
    api: Client, findings: Findings, what: str, authorization: str | None, *, malformed: bool = False
) -> None:
    """Every protected operation answers 401; or 400, where the header itself is malformed (RFC 6750 section 3.1)."""
    lawful = (400, 401) if malformed else (401,)
    require_token(api)
    for method, path, body in calls(api):
        media_type = JSON if body else None
        exchange = api.send(method, path, token=None, authorization=authorization, body=body, media_type=media_type)
        seen = f"status {exchange.status}"
        findings.check(exchange.status in lawful, f"401 with {what}", seen, exchange, like="credentials.*")


@pytest.mark.rule("credentials.absent")
def test_no_credentials(api: Client, findings: Findings) -> None:
    expect_401(api, findings, "no Authorization", None)
    refusals = [exchange for exchange in api.journal if exchange.status == 401]
    told = sum("www-authenticate" in exchange.headers for exchange in refusals)
    if refusals:
        reading = "always" if told == len(refusals) else "sometimes" if told else "never"
        findings.observe("www-authenticate", reading, f"in {told} of {len(refusals)} answers with 401")


@pytest.mark.rule("credentials.empty")
def test_an_empty_token(api: Client, findings: Findings) -> None:
    expect_401(api, findings, "an empty token", "Bearer ", malformed=True)


@pytest.mark.rule("credentials.scheme")
def test_another_scheme(api: Client, findings: Findings) -> None:
    require_token(api)
    expect_401(api, findings, "the token as Basic", f"Basic {api.token}")


@pytest.mark.rule("credentials.truncated")
def test_a_truncated_token(api: Client, findings: Findings) -> None:
    require_token(api)
    broken = api.token[: len(api.token) * 3 // 4]
    api.secrets.hide(broken, "<the token, truncated>")
    refuse_at_two(api, findings, "a truncated token", broken)


@pytest.mark.rule("credentials.altered")
def test_a_token_with_one_character_altered(api: Client, findings: Findings) -> None:
    require_token(api)
    broken = alter(api.token)
    api.secrets.hide(broken, "<the token, altered>")
    refuse_at_two(api, findings, "a token with one character altered", broken)


@pytest.mark.rule("credentials.longer")
def test_a_token_with_something_around_it(api: Client, findings: Findings) -> None:
    require_token(api)
    for before, behind in (("", "x"), ("", "."), ("", ",x"), ("x", "")):
        broken = f"{before}{api.token}{behind}"
        api.secrets.hide(broken, f"<{before}the token{behind}>")
        refuse_at_two(api, findings, f"a token with something {'behind' if behind else 'before'} it", broken)


@pytest.mark.rule("credentials.words")
def test_a_word_in_place_of_a_token(api: Client, findings: Findings) -> None:
    for word in ("null", "undefined", "%", "*"):
        exchange = api.get(api.protected_path(), token=word)
        lawful = (401,) if is_well_formed(word) else (400, 401)
        seen = f"status {exchange.status}"
        findings.check(
            exchange.status in lawful, "401 with a word in place of a token", seen, exchange, like="credentials.*"
        )


@pytest.mark.rule("credentials.forwarded")
def test_what_gateways_say_of_a_caller(api: Client, findings: Findings) -> None:
    path = api.protected_path()
    user = api.target.login.username or "administrator"
    fields: dict[str, str | None] = {**dict.fromkeys(ADDRESSES, "127.0.0.1"), **dict.fromkeys(USERS, user), **WORDS}
    told = {"the address or the user of somebody else": (path, fields)}
    told["the address of something else"] = (f"/{api.version}/Nothing", dict.fromkeys(PATHS, path))
    for what, (asked, headers) in told.items():
        exchange = api.get(asked, token=None, headers=headers)
        findings.check(not exchange.ok, f"no 2xx for who says to be, or to ask for, {what}",
                       f"status {exchange.status}", exchange, like="credentials.absent")  # fmt: skip


ADDRESSES = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "X-Cluster-Client-IP",
             "CF-Connecting-IP", "Fastly-Client-IP", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr",
             "X-Custom-IP-Authorization")  # fmt: skip
USERS = ("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-User", "X-Authenticated-User", "X-WEBAUTH-USER",
         "X-Auth-Request-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-MS-CLIENT-PRINCIPAL-NAME",
         "X-Goog-Authenticated-User-Email", "Cf-Access-Authenticated-User-Email")  # fmt: skip
WORDS = {
    "Forwarded": "for=127.0.0.1;by=127.0.0.1",
    "X-SSL-Client-Verify": "SUCCESS",
    "SSL-Client-Verify": "SUCCESS",
    "X-Client-Verify": "SUCCESS",
    "X-Middleware-Subrequest": ":".join(["middleware"] * 5),
}
PATHS = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri")
"""Fields that a gateway, or a layer of the server itself, sets for what is behind it, which must not take them from
anybody else: addresses, users, certificates that were checked, and what was asked for (RFC 7239; CVE-2025-29927)."""


@pytest.mark.rule("answers.origins")
def test_no_page_of_a_foreign_origin_reads_with_credentials(api: Client, findings: Findings) -> None:
    require_token(api)
    own = urlsplit(api.target.url)
    for origin in (FOREIGN, f"{own.scheme}://{own.hostname}.origin.invalid", "null"):
        expect_no_reader(findings, origin, api.get(api.protected_path(), headers={"Origin": origin}))
    if "getDeviceCode" not in api.survey.missing:
        asks = {"Origin": FOREIGN, "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization"}  # fmt: skip
        preflight = api.send("OPTIONS", api.path_of("getDeviceCode"), token=None, headers=asks)
        expect_no_reader(findings, FOREIGN, preflight)


FOREIGN = "https://origin.invalid"


def expect_no_reader(findings: Findings, origin: str, exchange: Exchange) -> None:
    """A page of this origin does not read the answer with the credentials that a browser holds."""
    allowed = exchange.headers.get("access-control-allow-origin") == origin
    let_in = allowed and exchange.headers.get("access-control-allow-credentials", "").lower() == "true"
    findings.check(not let_in, "no foreign origin that reads with credentials", origin, exchange)


@pytest.mark.rule("answers.no-injection")
def test_a_line_break_makes_no_header_field(api: Client, findings: Findings) -> None:
    require_token(api)
    broken = f"x\r\n{INJECTED}: yes"
    path = api.path_of("getOrganization", organizationId=broken)
    asked = [api.get(path)]
    if api.version.takes("getDeviceCode", "organizationId"):
        asked.append(api.device_code(query={"organizationId": broken}))
    told = [exchange for exchange in api.journal if INJECTED.lower() in exchange.headers and exchange not in asked]
    for exchange in [*asked, *told]:
        injected = INJECTED.lower() in exchange.headers
        findings.check(not injected, "a line break that stays in its value", "a header field of its own", exchange)


@pytest.mark.rule("credentials.case")
def test_a_token_in_another_case(api: Client, findings: Findings) -> None:
    require_token(api)
    broken = api.token.swapcase()
    if broken == api.token:
        not_tested("the token has no letters")
    api.secrets.hide(broken, "<the token in another case>")
    refuse_at_two(api, findings, "a token in another case", broken)


@pytest.mark.rule("credentials.unsigned")
def test_a_token_without_its_signature(api: Client, findings: Findings) -> None:
    require_token(api)
    parts = api.token.split(".")
    if len(parts) != JWT_PARTS:
        not_tested("the token is no JSON Web Token")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    odd = base64.urlsafe_b64encode(b'{"alg":"nOnE","typ":"JWT"}').rstrip(b"=").decode()
    for broken in (f"{none}.{parts[1]}.", f"{odd}.{parts[1]}.", f"{parts[0]}.{parts[1]}."):
        api.secrets.hide(broken, "<the token without its signature>")
        refuse_at_two(api, findings, "a token without its signature", broken)


JWT_PARTS = 3


def refuse_at_two(api: Client, findings: Findings, what: str, token: str) -> None:
    """A bad token is answered with 401 where the organizations are, and where codes are given."""
    asked: list[tuple[str, str, bytes | None]] = [("GET", api.protected_path(), None)]
    if "getDeviceCode" not in api.survey.missing:
        asked.append(("POST", api.path_of("getDeviceCode"), EXAMPLE))
    for method, path, body in asked:
        media_type = JSON if body else None
        exchange = api.send(method, path, token=token, body=body, media_type=media_type)
        lawful = (401,) if is_well_formed(token) else (400, 401)
        seen = f"status {exchange.status}"
        findings.check(exchange.status in lawful, f"401 with {what}", seen, exchange, like="credentials.*")


def is_well_formed(token: str) -> bool:
    """Whether a header with this token is as RFC 6750 section 2.1 has it; another one may be answered with 400."""
    return re.fullmatch(r"[\w.~+/-]+=*", token, re.ASCII) is not None


@pytest.mark.rule("credentials.side-doors")
def test_another_spelling_of_a_protected_path(api: Client, findings: Findings) -> None:
    require_token(api)
    path, _, query = api.protected_path().partition("?")
    for spelling in spellings(path):
        if api.target.limits.live and not is_allowed("GET", spelling):
            continue
        exchange = api.send("GET", f"{spelling}?{query}" if query else spelling, token=None)
        seen = f"status {exchange.status}"
        findings.check(not exchange.ok, f"no 2xx for {spelling} without a token", seen, exchange,
                       like="credentials.absent")  # fmt: skip
    head = api.send("HEAD", path, token=None)
    findings.check(not head.ok, "no 2xx for HEAD without a token", f"status {head.status}", head,
                   like="credentials.absent")  # fmt: skip


def spellings(path: str) -> list[str]:
    """Other ways to write a path, which what checks it and what serves it may read differently."""
    version, name = path[: path.rindex("/")], path[path.rindex("/") + 1 :]
    behind = [f"{path}{more}" for more in ("/", ";a=b", "%20", "%00", ".", ".json")]
    before = [f"{version}/{more}{name}" for more in ("/", "./", "Nothing/../")]
    return [*behind, *before, path.upper(), f"{version}/%{ord(name[0]):02X}{name[1:]}", f"{version}%2F{name}"]


@pytest.mark.rule("credentials.unknown")
def test_a_token_that_nobody_issued(api: Client, findings: Findings) -> None:
    unknown = "".join(api.random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=48))
    api.secrets.hide(unknown, "<a made-up token>")
    expect_401(api, findings, "a token that nobody issued", f"Bearer {unknown}")


@pytest.mark.rule("credentials.refresh-token")
def test_a_refresh_token_is_no_access_token(api: Client, findings: Findings) -> None:
    if api.granted is None:
        not_tested("a token was given, there was no login")
    token = api.granted.member("refresh_token")
    if not is_sendable(token):
        not_tested("the login gave no refresh token that a header can hold", see="token.shape")
    expect_401(api, findings, "a refresh token", f"Bearer {token}")


@pytest.mark.rule("credentials.scheme-case")
def test_the_scheme_in_any_case(api: Client, findings: Findings) -> None:
    require_token(api)
    api.get(api.protected_path())  # where another login of this user has ended the token in use, there is a new one now
    for word in ("bearer", "BEARER"):
        exchange = api.get(api.protected_path(), authorization=f"{word} {api.token}")
        findings.check(exchange.status == 200, f"200 with `{word}`", f"status {exchange.status}", exchange)


@pytest.mark.rule("credentials.get-with-form-type")
def test_a_get_with_the_media_type_of_a_form(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.get(api.path_of("getOrganizations"), media_type=FORM)
    findings.check(
        exchange.status == 200, "200, whatever Content-Type a GET has", f"status {exchange.status}", exchange
    )


@pytest.mark.rule("token.expired")
def test_an_expired_token(api: Client, findings: Findings) -> None:
    if api.target.advance is None or api.granted is None:
        not_tested("nobody holds the clock of this server, and a token lives for an hour")
    old, life = api.token, api.granted.member("expires_in")
    if not isinstance(life, int):
        not_tested("the login does not say how long the token lives", see="token.lifetime")
    api.target.advance(life + 1)
    api.renew()
    findings.check(api.token != old, "another token for a later login", "the expired one again", api.granted)
    expect_401(api, findings, "an expired token", f"Bearer {old}")
    fresh = api.device_code()
    expect_code(findings, fresh, "with the token of a later login")
