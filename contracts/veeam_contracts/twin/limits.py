"""Limits that were met: how many requests came before a server asked to wait."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.paths import Version, is_at

WINDOWS = (1, 10, 60, 3600)
"""Seconds in which servers count."""

STARTING_UP = 503

OF_ONE = 3
"""So many requests of one operation before the first that was refused, and it is these that were too many."""


def waited_for(exchanges: Sequence[Exchange]) -> tuple[Sequence[Exchange], Sequence[Exchange]]:
    """What a server that starts up refused before its first answer, and what came from then on.

    Nothing came before that could have been too much; 429 may be for what somebody else has sent.
    """
    early = takewhile(lambda exchange: exchange.throttled and exchange.status == STARTING_UP, exchanges)
    number = sum(1 for _ in early)
    return exchanges[:number], exchanges[number:]


def limits_met(exchanges: Sequence[Exchange], version: Version) -> list[dict[str, Any]]:
    """The first limit that was met, as a profile has it; none where the server never asked to wait."""
    at = next((index for index, exchange in enumerate(exchanges) if exchange.throttled), None)
    if at is None:
        return []
    met, before = exchanges[at], exchanges[:at]
    operation = operation_of(met, version)
    same = [exchange for exchange in before if operation and operation_of(exchange, version) == operation]
    counted = same if len(same) >= OF_ONE else before
    if not counted:
        return []
    passed = met.began - counted[0].began
    window = next((seconds for seconds in WINDOWS if seconds >= passed), WINDOWS[-1])
    return [{**({"operation": operation} if counted is same else {}), "number": len(counted), "seconds": window}]


def operation_of(exchange: Exchange, version: Version) -> str:
    """The operationId that a request means; empty for none."""
    places = version.places.items()
    return next((id for id, (method, _) in places if method == exchange.method and is_at(exchange.path, id)), "")
