"""Time, chance and throttling of a world that several processes share."""

import random
import time
from collections.abc import Callable

from veeam_mock.model.clock import Clock
from veeam_mock.model.limits import Limit
from veeam_mock.model.randomness import Randomness
from veeam_mock.stores import scripts
from veeam_mock.stores.place import Place, Standing


class SharedClock(Clock):
    """Virtual time in the store. Between two looks at it, this process counts on by itself."""

    def __init__(self, place: Place) -> None:
        super().__init__(self._real)
        self._place = place
        self._seen = time.time()
        self._seen_at = time.monotonic()
        self._kept = ("0.0", "")

    def take_up(self, standing: Standing) -> None:
        """Go on from what the store says."""
        self._seen, self._seen_at = standing.time, time.monotonic()
        self._kept = standing.ahead, standing.frozen
        self._ahead = float(standing.ahead)
        self._frozen_at = float(standing.frozen) if standing.frozen else None

    def advance(self, seconds: float) -> float:
        return self._turn(lambda: super(SharedClock, self).advance(seconds))

    def set(self, moment: float) -> float:
        return self._turn(lambda: super(SharedClock, self).set(moment))

    def freeze(self) -> float:
        return self._turn(super().freeze)

    def release(self) -> float:
        return self._turn(super().release)

    def _turn(self, change: Callable[[], float]) -> float:
        """Change the clock as it stands in the store, anew where somebody else was first."""
        while True:
            result = change()
            wanted = repr(self._ahead), "" if self._frozen_at is None else repr(self._frozen_at)
            if self._place.run(scripts.TURN, *self._kept, *wanted):
                self._kept = wanted
                return result
            standing = self._place.enter()
            if not isinstance(standing, Standing):
                return result
            self.take_up(standing)

    def _real(self) -> float:
        source = self._place.link.source
        return self._seen + time.monotonic() - self._seen_at if source is None else source()


class SharedRandomness(Randomness):
    """The same sequence for the same seed, whichever process draws: each draw has its number in the store."""

    def __init__(self, place: Place, seed: int | str) -> None:
        super().__init__(seed)
        self._place = place
        self._seed = seed

    def text(self, alphabet: str, length: int) -> str:
        self._draw()
        return super().text(alphabet, length)

    def chance(self) -> float:
        self._draw()
        return super().chance()

    def between(self, low: float, high: float) -> float:
        self._draw()
        return super().between(low, high)

    def uuid(self) -> str:
        self._draw()
        return super().uuid()

    def _draw(self) -> None:
        self._random = random.Random(f"{self._seed}/{self._place.run(scripts.DRAW)}")
        self._drawn.clear()


class SharedCounter:
    """Counts the calls of a world over all processes; `kind` names its calls in the store."""

    def __init__(self, place: Place, kind: str, limit: Limit) -> None:
        self._place = place
        self._kind = kind
        self._limit = limit

    def __call__(self, now: float) -> None:
        """Count one call at `now` by the world's clock; `Throttled` for one too many, which is then not counted."""
        windows = [part for window in self._limit.windows for part in window]
        wait = self._place.run(scripts.COUNT, repr(now), self._limit.most, *windows, below=self._kind)
        if wait is not None:
            raise self._limit.refusal(float(wait))
