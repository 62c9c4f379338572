"""The only source of chance: unpredictable, or repeatable from a seed."""

import random
import uuid
from functools import lru_cache

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Upper-case letters and digits without those that a person confuses (RFC 8628 section 6.1)."""

TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""Base32 (RFC 4648 section 6) in lower case: five bits a character."""

DRAWN_AHEAD = 1024
"""Bytes that are drawn from the operating system at once; each draw is a system call."""


@lru_cache(64)
def _table(alphabet: str) -> tuple[bytes, bytes]:
    """What maps bytes to characters, and the bytes that stand for none, so that no character is favoured."""
    table = alphabet.encode("ascii") * (256 // len(alphabet))
    return table.ljust(256), bytes(range(len(table), 256))


class Randomness:
    """Draws from the operating system, or the same sequence each time for the same `seed`."""

    def __init__(self, seed: int | str | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._drawn_ahead = 0 if seed is not None else DRAWN_AHEAD
        self._drawn: dict[str, str] = {}

    def text(self, alphabet: str, length: int) -> str:
        """`length` characters, each of those of `alphabet`, which are of ASCII and at most 256, equally likely."""
        drawn = self._drawn.get(alphabet, "")
        while len(drawn) < length:
            more = self._random.randbytes(max(length - len(drawn), self._drawn_ahead))
            drawn += more.translate(*_table(alphabet)).decode()
        self._drawn[alphabet] = drawn[length:]
        return drawn[:length]

    def chance(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random.random()

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`, each equally likely."""
        return self._random.uniform(low, high)

    def uuid(self) -> str:
        """A random UUID (RFC 9562 version 4)."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
