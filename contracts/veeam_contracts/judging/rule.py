"""What a rule is, and the sources that many of them have."""

from dataclasses import dataclass

PAGE = "the vendor's v4 page 'Getting Device Code'"
CLIENTS = "public clients of real servers"


@dataclass(frozen=True, slots=True)
class Rule:
    """`id` names it in every report and baseline; the part before the dot is its group."""

    id: str
    title: str
    source: str
    why: str

    @property
    def group(self) -> str:
        """What it is about."""
        return self.id.partition(".")[0]
