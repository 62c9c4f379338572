"""The command `veeam-contracts`: a thin front of pytest, with its own configuration and root.

Nothing large is imported before `main` has taken the signals over.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veeam_contracts.judging.status import Status
from veeam_contracts.option_table import OPTIONS, Kind
from veeam_contracts.running.interruption import INTERRUPTION
from veeam_mock.streams import lenient_streams

if TYPE_CHECKING:
    from veeam_contracts.judging.verdict import Verdict
    from veeam_contracts.options import Options
    from veeam_contracts.running.run import Run

RULES = Path(__file__).with_name("rules")
PYTEST_ARGUMENTS = (
    "-c", str(RULES / "pytest.ini"), f"--rootdir={RULES}", f"--confcutdir={RULES}",
    "-p", "veeam_contracts.running.plugin", "-p", "schemathesis.pytest.plugin", "-p", "no:terminal", str(RULES),
)  # fmt: skip
OWN_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
"""A stranger's plugins and options in the folder or the environment must make no difference."""

EXTRA = ("pytest", "schemathesis", "rich", "jinja2")
"""What only the extra `contracts` installs."""


class WithoutExtra(click.ClickException):
    """The package is installed without what the command stands on."""

    exit_code = Status.USAGE

    def __init__(self) -> None:
        super().__init__("veeam-contracts needs its extra: pip install 'veeam-devicecode-mock[contracts]'")

    def show(self, file: Any = None) -> None:
        """Print the line alone."""
        click.echo(self.message, err=True)


def require_extra() -> None:
    """Raise `WithoutExtra` when a package of the extra is missing."""
    if not all(map(find_spec, EXTRA)):
        raise WithoutExtra


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="veeam-devicecode-mock", prog_name="veeam-contracts")
def command() -> None:
    """Check a server that gives Veeam device codes against the contract."""


@command.command("list")
def list_rules() -> None:
    """Print every rule with its source, and why it matters."""
    require_extra()
    from veeam_contracts.reports.terminal import print_rules

    print_rules()


def _check_options(function: Any) -> Any:
    for option in reversed(OPTIONS):
        switch = option.kind is Kind.SWITCH
        several = option.kind is Kind.LIST
        form = {"is_flag": True, "default": None} if switch else {"metavar": option.metavar, "multiple": several}
        function = click.option(f"--{option.name}", help=option.help, **form)(function)
    return click.argument("url", required=False)(function)


@command.command()
@_check_options
def check(**given: Any) -> None:
    """Check the server at URL, or the bundled mock without one.

    A URL can also stand in VEEAM_URL. Exit status: 0 conforms, 1 contract broken, 2 used wrongly, 3 inconclusive,
    4 failure of the suite itself.
    """
    require_extra()
    if given["password_stdin"]:
        given["password"] = sys.stdin.readline().rstrip("\r\n")
    from veeam_contracts.options import Mistake, read_options

    try:
        options = read_options(given, os.environ)
    except Mistake as mistake:
        raise click.UsageError(str(mistake)) from None
    sys.exit(run(options, click.get_current_context().obj))


SIDE = frozenset(
    {"api", "username", "password", "password-stdin", "token", "ca-cert", "insecure", "proxy", "timeout", "rate",
     "max-time", "organization-id", "region"}
)  # fmt: skip
"""The options of `check` that say which server is asked, and how."""


def _side_options(function: Any) -> Any:
    for option in reversed([option for option in OPTIONS if option.name in SIDE]):
        form = {"is_flag": True, "default": None} if option.kind is Kind.SWITCH else {"metavar": option.metavar}
        function = click.option(f"--{option.name}", help=option.help, **form)(function)
    return function


def _side(given: dict[str, Any]) -> "Options":
    """The options of a side. Raises `click.UsageError`."""
    from veeam_contracts.options import Mistake, read_options

    try:
        return read_options(given, os.environ)
    except Mistake as mistake:
        raise click.UsageError(str(mistake)) from None


def _read_password(given: dict[str, Any]) -> None:
    """Read the password from standard input, where that is asked for; once, as both sides of a comparison have it."""
    if given.pop("password_stdin", None):
        given["password"] = sys.stdin.readline().rstrip("\r\n")


@command.command()
@click.argument("url")
@click.option("--output", "-o", metavar="FILE", required=True, help="Write the profile to this file.")
@_side_options
def probe(output: str, **given: Any) -> None:
    """Learn how the server at URL answers, for `veeam-mock --profile`.

    At most 200 requests, none of which changes anything, one wrong password, and six refused logins.
    """
    require_extra()
    _read_password(given)
    options = _side(given)
    from veeam_contracts.twin.commands import run_probe

    sys.exit(run_probe(options, output))


@command.command()
@click.argument("a")
@click.argument("b")
@click.option("--json", "report", metavar="FILE", help="Write the differences as JSON.")
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=1, help="Seed of what is drawn. [default: 1]")
@click.option("--b-username", metavar="NAME", help="User at B. [default: that of A]")
@click.option("--b-password", metavar="TEXT", help="Password at B; better in VEEAM_B_PASSWORD. [default: that of A]")
@click.option("--b-token", metavar="TEXT", help="Access token at B. [default: that of A]")
@click.option("--b-ca-cert", metavar="FILE", help="CA (PEM) that signed B's certificate. [default: that of A]")
@_side_options
def compare(a: str, b: str, report: str | None, seed: int, **given: Any) -> None:
    """Compare how A and B answer; each is a URL, or the file of a profile.

    Each gets at most 300 requests, none of which changes anything; most are drawn from the seed.

    Exit status: 0 no difference, 1 some, 2 used wrongly, 3 one side cannot be asked.
    """
    require_extra()
    other = {key.removeprefix("b_"): given.pop(key) for key in list(given) if key.startswith("b_")}
    other["password"] = other["password"] or os.environ.get("VEEAM_B_PASSWORD")
    given["seed"] = seed
    _read_password(given)
    sides = [(a, given), (b, {**given, **{key: value for key, value in other.items() if value is not None}})]
    read = [Path(text) if _is_profile(text) else _side({**values, "url": text}) for text, values in sides]
    from veeam_contracts.twin.commands import run_compare

    sys.exit(run_compare(read[0], read[1], report, seed))


def _is_profile(text: str) -> bool:
    return "://" not in text


def run(options: "Options", began: float | None = None) -> Status:
    """Check, print the verdict, and return the exit status; the time of the run counts from `began`, or from now."""
    INTERRUPTION.hold()
    gc.disable()  # What is imported and collected stays to the end: a third of the start went by in looking through it.
    from veeam_contracts.reports.terminal import Progress, print_verdict
    from veeam_contracts.running.run import Run

    this = Run(options, began=began)
    with Progress() as progress:
        verdict = conduct(this, progress, Release())
    if verdict is None:
        click.echo("veeam-contracts: pytest ended before there was a verdict: please report it", err=True)
        return Status.OWN_FAILURE
    print_verdict(verdict)
    for problem in this.unwritten:
        click.echo(f"veeam-contracts: {problem}", err=True)
    return verdict.status


class Release:
    """A pytest plugin that lets interruptions through, and the garbage collector, once pytest has begun."""

    def pytest_collection(self) -> None:
        """The session has started: from now on pytest ends a run in good order."""
        INTERRUPTION.release()

    def pytest_collection_finish(self) -> None:
        """What there is by now stays."""
        gc.freeze()
        gc.enable()


def conduct(this: "Run", *plugins: object, arguments: tuple[str, ...] = ()) -> "Verdict | None":
    """Let pytest try the rules for a run; None when it did not come to a verdict."""
    import pytest

    with own_environment():
        pytest.main([*PYTEST_ARGUMENTS, *arguments], plugins=[this, *plugins])
    return this.verdict


@contextmanager
def own_environment() -> Iterator[None]:
    """The environment without what a stranger tells pytest."""
    before = {name: os.environ.get(name) for name in OWN_ENVIRONMENT}
    os.environ.update(OWN_ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def main() -> None:
    """Run the command. Where an interruption leaves nothing to judge, the run is inconclusive as well."""
    INTERRUPTION.take_over()
    with lenient_streams("veeam-contracts"):
        _run_command()


def _run_command() -> None:
    try:
        # What the command may take counts from here: imports and the collecting of rules take seconds.
        began = time.monotonic()
        sys.exit(command.main(prog_name="veeam-contracts", standalone_mode=False, obj=began))
    except click.exceptions.Abort:
        click.echo("veeam-contracts: interrupted", err=True)
        sys.exit(Status.INCONCLUSIVE)
    except click.ClickException as mistake:
        mistake.show()
        sys.exit(mistake.exit_code)
