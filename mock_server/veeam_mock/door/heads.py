"""Heads that were met, by their bytes: clients send the same again and again, and what is alike means the same."""

import re
from typing import NamedTuple

from veeam_mock.api.head import Head
from veeam_mock.door.incoming import Incoming
from veeam_mock.messages import BODY_LIMIT

LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*([0-9]{1,7})[ \t]*(?=\r\n)", re.IGNORECASE)
END = b"\r\n\r\n"

MOST_HEADS = 512
LONGEST_HEAD = 4096
"""Bytes of a head that is kept."""


class MetHead(NamedTuple):
    """A head as the bytes before and after the digits of its Content-Length, and what it means, whatever the digits.

    Without that field, `before` is all of it and `after` is None. `incoming` is a request that came with it.
    """

    before: bytes
    after: bytes | None
    head: Head
    incoming: Incoming

    def __repr__(self) -> str:
        return f"MetHead({self.incoming!r})"

    def body_in(self, message: bytes) -> bytes | None:
        """The body of `message` if this is its head and all of it has come, and nothing behind it; None otherwise."""
        before, after, _, _ = self
        if after is None:
            return b"" if message == before else None
        if message.startswith(before):
            begin = len(before)
            end = message.find(b"\r", begin, begin + 8)
            digits = message[begin:end]
            if digits.isdigit() and message.startswith(after, end):
                body = message[end + len(after) :]
                if len(body) == int(digits):
                    return body
        return None

    def announces_body(self, message: bytes) -> bool:
        """Whether `message`, which begins with this head, is no more than that, and says that a body will follow."""
        if self.after is None or len(message) > len(self.before) + 7 + len(self.after):
            return False
        digits = message[len(self.before) : -len(self.after)]
        return message.endswith(self.after) and digits.isdigit() and int(digits) <= BODY_LIMIT


class Heads:
    """The heads that the connections of a door have met, each for the address that it came from; bounded."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, bytes], MetHead] = {}

    def find(self, client: str, data: bytes) -> MetHead | None:
        """The head with which `data` begins, if it has been met."""
        split = _split(data)
        return None if split is None else self._met.get((client, split[0] + (split[1] or b"")))

    def learn(self, data: bytes, head: Head, incoming: Incoming) -> MetHead | None:
        """Know the head of `data` again, which holds one message and all of it.

        None where that cannot be: it asks for an answer of its own, is too long, or is framed in another way than by
        its Content-Length.
        """
        split = _split(data)
        if split is None or "expect" in incoming.request.headers:
            return None
        met = MetHead(*split, head, incoming)
        if met.body_in(data) is None:
            return None
        if len(self._met) >= MOST_HEADS:
            del self._met[next(iter(self._met))]
        self._met[incoming.request.client, split[0] + (split[1] or b"")] = met
        return met


def _split(data: bytes) -> tuple[bytes, bytes | None] | None:
    """The head of `data` without the digits of its Content-Length, in two parts; None where it is no head to keep."""
    size = data.find(END, 0, LONGEST_HEAD) + len(END)
    if size < len(END):
        return None
    length = LENGTH.search(data, 0, size)
    if length is None:
        return data[:size], None
    return data[: length.start(1)], data[length.end(1) : size]
