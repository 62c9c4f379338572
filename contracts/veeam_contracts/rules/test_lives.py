"""Rules of how long a device code lives."""

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import is_at
from veeam_contracts.rules.expectations import (
    CLOCK_SECONDS,
    MILLISECONDS,
    SECONDS,
    date_of,
    good_codes,
    has_type,
    moment_of,
)

SECONDS_SINCE = 7
"""The first version whose document names the unit of `expiresIn` (docs/evidence.md#expires-unit)."""


@pytest.mark.rule("code.expires-in")
def test_the_life_is_plausible(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_life(api, findings, exchange)


def check_life(api: Client, findings: Findings, exchange: Exchange) -> None:
    """The life of a code is one that a client can count down from; that of an Azure service account is a moment."""
    if is_at(exchange.path, "getAzureDeviceCode"):
        check_end(findings, exchange)
        return
    life = exchange.member("expiresIn")
    if not has_type(findings, life, (int, float)):
        return
    plausible = life in SECONDS or (life in MILLISECONDS and api.version.number < SECONDS_SINCE)
    holds = isinstance(life, int) and plausible  # Many readers of whole numbers take no 900.0.
    expected = "a whole number, 60 to 3,600 seconds"
    if api.version.number < SECONDS_SINCE:
        expected += " or 60,000 to 3,600,000 milliseconds"
    like = "code.expires-in" if isinstance(life, int) else "code.expires-in code.properties"
    findings.check(holds, expected, f"{life!r}", exchange, like=like)


def check_end(findings: Findings, exchange: Exchange) -> None:
    """The end of a code lies ahead, by the server's own clock."""
    now, end = date_of(exchange), moment_of(exchange.member("expiresOnUtc"))
    if now is not None and end is not None:
        ahead = (end - now).total_seconds()
        expected = f"an end within {SECONDS[-1]} s from Date"
        findings.check(0 < ahead <= SECONDS[-1] + CLOCK_SECONDS, expected, f"{ahead:.0f} s from it", exchange,
                       like="code.azure")  # fmt: skip


@pytest.mark.rule("code.expires-in-steady")
def test_every_fresh_code_has_the_same_life(api: Client, findings: Findings) -> None:
    lives = [e.member("expiresIn") for e in good_codes(api, findings)]
    numbers = [life for life in lives if isinstance(life, int)]
    if not numbers:
        not_tested("no answer had a whole number in expiresIn", see="code.expires-in")
    spread, most = max(numbers) - min(numbers), max(numbers)
    findings.check(spread <= max(2, most // 200), "the same life each time, by a second or two", f"{numbers}")
