"""The door under uvicorn: on a socket that is bound first, in the main thread for the command, in its own for tests."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

import uvicorn

from mock_server.certificates import Certificate, find_certificate
from mock_server.door import Connection, Door, quiet_loggers
from mock_server.pipeline import Pipeline
from mock_server.settings import Settings

GRACE = 1
"""Seconds that answers under way get when the server stops."""


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


def url_of(listener: socket.socket, host: str, http: bool) -> str:
    """The address for clients: `localhost` where the socket listens on loopback or everywhere."""
    port = listener.getsockname()[1]
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "localhost", "::1") else host
    return f"{'http' if http else 'https'}://{f'[{name}]' if ':' in name else name}:{port}"


class Server(uvicorn.Server):
    """uvicorn with the mock's door. `announce` is called once requests are answered."""

    def __init__(self, settings: Settings, certificate: Certificate | None, announce: Callable[[], None]) -> None:
        quiet_loggers()
        self.pipeline = Pipeline(settings)
        self._announce = announce
        super().__init__(
            uvicorn.Config(
                Door(self.pipeline, settings.request_timeout),
                http=Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=30,
                ssl_certfile=certificate.chain if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGINT and SIGTERM. Unlike uvicorn's, this does not raise them again: a wanted stop is a success."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._stop) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True


class MockServer:
    """A server in a thread of this process, for tests, scripts and notebooks.

    `with MockServer(code_lifetime="5s") as veeam:` takes what the config file takes. The port is free and picked by the
    system unless `port` is given; the server answers when `start` returns, and ends with its process at the latest.
    Raises `SettingsError`, `CertificateError` or `CannotListen`.
    """

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        self.settings = settings or Settings(**{"port": 0, **options})
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url: str | None = None
        self._certificate: Certificate | None = None

    def start(self) -> "MockServer":
        """Start to serve; returns when requests are answered."""
        if self._thread is not None:
            raise RuntimeError("this server is running already; make another one for a second server")
        settings = self.settings
        self._certificate = find_certificate(settings)
        listener = bind(settings.host, settings.port)
        ready = threading.Event()
        server = self._server = Server(settings, self._certificate, ready.set)
        self._thread = threading.Thread(
            target=self._serve, args=(server, listener, ready), daemon=True, name="veeam-mock"
        )
        self._thread.start()
        ready.wait()
        if not server.started:
            self.stop()
            raise RuntimeError("the server did not start; its log says why")
        self._url = url_of(listener, settings.host, settings.http)
        return self

    @staticmethod
    def _serve(server: Server, listener: socket.socket, ready: threading.Event) -> None:
        try:
            server.run(sockets=[listener])
        finally:
            ready.set()

    def stop(self) -> None:
        """Stop, and return when the port is free again. A server that does not run is left alone."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._server = self._thread = self._url = None

    def __enter__(self) -> "MockServer":
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<MockServer {self._url or 'stopped'}>"

    @property
    def url(self) -> str:
        """The address, such as `https://localhost:40123`; `RuntimeError` while it does not run."""
        if self._url is None:
            raise RuntimeError("this server is not running; use it in a with statement, or call start()")
        return self._url

    @property
    def ca_cert(self) -> str | None:
        """The file that clients trust, as `verify=` of requests takes it; None if there is none to trust."""
        authority = self._certificate.authority if self._certificate else None
        return None if authority is None else str(authority)

    @property
    def username(self) -> str:
        """A user who may log in."""
        return next(iter(self.settings.passwords))

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self.settings.passwords[self.username]
