"""The command `veeam-mock`."""

import gc
import os
from pathlib import Path
from typing import Any

import click

from veeam_mock.journal.lines import logger
from veeam_mock.model.durations import format_duration, parse_duration
from veeam_mock.settings.options import OPTIONS, Option
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.sources import gather
from veeam_mock.spec.document import VERSIONS

DISTRIBUTION = "veeam-devicecode-mock"
REPEATABLE = frozenset({"allow_host", "also", "cors"})


class Mistake(click.ClickException):
    """A mistake of the user: one clear text on standard error, exit status 2."""

    exit_code = 2


def settings_from(options: dict[str, Any]) -> Settings:
    """Settings from options, environment and config file; all mistakes at once."""
    path = options.pop("config", None) or os.environ.get("VEEAM_MOCK_CONFIG")
    try:
        return gather({key: value for key, value in options.items() if value not in (None, ())}, path)
    except SettingsError as error:
        raise Mistake("\n".join(["these settings do not fit:", *(f"  {p}" for p in error.problems)])) from None


def serve(context: click.Context, **options: Any) -> None:
    """Start a fake Veeam Backup for Microsoft Office 365 server."""
    if context.invoked_subcommand is not None:
        context.obj = {key: value for key, value in options.items() if value not in (None, ())}
        return
    settings = settings_from(options)
    from veeam_mock.api.installation import open_documents
    from veeam_mock.command.banner import banner
    from veeam_mock.command.ending import on_ending
    from veeam_mock.door.certificates import CertificateError, find_certificate
    from veeam_mock.door.door import Patience
    from veeam_mock.door.server import CannotListen, Server, bind
    from veeam_mock.mock import Mock
    from veeam_mock.settings.admin_key import ensure_admin_key
    from veeam_mock.spec.versions import Versions

    try:
        open_documents(settings, Versions(settings.api, settings.picked))
        certificate = find_certificate(settings)
        listener = bind(settings.host, settings.port)
        settings, key_file = ensure_admin_key(settings)
    except (CertificateError, CannotListen, SettingsError) as error:
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
    on_ending(server.stop)
    try:
        server.run(listener)
    finally:
        if key_file is not None:
            key_file.unlink(missing_ok=True)


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
    many = option.key in REPEATABLE
    text = f"{option.help}{_default(option)}"
    return click.Option([name], metavar=option.metavar, multiple=many, help=text)


def _default(option: Option) -> str:
    if option.default in (None, ()):
        return ""
    return f" [default: {format_duration(option.default) if option.is_duration else option.default}]"


def list_faults(options: dict[str, Any]) -> None:
    """List the kinds of fault and the presets, with an example each."""
    if options:
        raise Mistake(f"{_flags(options)}: of no use to list the faults")
    from veeam_mock.command.fault_list import catalogue

    click.echo(catalogue())


def _flags(options: dict[str, Any]) -> str:
    return ", ".join(f"--{key.replace('_', '-')}" for key in options)


def wait(options: dict[str, Any], url: str | None, timeout: str) -> None:
    """Wait until a mock answers at URL, or where options and environment have it listen; exit status 1 when none does.

    Options such as --port go before the word wait.
    """
    from veeam_mock.command.waiting import NotReady, wait_until_ready

    if url is None:
        settings = settings_from(options)
        url = settings.url(settings.port)
    elif options:
        raise Mistake(f"{_flags(options)}: of no use where a URL says where to wait")
    if "@" in url:
        raise Mistake("URL: holds a login, which is not needed to wait; write it as https://localhost:4443")
    if not url.startswith(("http://", "https://")):
        raise Mistake(f"URL: {url!r} is not an address such as https://localhost:4443")
    try:
        wait_until_ready(url, parse_duration(timeout))
    except ValueError as error:
        raise Mistake(f"timeout: {error}") from None
    except NotReady as error:
        raise click.ClickException(str(error)) from None


def print_document(options: dict[str, Any], api: str, form: str) -> None:
    """Print the OpenAPI document of a version."""
    if options:
        raise Mistake(f"{_flags(options)}: of no use to print a document")
    from veeam_mock.spec.document import document_of, write_document

    click.echo(write_document(document_of(api), form), nl=False)


def _openapi_command() -> click.Command:
    version = click.Option(
        ["--api"], type=click.Choice(VERSIONS), default=VERSIONS[-1], show_default=True, help="Version of the API."
    )
    form = click.Option(
        ["--format", "form"], type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Its form."
    )
    return click.Command(
        "openapi", callback=click.pass_obj(print_document), help=print_document.__doc__, params=[version, form]
    )


def _wait_command() -> click.Command:
    limit = click.Option(["--timeout"], metavar="DURATION", default="30s", show_default=True, help="How long to wait.")
    return click.Command(
        "wait",
        callback=click.pass_obj(wait),
        help=wait.__doc__,
        params=[click.Argument(["url"], required=False), limit],
    )


def _command() -> click.Group:
    group = click.Group(
        "veeam-mock",
        callback=click.pass_context(serve),
        invoke_without_command=True,
        help=serve.__doc__,
        params=_parameters(),
        subcommand_metavar="[faults|openapi|wait]",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    group.add_command(click.Command("faults", callback=click.pass_obj(list_faults), help=list_faults.__doc__))
    group.add_command(_openapi_command())
    group.add_command(_wait_command())
    return click.version_option(package_name=DISTRIBUTION, prog_name="veeam-mock")(group)


command = _command()


def main() -> None:
    """Run the command. Exit status 0 after Ctrl-C or SIGTERM, 2 for a mistake."""
    command.main(prog_name="veeam-mock")
