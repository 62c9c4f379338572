"""The only reader of time. Everything that expires or carries a date asks a `Clock`."""

import math
import threading
import time
from collections.abc import Callable
from types import BuiltinFunctionType

LATEST = 253_055_232_000.0
"""9989-01-01T00:00:00Z in Unix time: what then begins to live for ten years, the longest that can be set, still ends at
a date that can be written."""

_ORIGIN = time.time() - time.monotonic()


def system_time() -> float:
    """Real time in Unix seconds, UTC. It never goes back, even when the machine's clock is corrected."""
    return _ORIGIN + time.monotonic()


def _steady_source() -> Callable[[], float]:
    """The machine's steady time. A clock that is made while a test has it replaced (freezegun) follows the test's."""
    return time.monotonic if isinstance(time.monotonic, BuiltinFunctionType) else _Replaced()


class _Replaced:
    """Steady time as `time.monotonic` tells it, by whatever function stands there; it goes on when that changes."""

    def __init__(self) -> None:
        self._function = time.monotonic
        self._latest = self._function()
        self._ahead = 0.0

    def __call__(self) -> float:
        function = time.monotonic
        reading = function()
        if function is not self._function:
            self._function, self._ahead = function, self._latest - reading
        self._latest = max(self._latest, reading + self._ahead)
        return self._latest


class TimeTravelError(ValueError):
    """Somebody asked the clock to go back, or past the last date that can be written."""


class Clock:
    """Virtual time: real time, moved ahead and stopped at will, never back.

    Times are Unix seconds, UTC; durations are seconds. `source` gives real time in Unix seconds, by default the
    machine's, as `system_time` reads it.
    """

    def __init__(self, source: Callable[[], float] | None = None) -> None:
        self._source = source or _steady_source()
        self._ahead = 0.0 if source else time.time() - self._source()
        self._frozen_at: float | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time of this clock in Unix seconds, UTC."""
        frozen_at = self._frozen_at
        return self._source() + self._ahead if frozen_at is None else frozen_at

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen_at is not None

    def advance(self, seconds: float) -> float:
        """Move ahead by `seconds` (at least 0) and return the new time; `TimeTravelError` otherwise."""
        with self._lock:
            return self._move_to(self.now() + seconds, given=seconds)

    def set(self, moment: float) -> float:
        """Move ahead to `moment` and return it; `TimeTravelError` when it has passed."""
        with self._lock:
            return self._move_to(moment, given=moment - self.now())

    def freeze(self) -> float:
        """Stop the clock and return the time at which it stands."""
        with self._lock:
            self._frozen_at = self.now()
            return self._frozen_at

    def release(self) -> float:
        """Let a frozen clock run on from where it stands, and return that time."""
        with self._lock:
            now = self.now()
            self._ahead = now - self._source()
            self._frozen_at = None
            return now

    def _move_to(self, moment: float, given: float) -> float:
        if not math.isfinite(moment) or moment > LATEST:
            raise TimeTravelError("the clock cannot go beyond 9989-01-01T00:00:00Z")
        if given < 0:
            raise TimeTravelError(f"time never goes back: that is {-given:.3f} s before the time of this clock")
        if self._frozen_at is None:
            self._ahead = moment - self._source()
        else:
            self._frozen_at = moment
        return moment
