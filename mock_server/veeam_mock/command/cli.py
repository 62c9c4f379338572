"""The command `veeam-mock`: its options, and the run of the server from settings to its end."""

import gc
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veeam_mock.command.mistakes import Mistake, config_path, settings_from, told
from veeam_mock.command.reloading import Reloading
from veeam_mock.command.subcommands import commands
from veeam_mock.journal.lines import logger
from veeam_mock.model.durations import format_duration
from veeam_mock.settings.options import OPTIONS, Option
from veeam_mock.settings.settings import Settings, SettingsError

if TYPE_CHECKING:
    import socket

    from veeam_mock.door.certificates import Certificate
    from veeam_mock.door.server import Server

DISTRIBUTION = "veeam-devicecode-mock"
ENDING = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop the server, which is a success."""


def serve(context: click.Context, **options: Any) -> None:
    """Start a fake Veeam Backup for Microsoft Office 365 server."""
    if context.invoked_subcommand is not None:
        context.obj = {key: value for key, value in options.items() if value not in (None, ())}
        return
    run(settings_from(options), options)


def run(settings: Settings, options: Mapping[str, Any]) -> None:
    """Serve until a signal ends it. `options` are those of the command, from which settings are read again.

    Raises `Mistake` where it cannot start.
    """
    from veeam_mock.command.banner import banner
    from veeam_mock.door.door import Patience
    from veeam_mock.door.server import Server
    from veeam_mock.mock import Mock
    from veeam_mock.settings.admin_key import ensure_admin_key

    certificate, listener = _prepare(settings)
    try:
        settings, key_file = ensure_admin_key(settings)
    except SettingsError as error:
        raise Mistake(str(error)) from None

    def announce() -> None:
        port = listener.getsockname()[1]
        if settings.port_file:
            write_port(settings.port_file, port)
        if not settings.quiet:
            click.echo(banner(settings, settings.url(port), certificate, key_file))

    mock = Mock(settings)
    gc.freeze()  # what is here now stays to the end: to look through it again and again costs 5 % of each request
    server = Server(mock, certificate, announce, Patience(settings.request_timeout))
    if settings.log:
        mock.installation.journal.listeners.append(logger(settings.log_format, click.echo))
    for number in ENDING:
        signal.signal(number, lambda number, frame: server.stop())
    if path := config_path(options):
        _reload_when_asked(server, Reloading(mock.installation, options), path)
    try:
        server.run(listener)
    finally:
        for number in ENDING:  # whoever asks once more, as `timeout` does, gets what was asked for: a wanted stop
            signal.signal(number, signal.SIG_IGN)
        if key_file is not None:
            key_file.unlink(missing_ok=True)


def _prepare(settings: Settings) -> "tuple[Certificate | None, socket.socket]":
    from veeam_mock.door.certificates import CertificateError, find_certificate
    from veeam_mock.door.server import CannotListen, bind

    try:
        return find_certificate(settings), bind(settings.host, settings.port)
    except CannotListen as error:
        way_out = "; --port 0 picks a free one" if f"port {settings.port}" in str(error) else ""
        raise Mistake(f"{error}{way_out}") from None
    except CertificateError as error:
        raise Mistake(str(error)) from None


def _reload_when_asked(server: "Server", reloading: Reloading, path: str) -> None:
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
    """Write the port to a file, whole or not at all, so that who waits for the file reads a port."""
    fresh = Path(f"{path}.{os.getpid()}")
    try:
        fresh.write_text(f"{port}\n", encoding="ascii")
        fresh.replace(path)
    except OSError as error:
        raise Mistake(f"port_file: {path} cannot be written: {error.strerror or error}") from None


def _parameters() -> list[click.Parameter]:
    config = click.Option(["--config"], metavar="FILE", help="Read settings from this YAML file.")
    return [*(_parameter(option) for option in OPTIONS if option.command), config]


def _parameter(option: Option) -> click.Option:
    name = f"--{option.key.replace('_', '-')}"
    if option.metavar is None:
        return click.Option([name], is_flag=True, default=None, help=option.help)
    many = option.key in ("cors", "allow_host")
    text = f"{option.help}{_default(option)}"
    return click.Option([name], metavar=option.metavar, multiple=many, help=text)


def _default(option: Option) -> str:
    if option.default is None or isinstance(option.default, tuple):
        return ""
    return f" [default: {format_duration(option.default) if option.is_duration else option.default}]"


def _command() -> click.Group:
    group = click.Group(
        "veeam-mock",
        callback=click.pass_context(serve),
        invoke_without_command=True,
        help=serve.__doc__,
        params=_parameters(),
        subcommand_metavar="[COMMAND]",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    for subcommand in commands():
        group.add_command(subcommand)
    return click.version_option(package_name=DISTRIBUTION, prog_name="veeam-mock")(group)


command = _command()


def main() -> None:
    """Run the command. Exit status 0 after Ctrl-C or SIGTERM, 2 for a mistake."""
    command.main(prog_name="veeam-mock")
