"""Judgements that several rules share."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange, is_sendable
from veeam_contracts.document import describe
from veeam_contracts.judging.findings import Findings, Why, not_tested
from veeam_contracts.paths import GIVE_CODES, is_at

CODE = re.compile(r"[A-Z0-9]{8,9}")
"""A user code that a person can type: Microsoft's page takes no other."""

INJECTED = "X-Injected"
"""The header field that a line break in a value would make."""

SECONDS = range(60, 3601)
MILLISECONDS = range(60_000, 3_600_001)
"""The lives of a code that are plausible; Microsoft gives 900 seconds (RFC 8628)."""


def require_token(api: Client) -> None:
    """End the rule when the login gave no token: it needs one."""
    if api.logged_in:
        return
    if api.deaths:
        not_tested("the token died", see="token.alive")
    not_tested("the login gave no access token", see="token.shape")


def expect_code(findings: Findings, exchange: Exchange, asked: str = "a device code was asked for") -> bool:
    """The answer is 200."""
    seen = f"status {exchange.status}"
    return findings.check(exchange.status == 200, f"200, {asked}", seen, exchange, like="code.status")


def expect_json(findings: Findings, exchange: Exchange) -> bool:
    """The media type is application/json."""
    holds = exchange.media_type == "application/json"
    seen = exchange.media_type or "no Content-Type"
    return findings.check(holds, "application/json", seen, exchange, like="code.media-type")


def violations(api: Client, operation_id: str, status: int, value: Any) -> list[str]:
    """What is wrong with the JSON value of an answer, by the document of the version that is checked."""
    return describe(api.version).violations(operation_id, status, value)


class About(Enum):
    """What a refusal is about; the value are the statuses that say that something else was refused."""

    BODY = frozenset({401, 403, 404, 405, 407, 408, 429})
    ID = frozenset({401, 405, 407, 408, 429})
    LOGIN = frozenset({404, 405, 407, 408, 429})


def expect_refusal(
    findings: Findings, exchange: Exchange, what: str, about: About = About.BODY, *, like: str = ""
) -> bool:
    """The answer is a 4xx of the right kind. One that is about something else shows nothing: the rule is cut."""
    if exchange.status in about.value:
        why = "shows nothing: it may refuse something else, or come from a gateway"
        findings.cut(f"{what}: status {exchange.status} {why}", Why.BROKEN)
        return False
    if exchange.ok and is_at(exchange.path, *GIVE_CODES) and code_of(exchange) is None:
        like = f"{like} request.*"  # A refusal that says 200 is one fault, whatever was refused.
    if exchange.ok and exchange.is_token and not is_sendable(exchange.member("access_token")):
        like = f"{like} token.*"
    return findings.check(exchange.refused, f"a 4xx for {what}", f"status {exchange.status}", exchange, like=like)


def expect_refusal_or_code(findings: Findings, exchange: Exchange, what: str, about: About = About.BODY) -> bool:
    """The answer is a 4xx of the right kind, or a code, as the sources disagree on it."""
    if exchange.refused and exchange.status in about.value:
        return expect_refusal(findings, exchange, what, about)
    holds = exchange.refused or exchange.ok
    return findings.check(holds, f"a 4xx or a device code for {what}", f"status {exchange.status}", exchange)


def code_of(exchange: Exchange) -> str | None:
    """The user code of an answer; None when there is none."""
    code = exchange.member("userCode")
    return code if isinstance(code, str) and code else None


def address_of(exchange: Exchange) -> Any:
    """The address in an answer with a code; an Azure service account has another name for it."""
    azure = is_at(exchange.path, "getAzureDeviceCode")
    return exchange.member("verificationUri" if azure else "verificationUrl")


def good_codes(api: Client, findings: Findings) -> list[Exchange]:
    """The answers of the sample with a device code.

    A call without one is for the rules of status and stability to blame; here it is only a trial that is missing.
    """
    require_token(api)
    asked = api.sample()
    good = [exchange for exchange in asked if exchange.status == 200]
    if not good:
        not_tested("no call gave a device code", see="code.status")
    if len(good) < len(asked):
        findings.cut(f"{len(asked) - len(good)} of {len(asked)} calls gave no device code", see="code.status")
    return [exchange for exchange in good if has_object(findings, exchange)]


def has_object(findings: Findings, exchange: Exchange) -> bool:
    """Whether the answer is a JSON object; what else it is, is told by another rule."""
    if exchange.value is NOT_JSON:
        told = "answers.json" if "json" in exchange.media_type else "code.media-type"
        findings.cut(kind_of(NOT_JSON), see=told if exchange.body else "code.properties")
    elif not isinstance(exchange.value, dict):
        findings.cut(kind_of(exchange.value), see="code.properties")
    return isinstance(exchange.value, dict)


def has_type(findings: Findings, value: object, type_: type | tuple[type, ...]) -> bool:
    """Whether a property is there, and of its type: what else it is, is told by another rule."""
    holds = isinstance(value, type_) and not isinstance(value, bool)
    if not holds:
        findings.cut(kind_of(value), see="code.properties")
    return holds


def untyped(api: Client, operation_id: str, exchange: Exchange) -> list[str]:
    """What is missing of an answer with a code, or of the wrong type. What a value may be is told by other rules."""
    wrong = violations(api, operation_id, 200, exchange.value)
    return [line for line in wrong if "`required`" in line or "`type`" in line]


CLOCK_SECONDS = 300
"""Seconds by which a moment in an answer may differ from its own `Date`, which a gateway may write."""


def date_of(exchange: Exchange) -> datetime | None:
    """The `Date` of an answer; None where there is none, or one without a time zone."""
    return moment_of(exchange.headers.get("date"))


def moment_of(value: Any) -> datetime | None:
    """A date in the form of the v6 API, or as HTTP and Microsoft's OWIN token endpoint write it (RFC 1123)."""
    if not isinstance(value, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, OverflowError):
            continue
        if moment.tzinfo:
            return moment
    return None


def alter(token: str) -> str:
    """`token` with its last letter or digit changed that carries meaning.

    The very last characters of a JSON Web Token may hold padding bits, where a change changes nothing (RFC 7515
    appendix C): so the fourth from the end is taken. A token without either has its last character changed.
    """
    telling = (index for index, character in enumerate(token[:-3] or token) if character.isalnum())
    at = max(telling, default=len(token) - 1)
    return f"{token[:at]}{'B' if token[at] != 'B' else 'C'}{token[at + 1 :]}"


def kind_of(value: Any) -> str:
    """What kind of JSON value this is, for a sentence."""
    if value is NOT_JSON:
        return "a body that is not JSON"
    names = {dict: "an object", list: "an array", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
