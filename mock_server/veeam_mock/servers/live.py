"""`MockServer`: a server for tests, scripts and notebooks."""

import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Unpack

from veeam_mock.door.certificates import Certificate, find_certificate
from veeam_mock.door.door import Door, Patience
from veeam_mock.door.server import Server, bind
from veeam_mock.servers.attached import AttachedServer
from veeam_mock.servers.local import LocalServer
from veeam_mock.settings.admin_key import with_admin_key
from veeam_mock.settings.keywords import GivenSettings
from veeam_mock.settings.options import DEFAULT_PASSWORD, DEFAULT_USERNAME
from veeam_mock.settings.settings import Settings

GEVENT = (
    "gevent has replaced the threads of this process, and a server in one would hold up all the others: "
    "take InterceptedServer (veeam_mock), or start `veeam-mock` and attach to it by MockServer.attach(url)"
)
NOT_RUNNING = "this server is not running; use it in a with statement, or call start()"


class MockServer(LocalServer):
    """A server in a thread of this process, for tests, scripts and notebooks.

    `with MockServer(code_lifetime="5s") as veeam:` takes what the config file takes. The port is free and picked by the
    system unless `port` is given, or whole `settings` with theirs. The server answers when `start` returns, and ends
    with its process at the latest. Where it listens beyond this machine, `settings.admin_key` is the key that its
    control API demands of others. `clock` gives real time in Unix seconds, UTC, in place of the machine's, and
    `patience` how long it waits for clients. Raises `SettingsError`, `CertificateError` or `CannotListen`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] | None = None,
        patience: Patience | None = None,
        **options: Unpack[GivenSettings],
    ) -> None:
        __tracebackhide__ = True
        options.setdefault("port", 0)
        super().__init__(with_admin_key(settings or Settings(**options)), clock)
        self._patience = replace(patience or Patience(stop=0), request=self.settings.request_timeout)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url: str | None = None
        self._certificate: Certificate | None = None
        self._failure: BaseException | None = None

    @classmethod
    def attach(
        cls,
        url: str,
        admin_key: str | None = None,
        *,
        ca_cert: str | None = None,
        world: str = "",
        username: str = DEFAULT_USERNAME,
        password: str = DEFAULT_PASSWORD,
    ) -> AttachedServer:
        """A server that was started elsewhere, in the world `world`, with the members of this one.

        `ca_cert` is the file that its banner names, for HTTPS. `ValueError` for what is no address of a server.
        """
        __tracebackhide__ = True
        return AttachedServer(url, admin_key, ca_cert=ca_cert, world=world, username=username, password=password)

    def start(self) -> "MockServer":
        """Start to serve; returns when requests are answered. `RuntimeError` where that cannot be."""
        gevent = sys.modules.get("gevent.monkey")
        if gevent is not None and gevent.is_module_patched("threading"):
            raise RuntimeError(GEVENT)
        if self._thread is not None:
            raise RuntimeError("this server is running already; make another one for a second server")
        self._certificate = find_certificate(self.settings)
        listener = bind(self.settings.host, self.settings.port)
        ready = threading.Event()
        self._server = Server(self.mock, self._certificate, ready.set, self._patience)
        self._server.door.handshakes.listeners.append(self._hindrances.append)
        self._thread = threading.Thread(target=self._serve, args=(listener, ready), daemon=True, name="veeam-mock")
        self._thread.start()
        ready.wait()
        if not self._server.started:
            self.stop()
            raise RuntimeError(f"the server did not start: {self._failure}") from self._failure
        self._url = self.settings.url(listener.getsockname()[1])
        return self

    def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        assert self._server is not None
        try:
            self._server.run(listener)
        except BaseException as error:
            self._failure = error
        finally:
            listener.close()
            ready.set()

    def stop(self) -> None:
        """Stop, and return when the port is free again. A server that does not run is left alone."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = self._url = None

    def hindrances(self) -> list[str]:
        if self._server is not None and self._server.started:
            self._server.catch_up()
        return super().hindrances()

    def __enter__(self) -> "MockServer":
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<MockServer {self._url or 'stopped'}>"

    @property
    def door(self) -> Door:
        """Its door, which knows the connections; `RuntimeError` while it does not run."""
        if self._server is None:
            raise RuntimeError(NOT_RUNNING)
        return self._server.door

    @property
    def url(self) -> str:
        """The address, such as `https://localhost:40123`; `RuntimeError` while it does not run."""
        if self._url is None:
            raise RuntimeError(NOT_RUNNING)
        return self._url

    @property
    def ca_cert(self) -> str | None:
        """The file that clients trust, as `verify=` of requests takes it; None if there is none to trust."""
        authority = self._certificate.authority if self._certificate else None
        return None if authority is None else str(authority)
