"""Limits that a server was learned to keep: so many requests in so many seconds, of one operation or of all."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from veeam_mock.model.errors import Starting
from veeam_mock.model.limits import Counter, Limit

WORDS = "Too many requests came."


class Counted(Protocol):
    """A world, as far as its requests are counted: `epoch` is another each time that it begins anew."""

    epoch: object


class Counts:
    """The counts of a world in one epoch."""

    __slots__ = ("counters", "early", "epoch")

    def __init__(self, epoch: object, counters: list[tuple[str, Counter]]) -> None:
        self.epoch = epoch
        self.counters = counters
        self.early = 0


class Limits:
    """Counts the requests of each world in this process; `given` are the limits as a profile has them. So many as
    `starting` says come too early, as a server starts up."""

    def __init__(self, given: Iterable[Mapping[str, Any]], starting: int = 0) -> None:
        self._limits = [
            (str(entry.get("operation", "")), Limit(((entry["number"], float(entry["seconds"])),), WORDS))
            for entry in given
        ]
        self._starting = starting
        self._counts: WeakKeyDictionary[Counted, Counts] = WeakKeyDictionary()

    def count(self, world: Counted, operation_id: str, now: float) -> None:
        """Count a request for an operation of `world`, at `now` by its clock. Raises `Throttled` for one too many, and
        `Starting` for the first ones of a server that starts up."""
        counts = self._counts.get(world)
        if counts is None or counts.epoch != world.epoch:
            counters = [(operation, Counter(limit)) for operation, limit in self._limits]
            counts = self._counts[world] = Counts(world.epoch, counters)
        if counts.early < self._starting:
            counts.early += 1
            raise Starting()
        for operation, counter in counts.counters:
            if operation in ("", operation_id):
                counter(now)
