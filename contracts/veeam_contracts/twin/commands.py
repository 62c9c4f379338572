"""The commands `probe` and `compare`."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import click

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import Client, NoLogin
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import Target
from veeam_contracts.judging.status import Status
from veeam_contracts.options import Options, bundled_target
from veeam_contracts.paths import Version
from veeam_contracts.running.versions import choose, served_versions
from veeam_contracts.twin.comparing import Difference, Side, as_json, compare, record
from veeam_contracts.twin.probing import NothingShown, probe
from veeam_contracts.writing import write_output
from veeam_mock.secrecy.showing import printable

MOST_PROBED, MOST_COMPARED = 200, 300
"""Requests to one server."""

SHOWN = 300
"""Characters of a value that a line of differences shows."""


class CannotCompare(Exception):
    """One side cannot be asked; the message says why."""

    @classmethod
    def of(cls, url: str, reason: str) -> "CannotCompare":
        """That of an address, which is told once."""
        return cls(reason if reason.startswith(url) else f"{url}: {reason}")


class WrongProfile(Exception):
    """A side that is a profile cannot be read; the message says why."""


def run_probe(options: Options, output: str) -> Status:
    """Write the profile of the server; the exit status."""
    assert options.target is not None
    try:
        with opened(options.target, options, MOST_PROBED) as (client, served):
            profile = probe(client, served)
            used = client.admission.used
    except (CannotCompare, NothingShown) as error:
        click.echo(f"veeam-contracts: {error}", err=True)
        return Status.INCONCLUSIVE
    if not write(output, profile.write()):
        return Status.OWN_FAILURE
    parts, left_out = profile.told()
    for reason in left_out:
        click.echo(printable(f"veeam-contracts: left out, as no profile may hold it: {reason}"), err=True)
    answers = sum(len(parts.get(part, ())) for part in ("refusals", "answers"))
    click.echo(
        f"{output}: {answers} answers and {len(profile.ambiguities)} readings of {profile.api}, by "
        f"{used.requests} requests, {used.refused_logins} refused logins, {used.wrong_passwords} wrong password"
    )
    return Status.CONFORMS


def run_compare(one: Options | Path, other: Options | Path, report: str | None, seed: int = 1) -> Status:
    """Print where two servers differ; the exit status: 0 nowhere, 1 somewhere, 2 for a profile that cannot be read, 3
    where one side cannot be asked.

    A side that is a profile is the bundled mock by that profile. Exchanges are drawn from `seed`.
    """
    try:
        with ExitStack() as stack:
            one, other = (stack.enter_context(standing(side, seed)) for side in (one, other))
            assert one.target is not None
            began = time.monotonic()
            first, _ = stack.enter_context(opened(one.target, one, MOST_COMPARED, began))
            other = replace(other, api=first.version.name)
            assert other.target is not None
            second, _ = stack.enter_context(opened(other.target, other, MOST_COMPARED, began))
            found = compare(record_side(first), record_side(second))
    except WrongProfile as error:
        click.echo(f"veeam-contracts: {error}", err=True)
        return Status.USAGE
    except CannotCompare as error:
        click.echo(f"veeam-contracts: {error}", err=True)
        return Status.INCONCLUSIVE
    for line in told(found, first.version):
        click.echo(line)
    if report is not None:
        write(report, json.dumps(as_json(found), indent=2) + "\n")
    return Status.BROKEN if found else Status.CONFORMS


@contextmanager
def standing(side: Options | Path, seed: int) -> Iterator[Options]:
    """A side to ask, as it was given, or the bundled mock by a profile. Raises `WrongProfile`."""
    if isinstance(side, Options):
        yield side
        return
    from veeam_mock import MockServer

    try:
        server = MockServer(port=0, http=True, quiet=True, profile=str(side))
    except ValueError as error:
        raise WrongProfile(str(error)) from None
    with server:
        options = Options(target=None, seed=seed)
        yield replace(options, target=bundled_target(server, options))


def record_side(client: Client) -> Side:
    """What one server answers. Raises `CannotCompare`."""
    try:
        return record(client)
    except (Refused, NoLogin) as error:
        raise CannotCompare.of(client.target.url, client.secrets.mask(str(error))) from None


@contextmanager
def opened(
    target: Target, options: Options, most: int, began: float | None = None
) -> Iterator[tuple[Client, tuple[Version, ...]]]:
    """A client that has logged in and looked around, and the versions that are served. Raises `CannotCompare`.

    The time of a run counts from `began`, as `time.monotonic` says it in seconds, or from now.
    """
    line = Line(replace(target, limits=replace(target.limits, requests=most, refused_logins=6)), began=began)
    try:
        served = served_versions(line)
        client = Client(line, choose(options, served)[-1])
        client.log_in()
        client.look_around()
        yield client, served
    except (NoLogin, Refused) as error:
        raise CannotCompare.of(target.url, line.secrets.mask(str(error))) from None
    finally:
        line.close()


def told(differences: list[Difference], version: Version) -> Iterator[str]:
    """The differences for a person."""
    for difference in differences:
        yield printable(f"{difference.aspect}: {difference.one[:SHOWN]!r} at A, {difference.other[:SHOWN]!r} at B")
        yield f"  in {', '.join(difference.questions)}"
        yield f"    A  {difference.example[0]}"
        yield f"    B  {difference.example[1]}"
    number = len(differences)
    yield f"{number} differences" if number != 1 else "1 difference"


def write(path: str, text: str) -> bool:
    """Write a file whole; False, and a line that says why, where that cannot be."""
    try:
        write_output(Path(path), text)
    except OSError as error:
        click.echo(f"veeam-contracts: {path} cannot be written: {error.strerror or error}", err=True)
        return False
    return True
