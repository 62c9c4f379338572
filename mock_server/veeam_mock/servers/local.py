"""What the servers of this process have in common, whichever door they have: settings, a pipeline, its control."""

from typing import Any

from veeam_mock.api.pipeline import Pipeline
from veeam_mock.control.api import Control
from veeam_mock.control.client import ControlClient, InProcess
from veeam_mock.settings.settings import Settings


class LocalServer(ControlClient):
    """A server of this process, steered without HTTP."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pipeline = Pipeline(settings)
        super().__init__(InProcess(Control(self._pipeline)))

    @property
    def username(self) -> str:
        """A user who may log in."""
        return next(iter(self._pipeline.settings.passwords))

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self._pipeline.settings.passwords[self.username]

    def restart_world(self, **changes: Any) -> None:
        """Start all worlds anew, with `changes` to the settings that the server was made with.

        What belongs to the socket (host, port, certificate) stays as it is. Raises `SettingsError`.
        """
        self._pipeline.restart(self.settings.replace(**changes))
