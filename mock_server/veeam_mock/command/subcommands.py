"""What `veeam-mock` does beside serving: check-config, faults, openapi, wait."""

from collections.abc import Mapping
from typing import Any

import click
import orjson

from veeam_mock.command.mistakes import Mistake, settings_from, told
from veeam_mock.model.durations import parse_duration
from veeam_mock.settings.addresses import is_origin
from veeam_mock.settings.options import MEMORY
from veeam_mock.settings.settings import SettingsError
from veeam_mock.spec.document import VERSIONS


def list_faults(options: Mapping[str, Any]) -> None:
    """List the kinds of fault and the presets, with an example each."""
    _refuse(options, "to list the faults")
    from veeam_mock.command.fault_list import catalogue

    click.echo(catalogue())


def print_document(options: Mapping[str, Any], api: str, form: str) -> None:
    """Print the OpenAPI document of a version."""
    _refuse(options, "to print a document")
    from veeam_mock.spec.document import document_of, write_document

    click.echo(write_document(document_of(api), form), nl=False)


def check_config(options: Mapping[str, Any], file: str | None, schema: bool) -> None:
    """Check a config file, and tell all its mistakes; exit status 2 when it has some.

    With --schema, print the JSON Schema of config files, which editors use to complete and to check.
    """
    _refuse(options, "to check a file")
    if schema:
        from veeam_mock.settings.config_schema import config_schema

        click.echo(orjson.dumps(config_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), nl=False)
        return
    if file is None:
        raise Mistake("FILE: name the config file to check, as in veeam-mock check-config veeam.yaml")
    from veeam_mock.api.installation import Installation

    settings = settings_from({"config": file}, environ={})
    try:
        # What the file names is read as for a server: documents, answers, a profile. A store is not asked.
        Installation(settings.replace(store=MEMORY))
    except SettingsError as error:
        raise Mistake(told(error)) from None
    click.echo(f"{file} is good.")


def wait(options: Mapping[str, Any], url: str | None, timeout: str) -> None:
    """Wait until a mock answers at URL, or where options and environment have it listen; exit status 1 when none does.

    Options such as --port go before the word wait.
    """
    from veeam_mock.command.waiting import NotReady, wait_until_ready

    if url is None:
        settings = settings_from(options)
        url = settings.url(settings.port)
    else:
        _refuse(options, "where a URL says where to wait")
    if "@" in url:
        raise Mistake("URL: holds a login, which is not needed to wait; write it as https://localhost:4443")
    if "?" in url or "#" in url:
        raise Mistake(
            "URL: holds a query or a fragment, which a server has none of; write it as https://localhost:4443"
        )
    if not is_origin(url):
        raise Mistake(f"URL: {url!r} is not an address such as https://localhost:4443")
    try:
        wait_until_ready(url, parse_duration(timeout))
    except ValueError as error:
        raise Mistake(f"timeout: {error}") from None
    except NotReady as error:
        raise click.ClickException(str(error)) from None


def _refuse(options: Mapping[str, Any], purpose: str) -> None:
    """`Mistake` where options of the server were given that would be dropped."""
    if options:
        flags = ", ".join(f"--{key.replace('_', '-')}" for key in options)
        raise Mistake(f"{flags}: of no use {purpose}")


def commands() -> list[click.Command]:
    """The subcommands; each is given the options that stood before its name."""
    version = click.Option(
        ["--api"], type=click.Choice(VERSIONS), default=VERSIONS[-1], show_default=True, help="Version of the API."
    )
    form = click.Option(
        ["--format", "form"], type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Its form."
    )
    limit = click.Option(["--timeout"], metavar="DURATION", default="30s", show_default=True, help="How long to wait.")
    schema = click.Option(["--schema"], is_flag=True, help="Print the JSON Schema of config files instead.")
    file = click.Argument(["file"], required=False, type=click.Path())
    return [
        _command("check-config", check_config, "Check a config file; --schema prints its JSON Schema.", [file, schema]),
        _command("faults", list_faults, "List the kinds of fault and the presets.", []),
        _command("openapi", print_document, "Print the OpenAPI document of a version.", [version, form]),
        _command("wait", wait, "Wait until a mock answers.", [click.Argument(["url"], required=False), limit]),
    ]


def _command(name: str, call: Any, short: str, parameters: list[click.Parameter]) -> click.Command:
    return click.Command(name, callback=click.pass_obj(call), help=call.__doc__, short_help=short, params=parameters)
