"""How a server reads what is open in the description, and how long what it gives lives."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.survey import Barred, NotServed
from veeam_contracts.document import describe
from veeam_contracts.judging.findings import NotTested
from veeam_contracts.rules.probes import PROBES
from veeam_contracts.twin.templates import without_host

PAGE_READING = "verification-url"

MOST_SECONDS = 100_000
"""Of a life that is told in seconds."""

LONGEST_OF_THE_MOCK = 3650 * 86_400
"""Seconds of a life that the mock can give."""


def readings_of(client: Client) -> dict[str, tuple[str, str]]:
    """The reading of each question that is open in the version that is asked, and what shows it; what the version
    settles shows nothing of another one."""
    found = dict(_readings(client))
    if "getDeviceCode" in client.survey.barred and "organization-id" in describe(client.version).questions:
        found["organization-id"] = ("required", client.survey.barred["getDeviceCode"])
    return found


def _readings(client: Client) -> Iterator[tuple[str, tuple[str, str]]]:
    for question, entry in sorted(describe(client.version).questions.items(), key=_of_the_journal):
        with suppress(NotTested, NoAnswer, NotServed, Barred, Refused):
            reading, evidence = PROBES[question](client)
            if question == PAGE_READING and reading == "another page":
                reading = "worldwide"  # It is one for all regions; which one, the answers say.
            if reading in map(str, entry["readings"]):
                yield question, (reading, without_host(client.secrets.mask(evidence), client))


def _of_the_journal(asked: tuple[str, Any]) -> bool:
    """Whether a question is answered by what others have shown, and has to be put behind them."""
    return asked[0] in (PAGE_READING, "throttling", "extra-properties", "code-shape")


def lifetimes_of(client: Client) -> dict[str, int]:
    """How long codes and tokens live, in seconds, as answers say."""
    codes = [exchange.member("expiresIn") for exchange in client.journal if exchange.gives_code]
    lifetimes = {"code": _longest(codes), "token": _longest([_life(client.granted)])}
    return {name: seconds for name, seconds in lifetimes.items() if seconds is not None}


def _life(granted: Exchange | None) -> Any:
    return None if granted is None else granted.member("expires_in")


def _longest(values: Iterable[Any]) -> int | None:
    """The longest of some lives in seconds; milliseconds are told by their size, and what is no life is left out."""
    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool) and value > 0]
    lives = [value // 1000 if value > MOST_SECONDS else value for value in whole]
    return max((life for life in lives if life <= LONGEST_OF_THE_MOCK), default=None)
