"""Which operations a path means. Case makes no difference in it, as in the mock's own paths."""

import re
from bisect import insort
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from veeam_mock.messages import decode_segment

VARIABLE = re.compile(r"\{([^{}]*)\}")
Kept = TypeVar("Kept")


class Route(Generic[Kept]):
    """A path with variables, and what is kept for each of its methods."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.segments = template.split("/")
        self.by_method: dict[str, Kept] = {}

    def values(self, segments: list[str]) -> dict[str, str] | None:
        """The values of the variables in a path of as many segments; None when it is another path."""
        found: dict[str, str] = {}
        for expected, given in zip(self.segments, segments, strict=True):
            if "{" not in expected:
                if expected.lower() != given.lower():
                    return None
            elif not _read_segment(expected, given, found):
                return None
        return found


def _read_segment(expected: str, given: str, found: dict[str, str]) -> bool:
    if VARIABLE.fullmatch(expected):
        found[expected[1:-1]] = given
        return bool(given)
    matched = _segment(expected).fullmatch(given)
    found |= zip(VARIABLE.findall(expected), matched.groups(), strict=True) if matched else ()
    return matched is not None


@lru_cache(maxsize=1000)
def _segment(expected: str) -> re.Pattern[str]:
    """Matches a segment of text and variables in linear time: each but the last takes the least that it can, for good.

    What comes behind it has the more to match in, so that nothing is found by another choice.
    """
    first, *texts = map(re.escape, VARIABLE.split(expected)[::2])
    within = "".join(f"(?>(.+?){text})" for text in texts[:-1])
    last = f"(.+){texts[-1]}" if texts else ""
    return re.compile(f"{first}{within}{last}", re.IGNORECASE | re.DOTALL)


class Routes(Generic[Kept]):
    """Paths, each with what is kept for its methods."""

    def __init__(self) -> None:
        self._by_key: dict[str, Route[Kept]] = {}
        self._by_length: dict[int, list[Route[Kept]]] = {}

    def at(self, template: str) -> Route[Kept]:
        """The route of a path, made when there is none; the names of its variables make no difference."""
        key = VARIABLE.sub("{}", template).lower()
        if key not in self._by_key:
            route = self._by_key[key] = Route(template)
            same_length = self._by_length.setdefault(len(route.segments), [])
            # What is written out goes before what is variable (OpenAPI 3.1 section 4.8.8.2).
            insort(same_length, route, key=lambda route: ["{" in segment for segment in route.segments])
        return self._by_key[key]

    def all(self) -> Iterator[Kept]:
        """Everything that is kept."""
        for route in self._by_key.values():
            yield from route.by_method.values()

    def find(self, path: str) -> tuple[Mapping[str, Kept], dict[str, str]]:
        """What is kept for a percent-encoded path, by method, and the values in it; empty for an unknown path."""
        segments = [decode_segment(segment) if "%" in segment else segment for segment in path.split("/")]
        for route in self._by_length.get(len(segments), ()):
            values = route.values(segments)
            if values is not None and route.by_method:
                return route.by_method, values
        return {}, {}
