"""The door under uvicorn: on a socket that is bound first, in the main thread for the command, in its own for tests."""

import asyncio
import contextlib
import logging
import socket
import warnings
from collections.abc import Callable, Generator
from typing import Any, cast

import uvicorn

from veeam_mock.door.certificates import Certificate
from veeam_mock.door.connection import Connection
from veeam_mock.door.door import Door
from veeam_mock.mock import Mock

GRACE = 1
"""Seconds that answers under way get when the server stops."""

POLL_SECONDS = 0.01
"""How often it is looked whether they have ended."""


class CannotListen(OSError):
    """The address cannot be listened on; the message names it and the reason."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `CannotListen` when the port is in use or the address is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}: {error.strerror or error}") from None
    try:
        if hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
    listener.set_inheritable(False)
    return listener


class Server(uvicorn.Server):
    """uvicorn with the mock's door.

    `announce` is called once requests are answered. `grace` is seconds that answers under way get when it stops.
    """

    def __init__(
        self,
        mock: Mock,
        certificate: Certificate | None,
        announce: Callable[[], None],
        *,
        grace: int = GRACE,
    ) -> None:
        for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
            # What uvicorn logs there is said better elsewhere: the banner, the journal, this package's own log.
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._announce = announce
        self._grace = grace
        self._end: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        super().__init__(
            uvicorn.Config(
                cast(Any, Door(mock, mock.settings.request_timeout)),
                http=Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                ssl_certfile=certificate.chain if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end, as uvicorn does; then clients in the midst of a TLS handshake are dropped with the loop.

        uvloop warns of each, and where that warning is an error, it would never close the loop.
        """
        runner = asyncio.Runner(loop_factory=self.config.get_loop_factory())
        try:
            runner.run(self.serve(sockets=sockets))
        finally:
            # For all threads, as warnings are; this one closes its loop within a millisecond.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                runner.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        self._announce()

    async def main_loop(self) -> None:
        """Serve until `stop`. uvicorn's own looks ten times a second whether it is time to go."""
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._end = loop, end
        if not self.should_exit:
            await end.wait()

    def stop(self) -> None:
        """End to serve; from any thread, and from a signal handler. What has ended already is left alone."""
        self.should_exit = True
        if self._end is not None:
            loop, end = self._end
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(end.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers under way end, then break what is left: a TLS client that never says goodbye must not hold us."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        await asyncio.sleep(0)  # whoever was accepted just now becomes a connection, and is not forgotten
        for connection in self._connections():
            connection.shutdown()
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._grace
        while self._connections() and loop.time() < ends:
            await asyncio.sleep(POLL_SECONDS)
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0)

    def _connections(self) -> list[Connection]:
        return cast(list[Connection], list(self.server_state.connections))

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: they are for who owns the process, which calls `stop`."""
        yield
