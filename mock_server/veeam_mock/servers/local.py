"""What the servers of this process have in common, whichever door they have: settings, a mock, its control."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from veeam_mock.control.client import ControlClient, InProcess
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Api:
    """One version of the API of a server: its name, such as `v8`, and its address."""

    name: str
    url: str


class LocalServer(ControlClient):
    """A server of this process, steered without HTTP. `mock` is what answers behind its door."""

    def __init__(self, settings: Settings, clock: Callable[[], float] | None = None) -> None:
        self.settings = settings
        self.mock = Mock(settings, clock=clock)
        super().__init__(InProcess(self.mock.control))

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, such as `https://localhost:40123`."""

    def api(self, name: str) -> Api:
        """A version of the API; `ValueError` for one that is not served."""
        served = self.mock.installation.versions.names
        if name not in served:
            raise ValueError(f"{name!r} is not a version that is served here, which are {', '.join(served)}")
        return Api(name, f"{self.url}/{name}")

    @property
    def username(self) -> str:
        """A user who may log in."""
        return next(iter(self.mock.settings.passwords))

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self.mock.settings.passwords[self.username]

    def restart_world(self, **changes: Any) -> None:
        """Start all worlds anew, with `changes` to the settings that the server was made with.

        What belongs to the socket (host, port, certificate) stays as it is. Raises `SettingsError`.
        """
        self.mock.restart(self.settings.replace(**changes))
