"""Limits that a server was learned to keep: so many requests in so many seconds, of one operation or of all."""

from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from veeam_mock.model.errors import Starting
from veeam_mock.model.limits import Counter, Limit

WORDS = "Too many requests came."


class Limits:
    """Counts the requests of each world in this process; `given` are the limits as a profile has them. So many as
    `starting` says come too early, as a server starts up."""

    def __init__(self, given: Iterable[Mapping[str, Any]], starting: int = 0) -> None:
        self._limits = [
            (str(entry.get("operation", "")), Limit(((entry["number"], float(entry["seconds"])),), WORDS))
            for entry in given
        ]
        self._starting = starting
        self._early: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._counters: WeakKeyDictionary[Any, list[tuple[str, Counter]]] = WeakKeyDictionary()

    def count(self, world: object, operation_id: str, now: float) -> None:
        """Count a request for an operation of `world`, at `now` by its clock. Raises `Throttled` for one too many, and
        `Starting` for the first ones of a server that starts up."""
        if self._starting:
            early = self._early.get(world, 0)
            if early < self._starting:
                self._early[world] = early + 1
                raise Starting()
        counters = self._counters.get(world)
        if counters is None:
            counters = self._counters[world] = [(operation, Counter(limit)) for operation, limit in self._limits]
        for operation, counter in counters:
            if operation in ("", operation_id):
                counter(now)
