"""The logins and refreshes among exchanges, and what became of their tokens afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from veeam_contracts.asking.exchange import Exchange, is_sendable
from veeam_contracts.paths import is_at

UNAUTHORIZED = 401
PROTECTED = ("getOrganizations", "getOrganization", "getDeviceCode")
"""Operations of which the answer shows whether a token is good."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A pair of tokens that was given by the exchange at `at`: to a password, or to the refresh token `used`, which is
    empty for a login. `refresh` is empty where the answer has none."""

    at: int
    access: str
    refresh: str
    used: str = ""


def grants_in(exchanges: Sequence[Exchange]) -> list[Grant]:
    """All pairs of tokens that were given, in order."""
    found = []
    for at, exchange in enumerate(exchanges):
        if exchange.is_token and exchange.ok:
            access, refresh = (exchange.member(name) for name in ("access_token", "refresh_token"))
            if is_sendable(access):
                found.append(Grant(at, access, refresh if is_sendable(refresh) else "", used_in(exchange)))
    return found


def newest_of(grant: Grant, grants: Iterable[Grant]) -> Grant:
    """The last of some pairs that came of a pair by refreshes; itself without any."""
    for each in grants:
        grant = each if each.used and each.used == grant.refresh else grant
    return grant


def used_in(exchange: Exchange) -> str:
    """The refresh token that a request for a token names; empty for none."""
    return dict(exchange.form_fields()).get("refresh_token", "") if exchange.is_token else ""


def tried(exchanges: Sequence[Exchange], refresh: str, after: int) -> tuple[int, Exchange] | None:
    """The first use of a refresh token behind the exchange at `after`, and where it is; None for none."""
    uses = enumerate(exchanges[after + 1 :], after + 1)
    return next(((at, each) for at, each in uses if used_in(each) == refresh and _is_answered(each)), None)


def opened(exchanges: Sequence[Exchange], access: str, after: int) -> Iterator[Exchange]:
    """The uses of an access token behind the exchange at `after`, up to the next pair that was given, which show
    whether it was good: a success, or 401."""
    for exchange in exchanges[after + 1 :]:
        if exchange.is_token and exchange.ok:
            return
        sent = exchange.request_headers.get("Authorization", "").partition(" ")[2].strip()
        if sent == access and is_at(exchange.path, *PROTECTED) and (exchange.ok or exchange.status == UNAUTHORIZED):
            yield exchange


def _is_answered(exchange: Exchange) -> bool:
    return exchange.status is not None and not exchange.throttled
