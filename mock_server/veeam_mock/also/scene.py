"""What answers take from the world in which they are given."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from veeam_mock.model.organizations import Organization

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Scene:
    """`seed` is text that all chance comes from; `now` the time of the world's clock in Unix seconds, UTC."""

    seed: str
    now: float
    organizations: Sequence[Organization]

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
