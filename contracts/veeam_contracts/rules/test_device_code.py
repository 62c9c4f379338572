"""Rules of the answer to `POST /v4/DeviceCode`."""

import json
import re
from itertools import pairwise

import pytest

from veeam_contracts.asking.client import NOBODY, Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange
from veeam_contracts.document import describe
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import GIVE_CODES, is_at
from veeam_contracts.rules.expectations import (
    CODE,
    About,
    code_of,
    expect_code,
    expect_json,
    expect_refusal,
    good_codes,
    has_object,
    has_type,
    require_token,
    untyped,
    violations,
)
from veeam_contracts.rules.storing import check_fresh
from veeam_contracts.rules.test_addresses import check_cloud, check_page
from veeam_contracts.rules.test_answers import check_framing, is_page
from veeam_contracts.rules.test_lives import check_end, check_life
from veeam_contracts.rules.test_messages import check_clean, check_message

BURSTS, BURST, BURST_LIVE = 3, 16, 5


@pytest.mark.rule("code.example")
def test_the_documented_example(api: Client, findings: Findings) -> None:
    require_token(api)
    body = b'{"targetRegion": "worldwide"}'
    exchange = api.code_from(body)
    if expect_code(findings, exchange, "for the example of the page") and has_object(findings, exchange):
        has_type(findings, exchange.member("userCode"), str)


@pytest.mark.rule("code.charset")
def test_a_body_with_a_charset(api: Client, findings: Findings) -> None:
    require_token(api)
    body = json.dumps({"targetRegion": api.region}).encode()
    for media_type in ("application/json; charset=utf-8", "Application/JSON;charset=UTF-8"):
        exchange = api.code_from(body, media_type)
        expect_code(findings, exchange, f"for a body of {media_type}")


@pytest.mark.rule("code.status")
def test_the_status_is_200(api: Client, findings: Findings) -> None:
    require_token(api)
    for exchange in api.sample():
        expect_code(findings, exchange)


@pytest.mark.rule("code.media-type")
def test_the_media_type_is_json(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        expect_json(findings, exchange)
        fine = exchange.charset in ("", "utf-8")
        findings.check(fine, "charset utf-8, or none", exchange.charset, exchange)


@pytest.mark.rule("code.framing")
def test_the_length_is_that_of_the_body(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_framing(findings, exchange)


@pytest.mark.rule("code.properties")
def test_each_property_is_there(api: Client, findings: Findings) -> None:
    require_token(api)
    for exchange in api.sample():
        if exchange.status == 200 and (exchange.value is not NOT_JSON or not exchange.body):
            wrong = untyped(api, "getDeviceCode", exchange) if exchange.body else ["an empty body"]
            findings.check(not wrong, "the four properties of the page", "; ".join(wrong), exchange)
    if not findings.tried:
        not_tested("no call gave a device code in JSON", see="code.status")


@pytest.mark.rule("code.user-code")
def test_the_user_code_is_well_formed(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_form(findings, exchange)


def check_form(findings: Findings, exchange: Exchange) -> None:
    """The code is one that a person can type."""
    code = exchange.member("userCode")
    if not has_type(findings, code, str):
        return
    holds = CODE.fullmatch(code) is not None
    findings.check(holds, "8 or 9 upper-case letters and digits", _shape_of(code), exchange, like="code.user-code")


def _shape_of(code: str) -> str:
    """A code for a report, without the code: upper-case letters as A, lower-case as a, digits as 9."""
    shape = re.sub(r"[0-9]", "9", re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", code)))
    return f"{len(code)} characters of the form {shape[:40]!r}"


@pytest.mark.rule("code.clients")
def test_bodies_as_clients_write_them(api: Client, findings: Findings) -> None:
    require_token(api)
    region = api.region
    escaped = "".join(f"\\u{ord(character):04x}" for character in region)
    bodies = {
        "a compact body": json.dumps({"targetRegion": region}, separators=(",", ":")),
        "a pretty body": json.dumps({"targetRegion": region}, indent=4).replace("\n", "\r\n"),
        "a body with escapes": f'{{"targetRegion": "{escaped}"}}',
    }
    for what, body in bodies.items():
        expect_code(findings, api.code_from(body.encode()), f"for {what}")
    usual = json.dumps({"targetRegion": region}).encode()
    for what, headers in CLIENT_FIELDS.items():
        exchange = api.code_from(usual, headers=headers)
        if expect_code(findings, exchange, f"to {what}"):
            expect_json(findings, exchange)
    chunked = api.code_from(usual, headers={"Transfer-Encoding": "chunked"})
    if chunked.status in NO_CHUNKS:
        findings.observe("request-chunks", "refused", f"status {chunked.status}")
    else:
        expect_code(findings, chunked, "for a body in chunks")
    if region == region.lower():
        expect_code(findings, api.device_code(region.capitalize()), "for the region as the list has it")


CLIENT_FIELDS: dict[str, dict[str, str | None]] = {
    "a client that waits for 100": {"Expect": "100-continue"},
    "PowerShell": {"User-Agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0) WindowsPowerShell/5.1", "Accept": None},
    "curl": {"User-Agent": "curl/8.5.0", "Accept": "*/*"},
}
"""What some clients send: .NET Framework expects 100, PowerShell names no media type that it accepts."""

NO_CHUNKS = (411, 501)
"""How a server says that it wants a length (RFC 9110 section 15.5.12), or knows no chunks (RFC 9112 section 6.1)."""


def check_distinct(findings: Findings, exchanges: list[Exchange]) -> None:
    """No code comes twice; each repetition counts as a failure."""
    seen: dict[str, int] = {}
    for number, exchange in enumerate(exchanges, 1):
        code = code_of(exchange)
        if code is not None:
            first = seen.setdefault(code, number)
            seen_before = f"that of call {first} in call {number}"
            distinct = "a code that was not given before"
            findings.check(first == number, distinct, seen_before, exchange, like="code.unique-*")


@pytest.mark.rule("code.unique-sequence")
def test_codes_in_sequence_differ(api: Client, findings: Findings) -> None:
    check_distinct(findings, good_codes(api, findings))


@pytest.mark.rule("code.unique-burst")
def test_codes_in_a_burst_differ(api: Client, findings: Findings) -> None:
    require_token(api)
    api.organization_query()
    live = api.target.limits.live
    for _ in range(1 if live else BURSTS):
        exchanges = api.burst(BURST_LIVE if live else BURST)
        if not exchanges:
            not_tested("no call of the burst was answered", see="answers.arrive")
        for exchange in exchanges:
            seen = f"status {exchange.status}"
            findings.need(exchange.status == 200, "200 for each of a burst", seen, exchange, like="code.status")
        check_distinct(findings, exchanges)


@pytest.mark.rule("code.unpredictable")
def test_a_code_does_not_follow_from_the_one_before(api: Client, findings: Findings) -> None:
    """Two random codes of 8 letters and digits agree in all but 2 places once in 80 million pairs."""
    for before, exchange in pairwise(good_codes(api, findings)):
        old, new = code_of(before), code_of(exchange)
        if old and new and len(old) == len(new) and old != new:
            changed = sum(a != b for a, b in zip(old, new, strict=True))
            seen = f"{changed} of {len(new)} characters changed since the call before"
            findings.check(changed > 2, "a code that differs in more than 2 characters", seen, exchange)
    given = [code for code in map(code_of, good_codes(api, findings)) if code]
    if len(set(given)) == len(given) >= LEAST_ORDERED:
        for codes in (given, [code[::-1] for code in given]):
            ordered = codes in (sorted(codes), sorted(codes, reverse=True))
            findings.check(not ordered, "codes in no order", "each code after the one before, as in a dictionary")
        changing = sum(len(set(column)) > 1 for column in zip(*given, strict=False))
        changing += CODE.fullmatch(given[0]) is None and LEAST_CHANGING  # A short one is what code.user-code tells.
        seen = f"{changing} places that change"
        findings.check(changing >= LEAST_CHANGING, f"codes that change in {LEAST_CHANGING} places", seen)
    signs = "".join(set(given))  # Of a code that comes twice, code.unique-* tell.
    if len(signs) >= TELLING_SIGNS:
        seen = f"{len(set(signs))} different characters in {len(signs)}"
        findings.check(len(set(signs)) >= LEAST_SIGNS, f"codes of {LEAST_SIGNS} different characters or more", seen)


LEAST_ORDERED = 10
"""Codes of which the order tells something: ten random ones are in order once in 1.8 million runs."""

LEAST_CHANGING = 6
"""Places of a code that must be random: RFC 8628 section 6.1 has 8 letters of 20, section 5.1 asks for no guessing."""

LEAST_SIGNS, TELLING_SIGNS = 10, 100
"""Different characters that codes are made of: the fewest that RFC 8628 section 6.1 has are the ten digits. Of 100
random ones of ten, one is missing once in 3,700 runs; codes of digits alone have been seen nowhere."""


@pytest.mark.rule("code.fresh")
def test_an_answer_with_a_code_is_not_to_be_stored(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_fresh(findings, exchange)


@pytest.mark.rule("code.regions")
def test_every_region_of_all_versions_gives_a_code(api: Client, findings: Findings) -> None:
    require_token(api)
    if api.target.limits.live:
        not_tested("a live server is asked for one region alone: clouds such as Germany's are closed")
    for region in describe(api.version).sure_regions:
        exchange = api.device_code(region)
        if expect_code(findings, exchange, f"for the region {region}"):
            check_page(api, findings, exchange)


@pytest.mark.rule("code.organization")
def test_the_code_of_an_organization(api: Client, findings: Findings) -> None:
    require_token(api)
    found = api.organization_id()
    if found is None:
        not_tested("the server has no organizations")
    path = api.path_of("getOrganizationDeviceCode", organizationId=found)
    for exchange in (api.send("POST", path), api.send("POST", path)):
        if expect_code(findings, exchange, "for an organization"):
            wrong = untyped(api, "getOrganizationDeviceCode", exchange)
            findings.check(not wrong, "the four properties of the page", "; ".join(wrong), exchange,
                           like="code.properties")  # fmt: skip


@pytest.mark.rule("code.check")
def test_nobody_has_signed_in_with_a_fresh_code(api: Client, findings: Findings) -> None:
    require_token(api)
    code = code_of(api.device_code())
    if code is None:
        not_tested("no call gave a device code", see="code.status")
    exchange = api.post_json(api.path_of("checkDeviceCode"), {"userCode": code})
    if findings.check(exchange.status == 200, "200 for a fresh code", f"status {exchange.status}", exchange):
        expect_json(findings, exchange)
        wrong = violations(api, "checkDeviceCode", 200, exchange.value)
        findings.check(not wrong, "whether somebody has signed in", "; ".join(wrong), exchange)
        signed_in = exchange.member("authenticated") is True
        findings.check(not signed_in, "nobody with a fresh code", "somebody", exchange)
    unknown = "".join(api.random.choices("BCDFGHJKLMNPQRSTVWXZ", k=len(code)))
    foreign = api.post_json(api.path_of("checkDeviceCode"), {"userCode": unknown})
    signed_in = foreign.ok and foreign.member("authenticated") is True
    findings.check(not signed_in, "nobody with a code that nobody gave", "somebody", foreign)


@pytest.mark.rule("code.azure")
def test_the_code_of_an_azure_service_account(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.azure_code()
    if expect_code(findings, exchange, "for an Azure service account"):
        wrong = violations(api, "getAzureDeviceCode", 200, exchange.value)
        findings.check(not wrong, "the four properties of its own", "; ".join(wrong), exchange)
        check_end(findings, exchange)


@pytest.mark.rule("code.restore-unknown")
def test_a_restore_session_that_does_not_exist(api: Client, findings: Findings) -> None:
    require_token(api)
    for key in (NOBODY, "not-an-id"):
        path = api.path_of("getRestoreDeviceCode", restoreSessionId=key)
        exchange = api.post_json(path, {"targetRegion": api.region})
        expect_refusal(findings, exchange, f"the restore session {key}", About.ID)


@pytest.mark.rule("answers.codes")
def test_every_code_of_the_run(api: Client, findings: Findings) -> None:
    # A page with 200 is what answers.no-html tells.
    given = [exchange for exchange in api.journal if exchange.gives_code and not is_page(exchange)]
    if not given:
        api.survey.require("getDeviceCode")
        not_tested("no device code was given", see="code.status")
    for exchange in given:
        if has_object(findings, exchange):
            operation = next(id for id in sorted(GIVE_CODES) if is_at(exchange.path, id))
            wrong = untyped(api, operation, exchange)
            like = "code.properties" if code_of(exchange) else "code.properties request.*"
            findings.check(not wrong, "the properties of a code", "; ".join(wrong), exchange, like=like)
            check_form(findings, exchange)
            check_life(api, findings, exchange)
            check_page(api, findings, exchange)
            check_cloud(api, findings, exchange)
            check_message(findings, exchange)
            check_clean(findings, exchange)
        expect_json(findings, exchange)
        check_fresh(findings, exchange)
    check_distinct(findings, given)
