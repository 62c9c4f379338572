"""The journal of servers that share a store: a stream, bounded as the ring of one process is."""

import json
from collections.abc import Iterator

from veeam_mock.journal.journal import Entry, Journal, Row
from veeam_mock.journal.masking import Masker
from veeam_mock.messages import Request
from veeam_mock.stores import scripts
from veeam_mock.stores.link import Link

PAGE = 500
"""Exchanges that are read at once."""


class SharedJournal(Journal):
    """Exchanges are masked before they are written: nothing unmasked leaves the process."""

    def __init__(self, most_entries: int, most_bytes: int, masker: Masker, link: Link) -> None:
        super().__init__(most_entries, most_bytes, masker)
        self._link = link
        self._key = f"{link.prefix}:journal"

    def _add(self, row: Row) -> None:
        """Write one exchange; while the store is away, those that are refused for that are not kept."""
        if not self.keeps or self._link.trouble is not None:
            return
        entry = self._entry(row)
        bounds = self._most_entries, self._most_bytes
        self._link.run(scripts.RECORD, [self._key], entry.world, entry.cost, _written(entry), *bounds)

    def entries(self, world: str) -> list[Entry]:
        wanted = world.encode()
        return [
            _read(int(place.partition(b"-")[0]), world, fields[5])
            for place, fields in self._all()
            if fields[1] == wanted
        ]

    def _all(self) -> Iterator[tuple[bytes, list[bytes]]]:
        begin: bytes = b"-"
        while True:
            page = self._link.do("XRANGE", self._key, begin, "+", "COUNT", PAGE)
            yield from page
            if len(page) < PAGE:
                return
            begin = b"(" + page[-1][0]

    def _forgotten_of(self, world: str) -> int:
        return int(self._link.do("HGET", f"{self._key}:counts", f"forgotten:{world}") or 0)

    def forget(self, world: str) -> None:
        begin = b"-"
        while (last := self._link.run(scripts.FORGET, [self._key], world, begin)) is not None:
            begin = b"(" + last


def _written(entry: Entry) -> bytes:
    """JSON of ASCII alone: what came in a path or a header need not be characters."""
    request = entry.request
    asked = [request.method, request.path, request.query, request.headers, request.body.decode("latin-1")]
    answer = [entry.status, entry.reply_headers, entry.reply_body.decode("latin-1"), entry.ending]
    return json.dumps([entry.at, entry.operation, asked, answer, entry.faults, entry.forgiven, entry.cost]).encode()


def _read(number: int, world: str, text: bytes) -> Entry:
    at, operation, asked, (status, headers, body, ending), faults, forgiven, cost = json.loads(text)
    *head, asked_body = asked
    method, path, query, fields = head
    request = Request(method, path, query, fields, asked_body.encode("latin-1"))
    answer = status, headers, body.encode("latin-1"), ending
    return Entry(number, world, at, operation, request, *answer, tuple(faults), tuple(forgiven), cost)
