"""The HTTPS and HTTP door: what its connections share."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from veeam_mock.api.head import Head
from veeam_mock.door.handshakes import Handshakes
from veeam_mock.door.heads import Heads
from veeam_mock.door.outbox import Outbox
from veeam_mock.messages import BODY_TOO_LARGE, HEADER_LIMIT, Reply, Request

REFUSALS = {
    400: "This cannot be understood as HTTP, or its method is unknown.",
    408: "The request was not complete after {:g} s.",
    413: BODY_TOO_LARGE,
    431: f"The request line and the header fields are larger than {HEADER_LIMIT} bytes.",
    501: "The only transfer coding that is read here is chunked.",
    505: "The versions of HTTP that are spoken here are 1.0 and 1.1.",
}
TLS_TO_HTTP = "TLS came to plain HTTP: call this server by http://, or start it without http."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the door waits for others, in seconds.

    `request` is how long a client may take to send a request; `idle` how long a connection may stay without one;
    `linger` how long what a refused client still sends is read and thrown away, so that it gets to read the refusal;
    `stop` what answers under way get when the server stops.
    """

    request: float = 10.0
    idle: float = 30.0
    linger: float = 2.0
    stop: float = 1.0


class Answering(Protocol):
    """What answers behind the door: a `Mock`."""

    def answer(self, request: Request) -> Reply:
        """The reply to `request`, complete. Never raises."""

    def read(self, request: Request) -> Head:
        """The head of `request`, for all requests that have it."""

    def reply(self, head: Head, body: bytes) -> Reply:
        """The reply to a request with this head and body, as that of `answer`."""

    def is_quick(self, head: Head) -> bool:
        """Whether that takes no longer than a call of the API does; for other requests the door takes a thread."""

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what cannot be read as a request."""


class Open(Protocol):
    """An open connection, as the door knows it."""

    def shutdown(self) -> None:
        """Let an answer under way end, and wait for nothing else."""

    def abort(self) -> None:
        """Break it off."""


class Door:
    """Answers for connections, of which it knows those that are open, and the answers that are under way."""

    def __init__(self, mock: Answering, patience: Patience | None = None, handshakes: Handshakes | None = None) -> None:
        self.mock = mock
        self.patience = patience or Patience()
        self.handshakes = handshakes or Handshakes()
        self.outbox = Outbox()
        self.heads = Heads()
        self.connections: set[Open] = set()
        self.tasks: set[asyncio.Task[Any]] = set()

    def refuse(self, request: Request, status: int, *, speaks_tls: bool = False) -> Reply:
        """The reply to what cannot be read as a request; `speaks_tls`: it began as TLS does, and came to plain HTTP."""
        message = TLS_TO_HTTP if speaks_tls else REFUSALS[status].format(self.patience.request)
        return self.mock.refuse(request, status, message)
