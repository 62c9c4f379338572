"""What the servers of this process have in common, whichever door they have: settings, a mock, its control."""

from collections import deque
from collections.abc import Callable
from typing import Unpack

from veeam_mock.control.transports import InProcess
from veeam_mock.mock import Mock
from veeam_mock.servers.reachable import ReachableServer
from veeam_mock.settings.keywords import WorldSettings
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.schema import Violation

MOST_HINDRANCES = 20


class LocalServer(ReachableServer):
    """A server of this process, steered without HTTP. `mock` is what answers behind its door."""

    def __init__(self, settings: Settings, clock: Callable[[], float] | None = None) -> None:
        __tracebackhide__ = True
        if settings.workers > 1:
            raise SettingsError([Violation("workers", "are processes of the command veeam-mock; this one is alone")])
        self.settings = settings
        self.mock = Mock(settings, clock=clock)
        self._hindrances: deque[str] = deque(maxlen=MOST_HINDRANCES)
        super().__init__(InProcess(self.mock.control))

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the API that are served, the oldest first."""
        return self.mock.settings.api

    @property
    def username(self) -> str:
        """A user who may log in."""
        return next(iter(self.mock.settings.passwords))

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self.mock.settings.passwords[self.username]

    def restart_world(self, **changes: Unpack[WorldSettings]) -> None:
        """Start all worlds anew, with `changes` to the settings that the server was made with.

        What belongs to the socket (host, port, certificate) stays as it is. Raises `SettingsError`.
        """
        __tracebackhide__ = True
        self.mock.restart(self.settings.replace(**changes))
        self._hindrances.clear()

    def hindrances(self) -> list[str]:
        """What kept clients that came from asking anything, since `restart_world`: the last 20, the oldest first."""
        return list(self._hindrances)
