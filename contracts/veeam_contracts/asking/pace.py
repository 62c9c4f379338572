"""The pace of a run: a token bucket, and what a server asks for."""

import threading
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

RETRY_AFTER_DEFAULT = 5.0
"""Seconds to wait where the server does not say."""


class TokenBucket:
    """A pace: `rate` a second after a burst of `burst`. `wait` sleeps until the next may go."""

    def __init__(
        self, rate: float | None, burst: int, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._rate, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._lock = threading.Lock()
        self._level = float(burst)
        self._at = clock()

    def wait(self) -> float:
        """Take one; returns the seconds waited."""
        if self._rate is None:
            return 0.0
        with self._lock:
            self._level = self._refilled() - 1
            delay = max(0.0, -self._level / self._rate)
        if delay:
            self._sleep(delay)
        return delay

    def fill(self) -> None:
        """Sleep until a whole burst may go at once."""
        if self._rate is not None:
            with self._lock:
                self._level = self._refilled()
            self._sleep((self._burst - self._level) / self._rate)

    def _refilled(self) -> float:
        now = self._clock()
        level = min(self._burst, self._level + (now - self._at) * (self._rate or 0.0))
        self._at = now
        return level


class Windows:
    """A pace in sliding windows: at most `number` in any `seconds`, for each of `limits` (number, seconds)."""

    def __init__(
        self, limits: Sequence[tuple[int, float]], clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._limits, self._clock, self._sleep = limits, clock, sleep
        self._lock = threading.Lock()
        self._departures: list[float] = []

    def wait(self) -> float:
        """Take one; returns the seconds waited."""
        with self._lock:
            now = self._clock()
            at = max([now, *(self._departures[-n] + s for n, s in self._limits if len(self._departures) >= n)])
            self._departures.append(at)
        if at > now:
            self._sleep(at - now)
        return at - now


def retry_after(given: str) -> float:
    """Seconds that the server asks to wait (RFC 9110 section 10.2.3: seconds, or a date)."""
    given = given.strip()
    if given.isascii() and given.isdecimal():
        return max(1.0, float(given))
    try:
        return max(1.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, OverflowError):
        return RETRY_AFTER_DEFAULT
