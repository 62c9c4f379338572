"""A server: the door on a socket that is bound first, in the main thread for the command, in its own for tests."""

import asyncio
import contextlib
import socket
import ssl
import sys
import warnings
from collections.abc import Callable

from veeam_mock.door.certificates import Certificate
from veeam_mock.door.connection import Connection
from veeam_mock.door.door import Answering, Door, Patience
from veeam_mock.door.handshakes import Handshakes

BACKLOG = 2048
"""Connections that the system keeps until they are accepted."""

POLL_SECONDS = 0.01
"""How often a server that stops looks whether its answers have ended."""

CATCH_UP_SECONDS = 1.0
"""How long a server may take to read what has come."""


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
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
    listener.set_inheritable(False)
    return listener


def bind_group(host: str, port: int, count: int) -> list[socket.socket]:
    """Listening sockets of one port for `count` processes, among which the system spreads connections.

    Where it cannot do that, all have the same socket. Raises `CannotListen`.
    """
    first = bind(host, port)
    if count == 1 or sys.platform != "linux":
        return [first] * count
    family, kind, address = first.family, first.type, first.getsockname()
    first.close()  # it has shown that nobody else listens there; the others share the port with one another alone
    listeners: list[socket.socket] = []
    try:
        for _ in range(count):
            listener = socket.socket(family, kind)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            listener.set_inheritable(False)
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise CannotListen(f"cannot listen on {host} port {address[1]}: {error.strerror or error}") from None
    return listeners


class Server:
    """Serves `mock` until it is stopped. `announce` is called once requests are answered; then `started` is true.

    It leaves signals alone: they are for who owns the process, which calls `stop`.
    """

    def __init__(
        self,
        mock: Answering,
        certificate: Certificate | None,
        announce: Callable[[], None],
        patience: Patience | None = None,
    ) -> None:
        self.door = Door(mock, patience, Handshakes(certificate.authority if certificate else None))
        self._context = None if certificate is None else _tls_of(certificate)
        if self._context is not None:
            self.door.handshakes.watch(self._context)
        self._announce = announce
        self._is_stopped = False
        self._end: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.started = False

    def run(self, listener: socket.socket) -> None:
        """Serve on `listener` until the end; then clients in the midst of a TLS handshake are dropped with the loop.

        uvloop warns of each, and where that warning is an error, it would never close the loop.
        """
        runner = asyncio.Runner(loop_factory=_loop_factory())
        try:
            runner.run(self._serve(listener))
        finally:
            # For all threads, as warnings are; this one closes its loop within a millisecond.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                runner.close()

    def stop(self) -> None:
        """End to serve; from any thread, and from a signal handler. What has ended already is left alone."""
        self._is_stopped = True
        if self._end is not None:
            loop, end = self._end
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(end.set)

    def catch_up(self) -> None:
        """Return once what clients have sent so far has been read; from another thread, while it serves."""
        assert self._end is not None
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_take_turns(), self._end[0]).result(CATCH_UP_SECONDS)

    async def _serve(self, listener: socket.socket) -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._end = loop, end
        serving = await loop.create_server(
            lambda: Connection(self.door), sock=listener, ssl=self._context, backlog=BACKLOG
        )
        self.started = True
        self._announce()
        if not self._is_stopped:
            await end.wait()
        serving.close()
        await self._end_connections()

    async def _end_connections(self) -> None:
        """Let answers under way end, then break what is left: a TLS client that never says goodbye must not hold us."""
        await asyncio.sleep(0)  # whoever was accepted just now becomes a connection, and is not forgotten
        connections = self.door.connections
        for connection in list(connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.door.patience.stop
        while connections and loop.time() < ends:
            await asyncio.sleep(POLL_SECONDS)
        for connection in list(connections):
            connection.abort()
        await asyncio.sleep(0)


async def _take_turns() -> None:
    """What is ready to be read now is read in the next turn of the loop, and acted upon in that or the one after."""
    for _ in range(2):
        await asyncio.sleep(0)


def _tls_of(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed, which takes half of the time for each message; None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
