"""What a connection has read: a request on its way in, and how its answer is to be written."""

from typing import NamedTuple

from veeam_mock.door.rendering import chunk, render
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

    def begin(self, reply: Reply) -> bytes:
        """The head of `reply`, and its body as the first part; others follow, and `part(b"")` ends them."""
        head = render(reply, "HEAD", keep_alive=self.keep_alive, old=self.old)
        return head + self.part(reply.body)

    def part(self, data: bytes) -> bytes:
        """A part of a body of unknown length; a client of HTTP/1.0 is told of its end by that of the connection."""
        return data if self.old else chunk(data)
