"""The run of the server, from settings to its end: banner, port file, signals."""

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from veeam_mock.api.installation import open_documents
from veeam_mock.command.banner import banner
from veeam_mock.command.ending import ignore_ending, on_ending
from veeam_mock.command.mistakes import Mistake, config_path
from veeam_mock.command.output import Output, wants_colour
from veeam_mock.command.reloading import Reloading, has_terminal, read_again, reload_when_asked
from veeam_mock.door.certificates import Certificate, CertificateError, find_certificate
from veeam_mock.door.door import Patience
from veeam_mock.door.server import CannotListen, Server, bind_group
from veeam_mock.files import is_pipe, write_file
from veeam_mock.journal.lines import logger, unasked_line
from veeam_mock.mock import Mock
from veeam_mock.model.clock import system_time
from veeam_mock.settings.admin_key import ensure_admin_key
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.versions import Versions
from veeam_mock.stores.sharing import require_client


def run(settings: Settings, options: Mapping[str, Any]) -> None:
    """Serve until a signal ends it. `options` are those of the command, from which settings are read again.

    Raises `Mistake` where it cannot start.
    """
    certificate, listeners = _prepare(settings)
    try:
        settings, key_file = ensure_admin_key(settings)
    except SettingsError as error:
        raise Mistake(str(error)) from None
    served = Served(settings, options, certificate, banner(settings, _url(settings, listeners), certificate, key_file))
    owner = os.getpid()
    try:
        if settings.workers > 1:
            _run_workers(served, listeners)
        else:
            output = Output(sys.stdout, sys.stderr)
            serve(served, listeners[0], output, lambda: served.announce(listeners[0], output.say))
    finally:
        if key_file is not None and os.getpid() == owner:
            key_file.unlink(missing_ok=True)


@dataclass(slots=True)
class Served:
    """What is served: settings, the options that they came from, the certificate, and the banner that says so."""

    settings: Settings
    options: Mapping[str, Any]
    certificate: Certificate | None
    banner: str

    def announce(self, listener: socket.socket, say: Callable[[str], None]) -> None:
        """Write the port file, and print the banner."""
        if self.settings.port_file:
            write_port(self.settings.port_file, listener.getsockname()[1])
        if not self.settings.quiet:
            say(self.banner)


def serve(
    served: Served,
    listener: socket.socket,
    output: Output,
    announce: Callable[[], None],
    *,
    hand_over: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Serve in this process until a signal ends it. A worker hands over what stops it."""
    settings = served.settings
    mock = _make_mock(settings)
    gc.freeze()  # what is here now stays to the end: to look through it again and again costs 5 % of each request
    server = Server(mock, served.certificate, announce, Patience(settings.request_timeout))
    if settings.log:
        _log(server, mock, output)
    on_ending(server.stop)
    if hand_over is not None:
        hand_over(server.stop)
    if path := config_path(served.options):
        tell = None if hand_over is None else (lambda: os.kill(os.getppid(), signal.SIGUSR1))
        reload_when_asked(server, Reloading(mock.installation, served.options, tell), path)
    try:
        server.run(listener)
    finally:
        output.end()
        ignore_ending()


def _log(server: Server, mock: Mock, output: Output) -> None:
    """Have a line written for each exchange, and for each client that came and could not ask."""
    form = mock.settings.log_format
    mock.installation.journal.listeners.append(logger(form, output.say, colour=wants_colour(sys.stdout)))
    server.door.handshakes.listeners.append(lambda words: output.say(unasked_line(form, system_time(), words)))


def _run_workers(served: Served, listeners: Sequence[socket.socket]) -> None:
    if not hasattr(os, "fork"):
        raise Mistake("workers: need a system that forks processes, which Windows does not")
    from veeam_mock.command.workers import Workers, WorkersFailed

    def be_worker(
        place: int, listener: socket.socket, ready: Callable[[], None], hand_over: Callable[[Callable[[], None]], None]
    ) -> None:
        serve(served, listener, Output(sys.stdout, sys.stderr), ready, hand_over=hand_over)

    in_terminal = has_terminal()

    def reread() -> bool:
        """Workers that start from now on have the settings as they are written now, where these fit."""
        with contextlib.suppress(SettingsError):
            served.settings = read_again(served.settings, served.options)
        return has_terminal() or not in_terminal

    try:
        Workers(
            listeners,
            be_worker,
            lambda: served.announce(listeners[0], click.echo),
            reread if config_path(served.options) else None,
        ).run()
    except WorkersFailed as error:
        raise click.ClickException(str(error)) from None


def _url(settings: Settings, listeners: Sequence[socket.socket]) -> str:
    return settings.url(listeners[0].getsockname()[1])


def _make_mock(settings: Settings) -> Mock:
    try:
        return Mock(settings)
    except SettingsError as error:
        raise Mistake(str(error)) from None


def _prepare(settings: Settings) -> tuple[Certificate | None, list[socket.socket]]:
    try:
        open_documents(settings, Versions(settings.api, settings.picked))
        require_client(settings)
        return find_certificate(settings), bind_group(settings.host, settings.port, settings.workers)
    except CannotListen as error:
        way_out = "; --port 0 picks a free one" if f"port {settings.port}" in str(error) else ""
        raise Mistake(f"{error}{way_out}") from None
    except (CertificateError, SettingsError) as error:
        raise Mistake(str(error)) from None


def write_port(path: str, port: int) -> None:
    """Write the port to a file, whole or not at all, so that who waits for the file reads a port.

    Into a pipe it is written once somebody reads there. Raises `Mistake`.
    """
    content = f"{port}\n".encode("ascii")
    if is_pipe(path):
        threading.Thread(target=write_file, args=(path, content), daemon=True).start()
        return
    try:
        write_file(path, content)
    except OSError as error:
        raise Mistake(f"port_file: {path} cannot be written: {error.strerror or error}") from None
