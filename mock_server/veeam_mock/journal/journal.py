"""What was asked and what was answered: a ring of the last exchanges of all worlds, without secrets."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import starmap
from typing import Any, NamedTuple

from veeam_mock.journal.masking import Masker, without_credentials
from veeam_mock.journal.pattern import Pattern
from veeam_mock.messages import Headers, Reply, Request

LONGEST_BODY = 8 * 1024
"""Bytes of a body that are kept; the rest is cut."""

ENTRY_COST = 1200
"""Bytes that an entry costs beside its bodies, measured."""

FIELD_COST = 130
"""Bytes that a header field costs beside its name and value, measured: two strings and a place in a dictionary."""

NEAREST = 3
"""Near misses that a verification names."""


class Kept(NamedTuple):
    """A request as it is kept, secrets masked; `cost` is the bytes that it is counted for."""

    request: Request
    cost: int


class KeptFields(NamedTuple):
    """The header fields of a reply as they are kept, secrets masked; `cost` is the bytes that they are counted for."""

    fields: Headers
    cost: int


NO_FIELDS = KeptFields({}, 0)


class Entry(NamedTuple):
    """One exchange, secrets masked. `at` is Unix seconds, UTC, of the world's clock.

    `status` is None when no answer left the server; `ending` says what became of the connection; `forgiven` is what a
    stricter server would have refused; `cost` is the bytes that the entry is counted for. Entries share what they have
    in common: change nothing in them.
    """

    id: int
    world: str
    at: float
    operation: str | None
    request: Request
    status: int | None
    reply_headers: Headers
    reply_body: bytes
    ending: str
    faults: tuple[str, ...]
    forgiven: tuple[str, ...]
    cost: int

    def summary(self) -> str:
        """The exchange in one line."""
        outcome = str(self.status) if self.status is not None else self.ending
        faults = f"  struck by {', '.join(self.faults)}" if self.faults else ""
        faults += f"  forgiven: {'; '.join(self.forgiven)}" if self.forgiven else ""
        world = f"  ~{self.world}" if self.world else ""
        request = self.request
        target = f"{request.path}?{request.query}" if request.query else request.path
        return f"{outcome}  {request.method} {target}  {self.operation or '-'}{faults}{world}"


Labels = tuple[str, ...]
Row = tuple[int, str, float, str | None, Request, int | None, Headers, bytes, str, Labels, Labels, int]
"""The values of an `Entry`, as they are kept: most are never looked at, and a plain tuple is made much faster."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How many exchanges fit a pattern; `near_misses` are (entry, differences) of those that almost did."""

    count: int
    near_misses: list[tuple[Entry, list[str]]]


class Journal:
    """The ring, bounded by entries and by bytes over all worlds; at a bound the oldest entry goes.

    The caller holds the pipeline's lock.
    """

    def __init__(self, most_entries: int, most_bytes: int, masker: Masker) -> None:
        self.keeps = most_entries > 0 and most_bytes > 0
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self.masker = masker
        self._rows: deque[Row] = deque()
        self._bytes = 0
        self._numbered = 0
        self._latest_fields: tuple[Headers, KeptFields] = ({}, NO_FIELDS)
        self.listeners: list[Callable[[Entry], None]] = []

    def head_of(self, request: Request) -> Kept:
        """What is kept of the head of `request`."""
        mask = self.masker
        path, query = mask.text(request.path), mask.text(request.query)
        headers = mask.headers(without_credentials(request.headers))
        cost = len(path) + len(query) + _cost_of(headers)
        return Kept(Request(request.method, path, query, headers), cost)

    def keep(self, request: Request) -> Kept:
        """What is kept of `request`."""
        return self.whole(self.head_of(request), request.body)

    def whole(self, head: Kept, body: bytes) -> Kept:
        """What is kept of a request with this body, of whose head `head` is kept."""
        kept = self._body(body)
        return Kept(head.request.with_body(kept), head.cost + len(kept))

    def record(
        self,
        kept: Kept,
        reply: Reply,
        *,
        at: float,
        world: str = "",
        operation: str | None = None,
        faults: tuple[str, ...] = (),
        forgiven: tuple[str, ...] = (),
    ) -> None:
        """Keep one exchange, `kept` of its request."""
        delivery = reply.delivery
        ending = delivery.ending
        answered = ending == "whole" or ending == "truncated"
        fields, body = NO_FIELDS, b""
        if answered:
            fields, body = self._fields(reply.headers), self._body(reply.body)
        self._numbered += 1
        row = (
            self._numbered,
            world,
            at,
            operation,
            kept.request,
            reply.status if answered else None,
            fields.fields,
            body,
            ending,
            faults,
            forgiven,
            ENTRY_COST + kept.cost + fields.cost + len(body),
        )
        self._add(row)
        if self.listeners:
            entry = Entry(*row)
            for listener in self.listeners:
                listener(entry)

    def _body(self, body: bytes) -> bytes:
        """A body as it is kept: masked whole and cut then, so that no half of a secret is left at the end.

        It is a copy, also of a short body: what orjson writes keeps its 4 kB buffer for as long as it lives.
        """
        return b"%b" % self.masker.body(body)[:LONGEST_BODY]

    def _fields(self, fields: Headers) -> KeptFields:
        """The header fields of a reply as they are kept; within a second, most replies have the same."""
        known, kept = self._latest_fields
        if fields != known:
            masked = self.masker.headers(fields)
            kept = KeptFields(masked, _cost_of(masked))
            self._latest_fields = fields.copy(), kept
        return kept

    def _add(self, row: Row) -> None:
        rows = self._rows
        rows.append(row)
        self._bytes += row[-1]
        while len(rows) > self._most_entries or self._bytes > self._most_bytes:
            self._bytes -= rows.popleft()[-1]

    def entries(self, world: str) -> list[Entry]:
        """The exchanges of one world that are kept, the oldest first."""
        return [entry for entry in starmap(Entry, self._rows) if entry.world == world]

    def forget(self, world: str) -> None:
        """Drop the exchanges of one world."""
        self._rows = deque(row for row in self._rows if Entry(*row).world != world)
        self._bytes = sum(row[-1] for row in self._rows)

    def verify(self, world: str, pattern: Pattern, status: int | None = None) -> Verification:
        """Count the exchanges that fit, and find the nearest of those that do not."""
        compared = [(entry, _differences(entry, pattern, status)) for entry in self.entries(world)]
        misses = sorted((item for item in compared if item[1]), key=lambda item: (len(item[1]), -item[0].id))
        return Verification(sum(not differences for _, differences in compared), misses[:NEAREST])


def _cost_of(fields: Headers) -> int:
    return sum(FIELD_COST + len(name) + len(value) for name, value in fields.items())


def _differences(entry: Entry, pattern: Pattern, status: int | None) -> list[str]:
    found = pattern.differences(entry.request, entry.operation)
    if status is not None and entry.status != status:
        found.append(f"status is {entry.status or entry.ending}, not {status}")
    return found


def select(entries: Iterable[Entry], **wanted: Any) -> list[Entry]:
    """The entries whose `operation`, `method`, `path` and `status` are as wanted; None means any."""
    pattern = Pattern(
        (wanted["operation"],) if wanted.get("operation") else (), wanted.get("method"), wanted.get("path")
    )
    return [entry for entry in entries if not _differences(entry, pattern, wanted.get("status"))]
