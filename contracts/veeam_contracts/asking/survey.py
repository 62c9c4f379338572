"""Which operations a server serves: each is asked once, in a way that every lawful server takes."""

from collections.abc import Iterator

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.paths import Version, is_at

MISSING = frozenset({404, 405, 501})
"""Statuses of an operation that is not there, when what is asked for exists."""


NO_CONTENT = 204


class NotServed(Exception):
    """What a rule needs is not served; the message says which operation."""


def is_served(exchange: Exchange) -> bool:
    """Whether the answer to a request for the installation, without a token, is that of a version that is served."""
    return exchange.status not in MISSING


class Barred(Exception):
    """What a rule needs cannot be asked for here, which is no fault of the server; the message says why."""


class Survey:
    """What was asked, and which operations are missing: operationId -> the answer that shows it."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.asked: dict[str, Exchange] = {}
        self.barred: dict[str, str] = {}
        """The operations that cannot be asked for here, with the reason: no fault of anybody."""

    def note(self, operation_id: str, exchange: Exchange) -> None:
        """Keep the answer to a good call."""
        self.asked[operation_id] = exchange

    @property
    def missing(self) -> dict[str, Exchange]:
        """The operations that are not served, or with nothing where the document has a body."""
        return {id: exchange for id, exchange in self.asked.items() if self._is_missing(id, exchange)}

    def _is_missing(self, operation_id: str, exchange: Exchange) -> bool:
        nothing = exchange.status == NO_CONTENT and self.version.gives(operation_id)
        return nothing or exchange.status in MISSING

    def require(self, *operation_ids: str) -> None:
        """Raise `NotServed` where one of these operations is missing."""
        for id in operation_ids:
            if id in self.barred:
                raise Barred(self.barred[id])
            if id in self.missing:
                raise NotServed(f"{self.version.label(id)} is not served")

    def require_what_is_at(self, method: str, path: str) -> None:
        """Raise `NotServed` where the operation at this method and path is missing."""
        self.require(*self._operations_at(method, path))

    def _operations_at(self, method: str, path: str) -> Iterator[str]:
        return (id for id, (served, _) in self.version.places.items() if served == method and is_at(path, id))
