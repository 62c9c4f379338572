"""Write docs/veeam-mock.1, the man page, from the help of the command: `python docs/make_man.py`."""

from pathlib import Path

import click

from veeam_mock.command.cli import command

TARGET = Path(__file__).with_name("veeam-mock.1")
FILES = (
    ("ca.pem", "the authority that clients trust, in ~/.config/veeam-mock on Linux"),
    ("server.pem, server.key", "the certificate and its key, made on first use"),
)


def render() -> str:
    """The page, as man(7) has it."""
    lines = [
        '.TH VEEAM-MOCK 1 "" "veeam-devicecode-mock" "User commands"',
        ".SH NAME",
        "veeam-mock \\- a fake Veeam Backup for Microsoft 365 server that gives device codes",
        ".SH SYNOPSIS",
        ".B veeam-mock",
        "[\\fIOPTIONS\\fR] [\\fICOMMAND\\fR]",
        ".SH DESCRIPTION",
        _text(command.help or ""),
        ".SH OPTIONS",
        *_options(command),
        ".SH COMMANDS",
    ]
    for name in sorted(command.commands):
        lines += _subcommand(name, command.commands[name])
    lines += [
        ".SH ENVIRONMENT",
        "Each option is also a variable, such as",
        ".BR VEEAM_MOCK_CODE_LIFETIME ,",
        "and a key of the config file; an option takes precedence over a variable,",
        "and that over the file.",
        ".SH EXIT STATUS",
        "0 after Ctrl-C or SIGTERM, 2 for a mistake; of wait 1 when no mock answers.",
        ".SH FILES",
    ]
    for name, purpose in FILES:
        lines += [".TP", f".I {_text(name)}", _text(purpose)]
    return "\n".join(lines) + "\n"


def _subcommand(name: str, subcommand: click.Command) -> list[str]:
    context = _context_of(subcommand)
    words = " ".join(subcommand.collect_usage_pieces(context))
    return [f".SS {_text(name)} {_text(words)}", _text(subcommand.help or ""), *_options(subcommand)]


def _context_of(called: click.Command) -> click.Context:
    """As the command line makes it: the names of the help option come from the command, and click keeps them."""
    whole = click.Context(command, info_name="veeam-mock", **command.context_settings)
    return whole if called is command else click.Context(called, parent=whole, info_name=called.name)


def _options(called: click.Command) -> list[str]:
    context = _context_of(called)
    lines = []
    for parameter in called.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            lines += [".TP", f".B {_text(record[0])}", _text(record[1])]
    return lines


def _text(text: str) -> str:
    """Text that roff takes as it is: hyphens stay hyphens, and no line is a request."""
    plain = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
