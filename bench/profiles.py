"""What a profile costs on the path of a request: processor time in the mock with one and without, and calls.

    python bench/profiles.py profile.yaml

No socket is in between, so that a ratio is larger than that of throughput. With and without take turns, and the least
of the rounds counts, as what else the machine does can only add to it.
"""

import cProfile
import json
import pstats
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from veeam_mock.messages import JSON, Request
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings

LOGIN = b"grant_type=password&username=administrator&password=secret&disable_antiforgery_token=true"
FORM = "application/x-www-form-urlencoded"
CODE = b'{"targetRegion":"worldwide"}'


def login(api: str) -> Request:
    """One with the password."""
    fields = {"content-type": FORM, "content-length": str(len(LOGIN))}
    return Request("POST", f"/{api}/Token", headers=fields, body=LOGIN)


def logged_in(mock: Mock, api: str) -> Mapping[str, str]:
    """Header fields with a token of `mock`."""
    return {"authorization": f"Bearer {json.loads(mock.answer(login(api)).body)['access_token']}"}


def asked(mock: Mock, api: str) -> Mapping[str, tuple[Request, int]]:
    """What is measured, by name, with the status of its answer."""
    token = logged_in(mock, api)
    code = {**token, "content-type": JSON, "content-length": str(len(CODE))}
    listed = Request("GET", f"/{api}/Organizations", headers=dict(token))
    listed = replace(listed, query="extendedView=true") if api == "v8" else listed
    wanted = {
        "a code": Request("POST", f"/{api}/DeviceCode", headers=code, body=CODE),
        "a list of organizations": listed,
        "a refusal": Request("GET", f"/{api}/Organizations"),
        "a login": login(api),
    }
    return {name: (request, 401 if name == "a refusal" else 200) for name, request in wanted.items()}


def repeat(mock: Mock, request: Request, status: int, number: int) -> Callable[[], None]:
    """Asks `mock` so often, as a door does that knows the head."""
    head = mock.read(request)
    assert mock.reply(head, request.body).status == status, mock.reply(head, request.body)

    def run() -> None:
        for _ in range(number):
            mock.reply(head, request.body)

    return run


def spent(run: Callable[[], None]) -> float:
    """Processor seconds."""
    began = time.process_time()
    run()
    return time.process_time() - began


def calls(run: Callable[[], None]) -> int:
    """Calls of functions."""
    profile = cProfile.Profile()
    profile.runcall(run)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@click.command(help=__doc__)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--api", default="v4", show_default=True, help="The version that is asked.")
@click.option("--rounds", default=60, show_default=True, type=click.IntRange(min=1), help="Rounds of each request.")
@click.option("--number", default=500, show_default=True, type=click.IntRange(min=1), help="Requests a round.")
def main(files: tuple[str, ...], api: str, rounds: int, number: int) -> None:
    """Print a table: for each profile the ratio with to without."""
    click.echo("| profile | request | µs without | µs with | ratio | calls without | calls with |")
    click.echo("|---|---|---:|---:|---:|---:|---:|")
    for file in files:
        mocks = [Mock(Settings(password="secret", profile=profile)) for profile in (None, file)]
        for name in asked(mocks[0], api):
            runs = [repeat(mock, *asked(mock, api)[name], number) for mock in mocks]
            least = [min(times) for times in zip(*[[spent(run) for run in runs] for _ in range(rounds)], strict=True)]
            without, given = (each / number * 1e6 for each in least)
            counted = [calls(run) / number for run in runs]
            click.echo(
                f"| {file} | {name} | {without:.1f} | {given:.1f} | {given / without:.3f} "
                f"| {counted[0]:.0f} | {counted[1]:.0f} |"
            )


if __name__ == "__main__":
    main()
