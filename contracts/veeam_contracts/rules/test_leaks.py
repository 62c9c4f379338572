"""Rules of what answers show beyond what was asked, and of whether they agree; they send nothing."""

import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from veeam_contracts.asking.client import Client, listed_in
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import is_at
from veeam_contracts.rules.test_answers import answered

LEAKS = {
    "SQL": re.compile(
        r"\bSELECT\s.{1,200}\sFROM\s|\bINSERT INTO\s|\bUPDATE\s\S+\sSET\s|\bDELETE FROM\s|\bORA-\d{5}\b|\bSQLSTATE\b"
        r"|syntax error at or near|SqlException|Npgsql",
        re.DOTALL,
    ),
    "the path of a file": re.compile(
        r"(?<![A-Za-z])[A-Za-z]:(?:\\\\|\\)(?:[\w .()-]+(?:\\\\|\\))+"
        r"|(?<![\w./:-])/(?:var|usr|home|opt|srv|etc|root)/[\w./-]+"
    ),
    "a key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|(?:Server|Data Source)=[^;]+;[^\"]*(?:Password|Pwd)=", re.I),
}
PRIVATE = re.compile(r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\w.])")
"""An address of a private network (RFC 1918)."""

LONG = 10_000
CLOCK_SECONDS = 300
"""Seconds by which `.issued` may differ from the server's own `Date`."""


@pytest.mark.rule("answers.no-leak")
def test_no_answer_shows_what_is_behind_the_server(api: Client, findings: Findings) -> None:
    own = urlsplit(api.target.url).hostname or ""
    for exchange in answered(api):
        shown = "\n".join([exchange.text, *exchange.headers.values()])
        found = [what for what, pattern in LEAKS.items() if pattern.search(shown)]
        if not exchange.ok:
            found += ["an address of a private network" for address in PRIVATE.findall(shown) if address != own][:1]
        findings.check(not found, "nothing of what is behind the server", ", ".join(found), exchange)


@pytest.mark.rule("answers.no-echo")
def test_no_refusal_repeats_a_long_value(api: Client, findings: Findings) -> None:
    for exchange in api.journal:
        sent = exchange.request_body or b""
        if exchange.refused and len(sent) > LONG and not exchange.generated:
            repeated = max(sent.decode("latin-1").split('"'), key=len).encode("latin-1")
            short = repeated not in exchange.body
            findings.check(short, "a refusal in a few words", f"{len(exchange.body)} bytes", exchange)
    if not findings.tried:
        not_tested("nothing long was refused")


@pytest.mark.rule("answers.agree")
def test_answers_agree_with_each_other(api: Client, findings: Findings) -> None:
    lists = [exchange for exchange in _before_writes(api) if _is_list(exchange)]
    _expect_one(findings, lists, "one list of organizations", lambda exchange: sorted(_ids(exchange)))
    installations = [e for e in answered(api) if e.ok and e.method == "GET" and is_at(e.path, "getServiceInstance")]
    _expect_one(findings, installations, "one installation", lambda exchange: exchange.member("version"))
    for exchange in answered(api):
        if exchange.is_token and exchange.ok:
            apart = _seconds_apart(exchange)
            expected = f".issued within {CLOCK_SECONDS} s of Date"
            findings.check(apart is None or apart <= CLOCK_SECONDS, expected, f"{apart or 0:.0f} s apart", exchange)


def _before_writes(api: Client) -> list[Exchange]:
    """The answers before the first organization was added."""
    found = answered(api)
    return found[: next((at for at, e in enumerate(found) if e.ok and _adds(e)), len(found))]


def _adds(exchange: Exchange) -> bool:
    return exchange.method == "POST" and is_at(exchange.path, "addOrganization")


def _is_list(exchange: Exchange) -> bool:
    asked = exchange.method == "GET" and is_at(exchange.path, "getOrganizations")
    return asked and exchange.ok and not exchange.generated


def _ids(exchange: Exchange) -> list[str]:
    return [str(item.get("id")).lower() for item in listed_in(exchange.value)]


def _expect_one(
    findings: Findings, exchanges: list[Exchange], expected: str, read: Callable[[Exchange], object]
) -> None:
    for exchange in exchanges[1:]:
        same = read(exchange) == read(exchanges[0])
        findings.check(same, expected, "another one than in the first answer", exchange)


def _seconds_apart(exchange: Exchange) -> float | None:
    """Seconds between `.issued` of a login and the `Date` of its answer; None where one of them is missing."""
    try:
        issued = datetime.fromisoformat(str(exchange.member(".issued")))
        return abs((parsedate_to_datetime(exchange.headers["date"]) - issued).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
