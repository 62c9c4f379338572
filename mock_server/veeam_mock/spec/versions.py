"""The versions of the API that a server serves, each compiled when it is first asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from veeam_mock.spec.document import document_of
from veeam_mock.spec.refusals import Refusals
from veeam_mock.spec.renditions import RENDITIONS, Rendition
from veeam_mock.spec.spec import NOT_SERVED, Match, NoMatch, Operation, Spec


@dataclass(frozen=True, slots=True)
class Version:
    """One version, compiled: what its document says, how it says the rest, and how it refuses."""

    name: str
    spec: Spec
    rendition: Rendition
    refusals: Refusals


class Findable(Protocol):
    """What finds the operation that a request means."""

    @property
    def oldest(self) -> Version:
        """The oldest version, which speaks for what names none."""

    def find(self, method: str, path: str) -> tuple[Version | None, Match | NoMatch]:
        """The version and the operation for a method and a path as sent."""


class Versions:
    """The served versions. `picked` picks readings of ambiguities: id -> name; others have the first of a version."""

    def __init__(self, names: Sequence[str], picked: Mapping[str, str]) -> None:
        self.names = tuple(names)
        self._picked = tuple(sorted(picked.items()))
        self._is_exact = picked.get("path-case") == "exact"
        self.oldest = self[self.names[0]]
        """The oldest one, in whose words is refused what names no version."""

    def __getitem__(self, name: str) -> Version:
        """The version of this name, which is served."""
        return _compiled(name, self._picked)

    def with_readings(self, name: str, picked: Mapping[str, str]) -> Version:
        """A served version with other readings."""
        return _compiled(name, tuple(sorted(picked.items())))

    @property
    def newest(self) -> Version:
        """The newest one."""
        return self[self.names[-1]]

    def of_path(self, path: str) -> Version | None:
        """The version that a path as sent names; None when it names none that is served."""
        name = path[1:].partition("/")[0]
        name = name if self._is_exact else name.lower()
        return _compiled(name, self._picked) if name in self.names else None

    def find(self, method: str, path: str) -> tuple[Version | None, Match | NoMatch]:
        """The version that a path as sent names, and the operation that is meant there."""
        version = self.of_path(path)
        return version, version.spec.find(method, path) if version is not None else NOT_SERVED

    def operations(self, operation_id: str) -> Iterator[Operation]:
        """An operation as each version has it that does, the oldest first; versions are compiled on the way."""
        for name in self.names:
            operation = self[name].spec.operations.get(operation_id)
            if operation is not None:
                yield operation

    def operation_ids(self) -> list[str]:
        """The operations of all versions."""
        return list(dict.fromkeys(key for name in self.names for key in self[name].spec.operations))


@lru_cache(maxsize=40)
def _compiled(name: str, picked: tuple[tuple[str, str], ...]) -> Version:
    spec = Spec(document_of(name), dict(picked))
    rendition = RENDITIONS[name]
    return Version(name, spec, rendition, Refusals(spec.readings, rendition))
