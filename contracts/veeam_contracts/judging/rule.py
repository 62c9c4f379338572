"""What a rule is, and the sources that many of them have."""

from dataclasses import dataclass

from veeam_contracts.paths import Version

PAGE = "the vendor's v4 page 'Getting Device Code'"
CLIENTS = "public clients of real servers"

ALSO = "also"
"""The group of the rules that are about the documents of `--also`, and hold only where there are some."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`id` names it in every report and baseline; the part before the dot is its group.

    `since` and `until` are the numbers of the first and the last version that it holds for. One that `writes` is tried
    on the bundled mock alone.
    """

    id: str
    title: str
    source: str
    why: str
    since: int = 4
    until: int = 99
    writes: bool = False

    def holds_for(self, version: Version) -> bool:
        """Whether the rule says something about a version."""
        return self.since <= version.number <= self.until

    @property
    def versions(self) -> str:
        """The versions that it holds for, for a sentence."""
        if self.until == 99:
            return "every version" if self.since == 4 else f"v{self.since} and later"
        return f"v{self.since}" if self.since == self.until else f"v{self.since} to v{self.until}"

    @property
    def group(self) -> str:
        """What it is about."""
        return self.id.partition(".")[0]
