"""The command `veeam-mock`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mock_server.durations import format_duration
from mock_server.settings import (
    BY_KEY,
    OPTIONS,
    Option,
    Settings,
    SettingsError,
    from_text,
    read_config,
    read_environment,
)

DISTRIBUTION = "veeam-devicecode-mock"


class Mistake(click.ClickException):
    """A mistake of the user: one clear text on standard error, exit status 2."""

    exit_code = 2


def gather(options: dict[str, Any]) -> Settings:
    """Settings from options, environment and config file, in this order of precedence; all mistakes at once."""
    path = options.pop("config", None) or os.environ.get("VEEAM_MOCK_CONFIG")
    given = {
        key: from_text(BY_KEY[key], value) if isinstance(value, str) else value
        for key, value in options.items()
        if value not in (None, ())
    }
    try:
        return Settings(**{**(read_config(path) if path else {}), **read_environment(), **given})
    except SettingsError as error:
        raise Mistake("\n".join(["these settings do not fit:", *(f"  {p}" for p in error.problems)])) from None


def serve(**options: Any) -> None:
    """Start a fake Veeam Backup for Microsoft Office 365 server."""
    settings = gather(options)
    from mock_server.banner import banner
    from mock_server.certificates import CertificateError, find_certificate
    from mock_server.server import CannotListen, Server, bind, url_of

    try:
        certificate = find_certificate(settings)
        listener = bind(settings.host, settings.port)
    except (CertificateError, CannotListen) as error:
        raise Mistake(str(error)) from None

    def announce() -> None:
        if settings.port_file:
            Path(settings.port_file).write_text(f"{listener.getsockname()[1]}\n", encoding="ascii")
        if not settings.quiet:
            click.echo(banner(settings, url_of(listener, settings.host, settings.http), certificate))

    Server(settings, certificate, announce).run(sockets=[listener])


def _parameters() -> list[click.Parameter]:
    config = click.Option(["--config"], metavar="FILE", help="Read settings from this YAML file.")
    return [*(_parameter(option) for option in OPTIONS if option.command), config]


def _parameter(option: Option) -> click.Option:
    name = f"--{option.key.replace('_', '-')}"
    if option.metavar is None:
        return click.Option([name], is_flag=True, default=None, help=option.help)
    many = option.schema.get("type") == "array"
    text = f"{option.help}{_default(option)}"
    return click.Option([name], metavar=option.metavar, multiple=many, help=text)


def _default(option: Option) -> str:
    if option.default in (None, ()):
        return ""
    return f" [default: {format_duration(option.default) if option.is_duration else option.default}]"


def _command(callback: Callable[..., None]) -> click.Command:
    command = click.Command(
        "veeam-mock",
        callback=callback,
        help=callback.__doc__,
        params=_parameters(),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    return click.version_option(package_name=DISTRIBUTION, prog_name="veeam-mock")(command)


command = _command(serve)


def main() -> None:
    """Run the command. Exit status 0 after Ctrl-C or SIGTERM, 2 for a mistake."""
    command.main(prog_name="veeam-mock")
