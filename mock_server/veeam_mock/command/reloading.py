"""Reading settings again while the server runs: by SIGHUP, or by `POST /__admin/reload`."""

from collections.abc import Mapping
from typing import Any

from veeam_mock.api.installation import Installation
from veeam_mock.command.mistakes import config_path
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.sources import gather
from veeam_mock.spec.schema import Violation

SETTLED = ("host", "port", "port_file", "http", "cert", "key", "request_timeout", "log", "log_format", "quiet")
"""Settings that only a new start of the server changes."""


class Reloading:
    """Reads the config file of a running server again: all of it, or nothing where it does not fit."""

    def __init__(self, installation: Installation, options: Mapping[str, Any]) -> None:
        self._installation = installation
        self._options = options

    def enable(self) -> None:
        """Let the control API call this."""
        self._installation.reload = self

    def __call__(self) -> None:
        """Start all worlds anew with the settings as they are written now; `SettingsError`, and nothing is changed."""
        given = {key: value for key, value in self._options.items() if key != "config" and value not in (None, ())}
        fresh, served = gather(given, config_path(self._options)), self._installation.settings
        if fresh.admin_key is None and served.admin_key is not None:
            fresh = fresh.replace(admin_key=served.admin_key)
        problems = [
            Violation(key, "takes a new start of the server") for key in SETTLED if _differs(key, fresh, served)
        ]
        if problems:
            raise SettingsError(problems)
        self._installation.restart(fresh)


def _differs(key: str, one: Settings, other: Settings) -> bool:
    return bool(getattr(one, key) != getattr(other, key))
