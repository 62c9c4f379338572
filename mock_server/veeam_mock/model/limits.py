"""How often a server lets clients do what costs it dear: log in, and ask for device codes."""

import math
from collections import deque
from typing import NamedTuple

from veeam_mock.model.errors import Throttled


class Limit(NamedTuple):
    """At most so many calls in so many seconds, for each of `windows`; `words` say what there was too much of."""

    windows: tuple[tuple[int, float], ...]
    words: str

    @property
    def most(self) -> int:
        """How many calls have to be remembered."""
        return max(most for most, _ in self.windows)

    def refusal(self, wait: float) -> Throttled:
        """The error for a call that comes `wait` seconds too early."""
        return Throttled(math.ceil(wait), self.words)


LOGINS = Limit(((1, 1.0), (5, 60.0), (1500, 3600.0)), "Too many requests for a token came.")
"""The vendor's limit on the token operation, from version 6 on (docs/evidence.md#token-limit)."""

CODES = Limit(((60, 60.0),), "Too many device codes were requested.")
"""What a server that throttles serves (ambiguity `throttling`)."""


class Counter:
    """Counts the calls of one world in this process."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._calls: deque[float] = deque(maxlen=limit.most)

    def __call__(self, now: float) -> None:
        """Count one call at `now` by the world's clock; `Throttled` for one too many, which is then not counted."""
        calls = self._calls
        wait = max((calls[-most] + span - now for most, span in self._limit.windows if len(calls) >= most), default=0)
        if wait > 0:
            raise self._limit.refusal(wait)
        calls.append(now)
