"""How often a server lets clients log in: the vendor's limit on the token operation, from version 6 on.

1 call a second, 5 a minute, 1,500 an hour (docs/evidence.md#token-limit).
"""

import math
from collections import deque

from veeam_mock.model.clock import Clock
from veeam_mock.model.errors import Throttled

WINDOWS = ((1, 1.0), (5, 60.0), (1500, 3600.0))
"""At most so many calls in so many seconds."""


class LoginLimit:
    """Counts the calls of one world by its clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[float] = deque(maxlen=max(most for most, _ in WINDOWS))

    def count(self) -> None:
        """Count one call; `Throttled` where it is one too many, which is then not counted."""
        now = self._clock.now()
        ends = [self._calls[-most] + seconds for most, seconds in WINDOWS if len(self._calls) >= most]
        wait = max(ends, default=now) - now
        if wait > 0:
            raise Throttled(math.ceil(wait), "Too many requests for a token came.")
        self._calls.append(now)
