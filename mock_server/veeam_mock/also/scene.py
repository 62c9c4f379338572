"""What answers take from the world in which they are given."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from veeam_mock.model.organizations import Organization

DAY = 86_400
MOST_VALUES = 50_000
"""Values that are made for one answer, with all attempts at it; a text, and what a schema names, count by length."""

MOST_ORGANIZATIONS = 500
"""Organizations of a world that answers are made from."""

CHARACTERS = 64
"""Characters of a text, or names and options in a schema, that count as a value."""


class TooMuch(Exception):
    """What a schema asks for is more than one answer may have."""


@dataclass(slots=True)
class Scene:
    """`seed` is text that all chance comes from; `now` the time of the world's clock in Unix seconds, UTC.
    `values_left` is how many values may still be made."""

    seed: str
    now: float
    organizations: Sequence[Organization]
    values_left: int = MOST_VALUES

    def spend(self, length: int = 0) -> None:
        """Count a value, or what has this length; raises `TooMuch` when none are left."""
        self.values_left -= 1 + length // CHARACTERS
        if self.values_left < 0:
            raise TooMuch

    @contextmanager
    def half(self) -> Iterator["Scene"]:
        """The same scene, with half of the values that are left: the other half is for another attempt."""
        part = replace(self, values_left=self.values_left // 2)
        before = part.values_left
        try:
            yield part
        finally:
            self.values_left -= before - max(0, part.values_left)

    def chance(self, *about: object) -> random.Random:
        """Chance that is the same each time for the same things."""
        return random.Random("|".join(map(str, (self.seed, *about))))

    def moment(self, chance: random.Random, name: str) -> datetime:
        """A date for a property of this name. It keeps the same for a day, so that two reads of one thing agree."""
        lowered = name.lower()
        today = int(self.now) // DAY * DAY
        if lowered.startswith("next") or "expir" in lowered or "until" in lowered:
            seconds = today + DAY + chance.randrange(DAY, 7 * DAY)
        elif any(word in lowered for word in ("start", "creat", "begin", "from", "added", "first")):
            seconds = today - chance.randrange(2 * DAY, 7 * DAY)
        else:
            seconds = today - chance.randrange(1, 2 * DAY)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
