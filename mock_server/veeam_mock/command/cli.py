"""The command `veeam-mock`."""

from functools import partial
from typing import Any

import click
from click.shell_completion import CompletionItem

from veeam_mock.command.mistakes import settings_from
from veeam_mock.command.subcommands import commands
from veeam_mock.model.durations import format_duration
from veeam_mock.settings.options import OPTIONS, Option
from veeam_mock.streams import lenient_streams

DISTRIBUTION = "veeam-devicecode-mock"
REPEATABLE = frozenset({"allow_host", "also", "cors", "name"})


def serve(context: click.Context, **options: Any) -> None:
    """Start a fake Veeam Backup for Microsoft Office 365 server."""
    if context.invoked_subcommand is not None:
        context.obj = {key: value for key, value in options.items() if value not in (None, ())}
        return
    settings = settings_from(options)
    from veeam_mock.command.serving import run

    run(settings, options)


def _parameters() -> list[click.Parameter]:
    config = click.Option(
        ["--config"],
        metavar="FILE",
        help="Read settings from this YAML file.",
        shell_complete=lambda context, parameter, begun: [CompletionItem(begun, type="file")],
    )
    return [*(_parameter(option) for option in OPTIONS if option.command), config]


def _parameter(option: Option) -> click.Option:
    name = f"--{option.key.replace('_', '-')}"
    if option.metavar is None:
        return click.Option([name], is_flag=True, default=None, help=option.help)
    many = option.key in REPEATABLE
    text = f"{option.help}{_default(option)}"
    completed = partial(_complete, option)
    return click.Option([name], metavar=option.metavar, multiple=many, help=text, shell_complete=completed)


def _complete(option: Option, context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The values of an option that begin with what was typed, for the completion of a shell."""
    if option.metavar == "FILE":
        return [CompletionItem(begun, type="file")]
    values = option.schema.get("enum") or option.schema.get("items", {}).get("enum", ())
    return [CompletionItem(value) for value in values if value.startswith(begun)]


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
    with lenient_streams("veeam-mock"):
        command.main(prog_name="veeam-mock")
