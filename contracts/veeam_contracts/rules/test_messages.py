"""Rules of the message that comes with a device code: a person reads it, and follows it."""

import re
import unicodedata

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import (
    address_of,
    good_codes,
    has_type,
)


@pytest.mark.rule("code.message")
def test_the_message_names_this_code_and_this_address(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_message(findings, exchange)


def check_message(findings: Findings, exchange: Exchange) -> None:
    """The message tells a person the code and the address."""
    message, code, address = exchange.member("message"), exchange.member("userCode"), address_of(exchange)
    if not all(has_type(findings, value, str) for value in (message, code, address)):
        return
    named = re.search(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", message)
    findings.check(bool(named), "a message that names its own code", message, exchange, like="code.message")
    there = address != "" and address in message
    findings.check(there, "a message that names its own address", message, exchange, like="code.message")


@pytest.mark.rule("code.message-clean")
def test_the_message_misleads_nobody(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_clean(findings, exchange)


def check_clean(findings: Findings, exchange: Exchange) -> None:
    """The message tells a person nothing but what this code needs."""
    message = exchange.member("message")
    if has_type(findings, message, str):
        wrong = message_mistake(message, str(exchange.member("userCode")), str(address_of(exchange)))
        findings.check(wrong is None, "a message with one code and one address", f"{wrong}", exchange,
                       like="code.message-clean")  # fmt: skip


LONGEST_MESSAGE = 1000
PLACEHOLDER = re.compile(r"\{[^{}]*\}|%(?:\d\$)?[sd]\b|%\(|[$#]\{|\bundefined\b|\bnull\b|\[object |\bNaN\b", re.I)
MARKUP = re.compile(r"</?[a-z!][^>]*>|\]\(|&(?:lt|gt|amp|quot|apos|nbsp|#x?[0-9a-f]+);", re.I)
ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+|\bwww\.[^\s\"'<>]+|\b(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s\"'<>]*"
    r"|\b(?:javascript|data|vbscript|file):\S",
    re.I,
)
UNSEEN = ("Cc", "Cf", "Co", "Zl", "Zp")
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
"""Characters that are letters or signs by their category, and show nothing."""

OF_WRITING = "\r\n\t\u200c\u200d\u200e\u200f\u061c\u2066\u2068\u2069"
"""Characters that nobody sees and some languages need: Persian joins letters by some, and what has a Latin code in an
Arabic or Hebrew sentence is set apart by others (Unicode Standard Annex 9, section 2)."""


def has_unseen(text: str) -> bool:
    """Whether a text has a character that nobody sees, and that no language needs."""
    return any(c in FILLERS or (unicodedata.category(c) in UNSEEN and c not in OF_WRITING) for c in text)


LIKE_A_CODE = re.compile(r"(?<![\w/-])(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{8,9}(?![\w-])")


def message_mistake(message: str, code: str, address: str) -> str | None:
    """What in a message misleads a person; None when nothing does."""
    rest = message.replace(address, "").replace(code, "")
    if len(message) > LONGEST_MESSAGE:
        return f"{len(message)} characters"
    if has_unseen(message):
        return "a character that nobody sees"
    # Where its own is missing, the other one is what code.message tells.
    for pattern, what, told in (
        (ADDRESS, "a second address", address not in message),
        (LIKE_A_CODE, "a second code", code not in message),
        (MARKUP, "markup", False),
        (PLACEHOLDER, "a placeholder", False),
    ):
        if not told and pattern.search(rest):
            return what
    return None
