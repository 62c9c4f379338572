"""What a connection has read: a request on its way in, and how it is known again."""

from typing import NamedTuple

from veeam_mock.door.rendering import render
from veeam_mock.messages import Reply, Request


class Incoming(NamedTuple):
    """A complete request; `refusal` is the status for one that is not to be answered."""

    request: Request
    keep_alive: bool
    old: bool = False
    refusal: int | None = None

    def answer(self, reply: Reply) -> bytes:
        """The bytes by which `reply` answers it."""
        return render(reply, self.request.method, keep_alive=self.keep_alive, old=self.old)


class Known(NamedTuple):
    """The last message of this connection: its head as bytes, all of its bytes, and what they mean.

    Clients send the same again and again. Bytes that are alike mean the same, so they need not be parsed twice.
    """

    head: bytes
    message: bytes
    meaning: Incoming

    @classmethod
    def of(cls, data: bytes, meaning: Incoming) -> "Known | None":
        """`data` as a message to know again, if it is a head and a body as it is, and leaves the connection open."""
        size = len(data) - len(meaning.request.body)
        whole = data.find(b"\r\n\r\n") + 4 == size
        return cls(data[:size], data, meaning) if whole and meaning.keep_alive else None

    def __repr__(self) -> str:
        return f"Known({self.meaning!r})"

    def with_message(self, message: bytes) -> "Known":
        """Another message with the same head, and a body of the same size."""
        request = self.meaning.request.with_body(message[len(self.head) :])
        return Known(self.head, message, Incoming(request, keep_alive=True))
