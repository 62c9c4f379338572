"""What was asked and what was answered: a ring of the last exchanges of all worlds, without secrets."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mock_server.exchange import Headers, Reply, Request
from mock_server.masking import Masker, without_credentials
from mock_server.matching import Pattern

LONGEST_BODY = 8 * 1024
"""Bytes of a body that are kept; the rest is cut."""

ENTRY_COST = 1200
"""Bytes that an entry costs beside its bodies, measured."""

NEAREST = 3
"""Near misses that a verification names."""


class Entry(NamedTuple):
    """One exchange, secrets masked. `at` is Unix seconds, UTC, of the world's clock.

    `status` is None when no answer left the server; `ending` says what became of the connection; `cost` is the bytes
    that the entry is counted for.
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
    cost: int

    def summary(self) -> str:
        """The exchange in one line."""
        outcome = str(self.status) if self.status is not None else self.ending
        faults = f"  struck by {', '.join(self.faults)}" if self.faults else ""
        world = f"  ~{self.world}" if self.world else ""
        target = f"{self.request.path}?{self.request.query}" if self.request.query else self.request.path
        return f"{outcome}  {self.request.method} {target}  {self.operation or '-'}{faults}{world}"


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
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self.masker = masker
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._numbered = 0
        self.listeners: list[Callable[[Entry], None]] = []

    def record(
        self, world: str, at: float, operation: str | None, request: Request, reply: Reply, faults: tuple[str, ...] = ()
    ) -> None:
        """Keep one exchange."""
        answered = reply.delivery.ending in ("whole", "truncated") and reply.delivery.raw is None
        kept = Request(request.method, request.path, request.query, without_credentials(request.headers), request.body)
        reply_headers, reply_body = (reply.headers, reply.body) if answered else ({}, b"")
        if self.masker.suspects(_text(kept, reply_headers, reply_body)):
            reply_headers, reply_body = self._masked(kept, reply_headers, reply_body)
        # Masked whole and cut then, so that no half of a secret is left at the end.
        kept.body = kept.body[:LONGEST_BODY]
        # A copy, also of a short body: what orjson writes keeps its 4 kB buffer for as long as it lives.
        reply_body = bytes(memoryview(reply_body)[:LONGEST_BODY])
        self._numbered += 1
        entry = Entry(
            self._numbered,
            world,
            at,
            operation,
            kept,
            reply.status if answered else None,
            reply_headers,
            reply_body,
            "garbage" if reply.delivery.raw is not None else reply.delivery.ending,
            faults,
            _cost(kept, reply_headers, reply_body),
        )
        self._keep(entry)
        for listener in self.listeners:
            listener(entry)

    def _masked(self, request: Request, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """Mask `request` where it is, and return what an answer had, masked."""
        mask = self.masker
        request.path, request.query = mask.text(request.path), mask.text(request.query)
        request.headers, request.body = mask.headers(request.headers), mask.body(request.body)
        return mask.headers(headers), mask.body(body)

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._bytes += entry.cost
        while len(self._entries) > self._most_entries or self._bytes > self._most_bytes:
            self._bytes -= self._entries.popleft().cost

    def entries(self, world: str) -> list[Entry]:
        """The exchanges of one world that are kept, the oldest first."""
        return [entry for entry in self._entries if entry.world == world]

    def forget(self, world: str) -> None:
        """Drop the exchanges of one world."""
        self._entries = deque(entry for entry in self._entries if entry.world != world)
        self._bytes = sum(entry.cost for entry in self._entries)

    def verify(self, world: str, pattern: Pattern, status: int | None = None) -> Verification:
        """Count the exchanges that fit, and find the nearest of those that do not."""
        compared = [(entry, _differences(entry, pattern, status)) for entry in self.entries(world)]
        misses = sorted((item for item in compared if item[1]), key=lambda item: (len(item[1]), -item[0].id))
        return Verification(sum(not differences for _, differences in compared), misses[:NEAREST])


def _text(request: Request, reply_headers: Headers, reply_body: bytes) -> str:
    """All of an exchange that may hold a secret."""
    texts = (request.path, request.query, *request.headers.values(), *reply_headers.values())
    return "\n".join((*texts, request.body.decode("latin-1"), reply_body.decode("latin-1")))


def _cost(request: Request, reply_headers: Headers, reply_body: bytes) -> int:
    headers = sum(map(len, request.headers.values())) + sum(map(len, reply_headers.values()))
    return ENTRY_COST + headers + len(request.path) + len(request.query) + len(request.body) + len(reply_body)


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
