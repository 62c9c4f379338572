"""The forms of the codes and tokens that a server gave."""

from collections.abc import Iterable
from contextlib import suppress

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange, is_sendable
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.sightings import CODE
from veeam_contracts.asking.survey import Barred, NotServed
from veeam_mock.secrecy.secret_forms import form_of

ENOUGH = 20
"""Codes that show their alphabet: of 36 characters that are equally likely, four do not stay away by chance."""

SEVERAL = 3
"""Codes beside which the same word stands, before it is taken for one."""


def forms_of_secrets(exchanges: Iterable[Exchange]) -> dict[str, str]:
    """The form of codes and of both kinds of tokens, by name; without those that were not given."""
    found: dict[str, list[str]] = {"code": [], "access_token": [], "refresh_token": []}
    for exchange in exchanges:
        if exchange.ok and exchange.is_token:
            for name in ("access_token", "refresh_token"):
                found[name] += [exchange.member(name)] if is_sendable(exchange.member(name)) else []
        elif exchange.gives_code and is_sendable(exchange.member("userCode")):
            found["code"].append(exchange.member("userCode"))
    forms = {name: form_of(samples) for name, samples in found.items()}
    return {name: form for name, form in forms.items() if form is not None}


def words_beside_codes(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """What looks like a code and is a word of the server: letters that stand in answers with several codes."""
    beside: dict[str, set[str]] = {}
    codes: set[str] = set()
    for exchange in exchanges:
        given = exchange.member("userCode") if exchange.gives_code else None
        if isinstance(given, str):
            codes.add(given.upper())
            for word in CODE.findall(exchange.text):
                beside.setdefault(word, set()).add(given)
    return frozenset(
        word for word, seen in beside.items() if len(seen) >= SEVERAL and word.isalpha() and word not in codes
    )


def ask_for_codes(client: Client) -> None:
    """Ask for as many codes as show their form."""
    given = sum(exchange.gives_code for exchange in client.journal)
    with suppress(NoAnswer, NotServed, Barred, Refused):
        for _ in range(given, ENOUGH):
            if not client.device_code().ok:
                break
