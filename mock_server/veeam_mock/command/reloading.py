"""Reading settings again while the server runs: by SIGHUP, or by `POST /__admin/reload`."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

import click

from veeam_mock.api.installation import Installation
from veeam_mock.command.mistakes import config_path, told
from veeam_mock.door.server import Server
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.sources import gather
from veeam_mock.spec.schema import Violation

SETTLED = frozenset(
    {"host", "port", "port_file", "name", "http", "cert", "key", "request_timeout", "log", "log_format", "quiet"}
    | {"store", "store_prefix", "workers"}
)
"""Settings that only a new start of the server changes."""


class Reloading:
    """Reads the config file of a running server again: all of it, or nothing where it does not fit.

    `tell` lets the other workers do so too; None where there are none.
    """

    def __init__(
        self, installation: Installation, options: Mapping[str, Any], tell: Callable[[], None] | None = None
    ) -> None:
        self._installation = installation
        self._options = options
        self._tell = tell

    def enable(self) -> None:
        """Let the control API call this."""
        self._installation.reload = self

    def __call__(self) -> None:
        """Start all worlds anew with the settings as they are written now; `SettingsError`, and nothing is changed."""
        self.start_anew()
        if self._tell is not None:
            self._tell()

    def start_anew(self) -> None:
        """The same, without telling the other workers."""
        self._installation.restart(self._read())

    def follow(self) -> None:
        """Go on with the settings as they are written now, with which another worker started the worlds anew."""
        self._installation.restart(self._read(), anew=False)

    def _read(self) -> Settings:
        return read_again(self._installation.settings, self._options)


def read_again(served: Settings, options: Mapping[str, Any]) -> Settings:
    """The settings as they are written now; `SettingsError` where a server that runs with `served` cannot have them."""
    given = {key: value for key, value in options.items() if key != "config" and value not in (None, ())}
    path = config_path(options)
    if path is not None and os.path.exists(path) and not os.path.isfile(path):  # What a pipe held is gone.
        raise SettingsError([Violation("config", f"{path} cannot be read again: it is no regular file")])
    fresh = gather(given, path)
    if fresh.admin_key is None and served.admin_key is not None:
        fresh = fresh.replace(admin_key=served.admin_key)
    problems = [
        Violation(key, "takes a new start of the server") for key in sorted(SETTLED) if _differs(key, fresh, served)
    ]
    if problems:
        raise SettingsError(problems)
    return fresh


def _differs(key: str, one: Settings, other: Settings) -> bool:
    return bool(getattr(one, key) != getattr(other, key))


def reload_when_asked(server: Server, reloading: Reloading, path: str) -> None:
    """Read the settings again on SIGHUP, where the system has it; a terminal that is closed ends the server as ever."""
    reloading.enable()
    if not hasattr(signal, "SIGHUP"):
        return
    in_terminal = has_terminal()

    def reload(call: Callable[[], None]) -> None:
        try:
            call()
        except SettingsError as error:
            click.echo(f"{path} was read again, and nothing was changed: {told(error)}", err=True)
        else:
            click.echo(f"{path} was read again; all worlds start anew.", err=True)

    def answer(number: int, frame: object) -> None:
        if in_terminal and not has_terminal():
            server.stop()
        else:  # in a thread: this one may hold the lock that a new start waits for
            call = reloading.start_anew if number == signal.SIGHUP else reloading.follow
            threading.Thread(target=reload, args=(call,), daemon=True).start()

    signal.signal(signal.SIGHUP, answer)
    signal.signal(signal.SIGUSR1, answer)


def has_terminal() -> bool:
    """Whether this process still has a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
