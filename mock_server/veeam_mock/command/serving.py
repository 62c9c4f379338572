"""The run of the server, from settings to its end: banner, port file, signals."""

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any

import click

from veeam_mock.api.installation import open_documents
from veeam_mock.command.banner import banner
from veeam_mock.command.ending import on_ending
from veeam_mock.command.mistakes import Mistake, config_path, told
from veeam_mock.command.output import Output
from veeam_mock.command.reloading import Reloading
from veeam_mock.door.certificates import Certificate, CertificateError, find_certificate
from veeam_mock.door.door import Patience
from veeam_mock.door.server import CannotListen, Server, bind
from veeam_mock.files import is_pipe, write_file
from veeam_mock.journal.lines import logger
from veeam_mock.mock import Mock
from veeam_mock.settings.admin_key import ensure_admin_key
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.versions import Versions


def run(settings: Settings, options: Mapping[str, Any]) -> None:
    """Serve until a signal ends it. `options` are those of the command, from which settings are read again.

    Raises `Mistake` where it cannot start.
    """
    _fill_closed_streams()
    certificate, listener = _prepare(settings)
    try:
        settings, key_file = ensure_admin_key(settings)
    except SettingsError as error:
        raise Mistake(str(error)) from None

    output = Output(sys.stdout, sys.stderr)

    def announce() -> None:
        port = listener.getsockname()[1]
        if settings.port_file:
            write_port(settings.port_file, port)
        if not settings.quiet:
            output.say(banner(settings, settings.url(port), certificate, key_file))

    mock = Mock(settings)
    gc.freeze()  # what is here now stays to the end: to look through it again and again costs 5 % of each request
    server = Server(mock, certificate, announce, Patience(settings.request_timeout))
    if settings.log:
        mock.installation.journal.listeners.append(logger(settings.log_format, output.say))
    on_ending(server.stop)
    if path := config_path(options):
        _reload_when_asked(server, Reloading(mock.installation, options), path)
    try:
        server.run(listener)
    finally:
        output.end()
        if key_file is not None:
            key_file.unlink(missing_ok=True)


def _fill_closed_streams() -> None:
    """Have something in the place of streams that were closed before we came: libuv ends a process whose socket is."""
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _prepare(settings: Settings) -> tuple[Certificate | None, socket.socket]:
    try:
        open_documents(settings, Versions(settings.api, settings.picked))
        return find_certificate(settings), bind(settings.host, settings.port)
    except CannotListen as error:
        way_out = "; --port 0 picks a free one" if f"port {settings.port}" in str(error) else ""
        raise Mistake(f"{error}{way_out}") from None
    except (CertificateError, SettingsError) as error:
        raise Mistake(str(error)) from None


def _reload_when_asked(server: Server, reloading: Reloading, path: str) -> None:
    """Read the settings again on SIGHUP, where the system has it; a terminal that is closed ends the server as ever."""
    reloading.enable()
    if not hasattr(signal, "SIGHUP"):
        return
    in_terminal = _has_terminal()

    def reload() -> None:
        try:
            reloading()
        except SettingsError as error:
            click.echo(f"{path} was read again, and nothing was changed: {told(error)}", err=True)
        else:
            click.echo(f"{path} was read again; all worlds start anew.", err=True)

    def answer(number: int, frame: object) -> None:
        if in_terminal and not _has_terminal():
            server.stop()
        else:  # in a thread: this one may hold the lock that a new start waits for
            threading.Thread(target=reload, daemon=True).start()

    signal.signal(signal.SIGHUP, answer)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


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
