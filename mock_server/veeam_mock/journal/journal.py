"""What was asked and what was answered: a ring of the last exchanges of all worlds, shown without secrets."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from veeam_mock.journal.masking import Masker, without_credentials
from veeam_mock.journal.pattern import Pattern, Seen
from veeam_mock.messages import Fields, Headers, Reply, Request, headers_for
from veeam_mock.model.clock import system_time

LONGEST_BODY = 8 * 1024
"""Bytes of a body that are shown; of a reply's, those that are kept."""

MOST_KEPT = 256 * 1024
"""Bytes of the body of a request that are kept: more would take long to mask, and is no request of this API."""

ENTRY_COST = 1200
"""Bytes that an entry costs beside its bodies, measured."""

FIELD_COST = 130
"""Bytes that a header field costs beside its name and value, measured: two strings and a place in a dictionary."""

NO_FIELDS = Fields()

MOST_SHARED = 64
"""Sizes of bodies whose latest header fields are known again."""

ANSWERED = frozenset({"whole", "truncated"})
WORDS = ("message", "Message", "error_description")
"""Where the body of a refusal says why, in each of its shapes."""

MOST_WORDS = 200
"""Characters of a refusal that a listener gets."""

NEAREST = 3
"""Near misses that a verification names."""


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

    @property
    def outcome(self) -> str:
        """The status, or what became of the connection in its place."""
        return str(self.status) if self.status is not None else self.ending

    def summary(self) -> str:
        """The exchange in one line, but for its outcome."""
        faults = f"  struck by {', '.join(self.faults)}" if self.faults else ""
        faults += f"  forgiven: {'; '.join(self.forgiven)}" if self.forgiven else ""
        world = f"  ~{self.world}" if self.world else ""
        request = self.request
        target = f"{request.path}?{request.query}" if request.query else request.path
        return f"{request.method} {target}  {self.operation or '-'}{faults}{world}"


class Told(NamedTuple):
    """An exchange as listeners get it, its `entry` without bodies.

    `client` is the address that it came from, empty within this process. `took` is seconds until the answer was there,
    with the delay of a fault; None where nobody measured it. `words` is what a refusal says, masked and cut; else it is
    empty.
    """

    entry: Entry
    client: str = ""
    took: float | None = None
    words: str = ""


Labels = tuple[str, ...]
Row = tuple[int, str, float, str | None, Request, int, bytes, int | None, Fields, bytes, str, Labels, Labels, int]
"""What is kept of an exchange until it is looked at: the values of its `Entry`, the size of the request's body and what
is kept of it beside its head, and nothing masked. Most are never looked at."""

Place = list[Row | Entry]
"""Where one exchange is kept: once it has been looked at, its entry takes the place of the row."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How many exchanges fit a pattern; `near_misses` are (entry, differences) of those that almost did, and
    `forgotten` says how many of the world there was no more room for, since it was begun or cleared."""

    count: int
    near_misses: list[tuple[Entry, list[str]]]
    forgotten: int


class Journal:
    """The ring, bounded by entries and by bytes over all worlds; at a bound the oldest entry goes.

    Secrets are masked when an exchange is looked at: until then it waits in memory as it came, and nothing shows it.
    The caller holds the pipeline's lock, but for what says that it needs none.
    """

    def __init__(self, most_entries: int, most_bytes: int, masker: Masker) -> None:
        self.keeps = most_entries > 0 and most_bytes > 0
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self.masker = masker
        self._places: deque[Place] = deque()
        self._bytes = 0
        self._forgotten: dict[str, int] = {}
        self._latest_fields: dict[int, tuple[Fields, int]] = {}
        self._numbered = 0
        self.listeners: list[Callable[[Told], None]] = []

    def record(
        self,
        head: Request,
        body: bytes,
        reply: Reply,
        cost: int | None = None,
        *,
        at: float,
        world: str = "",
        operation: str | None = None,
        faults: tuple[str, ...] = (),
        forgiven: tuple[str, ...] = (),
        began: float | None = None,
    ) -> None:
        """Keep one exchange. `head` is its request, but for the body, and `cost` what `cost_of` says of that.

        `began` is when the work on it began, as `system_time` says; only listeners need it.
        """
        size = len(body)
        if size > MOST_KEPT:
            body = body[:MOST_KEPT]
        ending = reply.delivery.ending
        status, fields, counted, answer = None, NO_FIELDS, 0, b""
        if ending in ANSWERED:
            status = reply.status
            # A copy, also of a short body: what orjson writes keeps its 4 kB buffer for as long as it lives.
            # A long one is masked before it is cut, so that no half of a secret ends it.
            answer = reply.body if len(reply.body) <= LONGEST_BODY else self.masker.beginning(reply.body, LONGEST_BODY)
            answer = b"%b" % answer
            fields, counted = self._shared(reply.headers, len(answer))
        self._numbered = number = self._numbered + 1
        cost = cost_of(head) if cost is None else cost
        cost += ENTRY_COST + len(body) + counted + len(answer)
        row = (number, world, at, operation, head, size, body, status, fields, answer, ending, faults, forgiven, cost)
        self._add(row)
        if self.listeners:
            self._tell((*row[:6], b"", *row[7:9], b"", *row[10:]), head.client, reply, began)

    def _tell(self, row: Row, client: str, reply: Reply, began: float | None) -> None:
        """Tell the listeners of an exchange, without its bodies: to mask them takes long."""
        delivery = reply.delivery
        took = None if began is None else system_time() - began + delivery.delay + delivery.dribble
        refuses = reply.status >= 400 and delivery.ending in ANSWERED
        words = self.masker.text(_words_of(reply.body))[:MOST_WORDS] if refuses else ""
        told = Told(self._entry(row), client, took, words)
        for listener in self.listeners:
            listener(told)

    def _shared(self, fields: Fields, size: int) -> tuple[Fields, int]:
        """The header fields of a reply whose body has this size, and what they count for: within a second most replies
        of one size have the same."""
        latest = self._latest_fields
        shared = latest.get(size)
        if shared is None or shared[0].lines != fields.lines:
            if len(latest) >= MOST_SHARED:
                latest.clear()
            shared = latest[size] = fields, _cost_of_fields(fields.lines)
        return shared

    def _add(self, row: Row) -> None:
        places = self._places
        places.append([row])
        self._bytes += row[-1]
        while len(places) > self._most_entries or self._bytes > self._most_bytes:
            oldest = places.popleft()[0]
            self._bytes -= oldest[-1]
            self._forgotten[oldest[1]] = self._forgotten.get(oldest[1], 0) + 1

    def entries(self, world: str) -> list[Entry]:
        """The exchanges of one world that are kept, the oldest first. It needs no lock."""
        return [self._look_at(place) for place in list(self._places) if place[0][1] == world]

    def _look_at(self, place: Place) -> Entry:
        """What is kept in a place, secrets masked; the work is done once."""
        kept = place[0]
        if not isinstance(kept, Entry):
            kept = place[0] = self._entry(kept)
        return kept

    def _entry(self, row: Row) -> Entry:
        number, world, at, operation, head, size, body, status, fields, answer, ending, faults, forgiven, cost = row
        mask = self.masker
        headers = mask.headers(without_credentials(headers_for(head.headers, size) if size else head.headers))
        asked = Request(mask.text(head.method), mask.text(head.path), mask.text(head.query), headers, mask.body(body))
        shown = mask.headers(without_credentials(dict(fields))), mask.body(answer)
        return Entry(number, world, at, operation, asked, status, *shown, ending, faults, forgiven, cost)

    def forget(self, world: str) -> None:
        """Drop the exchanges of one world."""
        self._forgotten.pop(world, None)
        self._places = deque(place for place in self._places if place[0][1] != world)
        self._bytes = sum(place[0][-1] for place in self._places)

    def verify(self, world: str, pattern: Pattern, status: int | None = None) -> Verification:
        """Count the exchanges that fit, and find the nearest of those that do not. It needs no lock."""
        compared = [(entry, _differences(entry, pattern, status)) for entry in self.entries(world)]
        misses = sorted((item for item in compared if item[1]), key=lambda item: (len(item[1]), -item[0].id))
        fitting = sum(not differences for _, differences in compared)
        return Verification(fitting, misses[:NEAREST], self._forgotten_of(world))

    def _forgotten_of(self, world: str) -> int:
        return self._forgotten.get(world, 0)


def _words_of(body: bytes) -> str:
    """What the body of a refusal says; empty where it is none that says anything."""
    try:
        content = orjson.loads(body[:LONGEST_BODY])
    except orjson.JSONDecodeError:
        return ""
    said = [content[key] for key in WORDS if key in content] if isinstance(content, dict) else []
    return next((words for words in said if isinstance(words, str)), "")


def cost_of(head: Request) -> int:
    """The bytes that a request is counted for, without its body."""
    return len(head.path) + len(head.query) + _cost_of_fields(head.headers)


def _cost_of_fields(fields: Headers) -> int:
    return FIELD_COST * len(fields) + len("".join(fields)) + len("".join(fields.values()))


def _differences(entry: Entry, pattern: Pattern, status: int | None) -> list[str]:
    found = pattern.differences(Seen(entry.request, entry.operation))
    if status is not None and entry.status != status:
        found.append(f"status is {entry.status or entry.ending}, not {status}")
    return found


def select(entries: Iterable[Entry], **wanted: Any) -> list[Entry]:
    """The entries whose `operation`, `method`, `path` and `status` are as wanted; None means any."""
    pattern = Pattern(
        (wanted["operation"],) if wanted.get("operation") else (), wanted.get("method"), wanted.get("path")
    )
    return [entry for entry in entries if not _differences(entry, pattern, wanted.get("status"))]
