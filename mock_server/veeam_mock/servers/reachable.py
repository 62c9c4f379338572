"""What every server offers to tests, wherever it runs: its address, a login, and its control."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veeam_mock.control.client import ControlClient

if TYPE_CHECKING:
    import requests

TIMEOUT = 30
"""Seconds that a login may take."""


@dataclass(frozen=True, slots=True)
class Api:
    """One version of the API of a server: its name, such as `v8`, and its address."""

    name: str
    url: str


class ReachableServer(ControlClient):
    """A server with an address, to which tests log in; `clock`, `faults`, `requests`, `device_codes` steer it."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, such as `https://localhost:40123`; of a world, with its path."""

    @property
    @abstractmethod
    def ca_cert(self) -> str | None:
        """The file that clients trust, as `verify=` of requests takes it; None if there is none to trust."""

    @property
    @abstractmethod
    def username(self) -> str:
        """A user who may log in."""

    @property
    @abstractmethod
    def password(self) -> str:
        """The password of `username`."""

    @property
    @abstractmethod
    def versions(self) -> tuple[str, ...]:
        """The versions of the API that are served, such as `v4`, the oldest first."""

    def api(self, name: str) -> Api:
        """A version of the API; `ValueError` for one that is not served."""
        __tracebackhide__ = True
        if name not in self.versions:
            raise ValueError(f"{name!r} is not a version that is served here, which are {', '.join(self.versions)}")
        return Api(name, f"{self.url}/{name}")

    def token(self) -> str:
        """An access token, by a login as a client does it: it is among the `requests`, and faults strike it too.

        Raises `requests.HTTPError` when it is refused.
        """
        __tracebackhide__ = True
        with self._trusting() as session:
            form = {"grant_type": "password", "username": self.username, "password": self.password}
            reply = session.post(f"{self.api(self.versions[0]).url}/Token", data=form, timeout=TIMEOUT)
        reply.raise_for_status()
        return str(reply.json()["access_token"])

    def session(self) -> "requests.Session":
        """A session of `requests` that is logged in, as `token` does it, and trusts the CA."""
        __tracebackhide__ = True
        session = self._trusting()
        session.headers["Authorization"] = f"Bearer {self.token()}"
        return session

    def no_waiting(self) -> AbstractContextManager[None]:
        """In this thread, let `time.sleep` and `asyncio.sleep` move the clock of this world and return at once."""
        from veeam_mock.servers.sleeping import sleep_moves

        return sleep_moves(self.clock)

    def _trusting(self) -> "requests.Session":
        import requests

        session = requests.Session()
        session.trust_env = False  # REQUESTS_CA_BUNDLE would take the place of the CA, and a proxy that of the server.
        session.verify = self.ca_cert or True
        return session
