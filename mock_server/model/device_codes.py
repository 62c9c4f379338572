"""Device codes: issued for a region, alive for a lifetime."""

from collections import deque
from dataclasses import dataclass

from mock_server.model.clock import Clock
from mock_server.model.errors import Throttled
from mock_server.model.randomness import CODE_ALPHABET, Randomness
from mock_server.model.store import Store
from mock_server.model.tokens import Lifetimes


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a code was asked for: a region, and at most one of an organization and a restore session."""

    region: str
    organization_id: str | None = None
    restore_session_id: str | None = None


@dataclass(slots=True)
class DeviceCode:
    """One code. Times are Unix seconds, UTC."""

    user_code: str
    purpose: Purpose
    issued_at: float
    expires_at: float


class DeviceCodes:
    """Issues codes of which no two that are kept are alike."""

    def __init__(
        self,
        clock: Clock,
        randomness: Randomness,
        lifetimes: Lifetimes,
        *,
        store: Store[DeviceCode],
        length: int = 9,
        per_minute: int | None = None,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._lifetimes = lifetimes
        self._store = store
        self._length = length
        self._per_minute = per_minute
        self._issued: deque[float] = deque()

    def issue(self, purpose: Purpose) -> DeviceCode:
        """Issue a code for `purpose`; `Throttled` when more than the allowed number came within a minute."""
        now = self._clock.now()
        if self._per_minute is not None:
            self._count(now, self._per_minute)
        code = DeviceCode(self._unused(), purpose, now, now + self._lifetimes.code)
        self._store.put(code.user_code, code)
        return code

    def remaining(self, code: DeviceCode) -> float:
        """The seconds that are left to `code`; 0 when it has expired."""
        return max(0.0, code.expires_at - self._clock.now())

    def all(self) -> list[DeviceCode]:
        """All codes that are kept, expired ones too, the oldest first."""
        return self._store.values()

    def _unused(self) -> str:
        while True:
            user_code = self._randomness.text(CODE_ALPHABET, self._length)
            if self._store.get(user_code) is None:
                return user_code

    def _count(self, now: float, per_minute: int) -> None:
        while self._issued and self._issued[0] <= now - 60:
            self._issued.popleft()
        if len(self._issued) >= per_minute:
            raise Throttled(int(self._issued[0] + 60 - now) + 1)
        self._issued.append(now)
