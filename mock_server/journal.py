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


class KeptHead(NamedTuple):
    """The head of a request as it is kept, secrets masked; `cost` is the bytes that it is counted for."""

    method: str
    path: str
    query: str
    headers: Headers
    cost: int


class Entry(NamedTuple):
    """One exchange, secrets masked. `at` is Unix seconds, UTC, of the world's clock.

    `status` is None when no answer left the server; `ending` says what became of the connection; `cost` is the bytes
    that the entry is counted for.
    """

    id: int
    world: str
    at: float
    operation: str | None
    head: KeptHead
    body: bytes
    status: int | None
    reply_headers: Headers
    reply_body: bytes
    ending: str
    faults: tuple[str, ...]
    cost: int

    @property
    def request(self) -> Request:
        """The request, secrets masked."""
        return Request(self.head.method, self.head.path, self.head.query, self.head.headers, self.body)

    def summary(self) -> str:
        """The exchange in one line."""
        outcome = str(self.status) if self.status is not None else self.ending
        faults = f"  struck by {', '.join(self.faults)}" if self.faults else ""
        world = f"  ~{self.world}" if self.world else ""
        target = f"{self.head.path}?{self.head.query}" if self.head.query else self.head.path
        return f"{outcome}  {self.head.method} {target}  {self.operation or '-'}{faults}{world}"


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

    def head_of(self, request: Request) -> KeptHead:
        """What is kept of the head of `request`."""
        mask = self.masker
        path, query = mask.text(request.path), mask.text(request.query)
        headers = mask.headers(without_credentials(request.headers))
        cost = len(path) + len(query) + sum(map(len, headers.values()))
        return KeptHead(request.method, path, query, headers, cost)

    def record(
        self,
        request: Request,
        reply: Reply,
        *,
        world: str = "",
        at: float,
        operation: str | None = None,
        faults: tuple[str, ...] = (),
        head: KeptHead | None = None,
    ) -> None:
        """Keep one exchange; `head` is what `head_of` said of the request, if it has been asked before."""
        head = head or self.head_of(request)
        ending = reply.delivery.ending if reply.delivery.raw is None else "garbage"
        answered = ending == "whole" or ending == "truncated"
        body = request.body
        reply_headers, reply_body = (reply.headers, reply.body) if answered else ({}, b"")
        if self.masker.suspects(_text(body, reply_headers, reply_body)):
            mask = self.masker
            body, reply_headers, reply_body = mask.body(body), mask.headers(reply_headers), mask.body(reply_body)
        # Masked whole and cut then, so that no half of a secret is left at the end.
        body = body[:LONGEST_BODY]
        # A copy, also of a short body: what orjson writes keeps its 4 kB buffer for as long as it lives.
        reply_body = b"%b" % reply_body[:LONGEST_BODY]
        self._numbered += 1
        entry = Entry(
            self._numbered,
            world,
            at,
            operation,
            head,
            body,
            reply.status if answered else None,
            reply_headers,
            reply_body,
            ending,
            faults,
            ENTRY_COST + head.cost + len(body) + len(reply_body) + sum(map(len, reply_headers.values())),
        )
        self._keep(entry)
        for listener in self.listeners:
            listener(entry)

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


def _text(body: bytes, reply_headers: Headers, reply_body: bytes) -> str:
    """All of an exchange behind the head of the request that may hold a secret."""
    return "\n".join((*reply_headers.values(), body.decode("latin-1"), reply_body.decode("latin-1")))


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
