"""A server in this process, its profile, and the mock by that profile."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mutants.harness import PASSWORD, TIMEOUT, USERNAME, Behaviour, FakeTime, InProcess, Server
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import LIVE, Login, Target
from veeam_contracts.paths import VERSIONS
from veeam_contracts.twin.comparing import Difference, Side, compare, record
from veeam_contracts.twin.probing import probe
from veeam_mock import MockServer, Settings
from veeam_mock.mock import Mock


def first(number: int, cases: Iterable[Any]) -> list[Any]:
    """Parameters of a test: the first of some cases, and the others in the long proofs."""
    return [
        case if at < number else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.long)
        for at, case in enumerate(cases)
    ]


URL = "https://faulty.test:4443"


def client_of(
    behave: Behaviour, settings: Mapping[str, Any], api: str, fake: FakeTime | None = None, **limits: Any
) -> Client:
    """A client of a server in this process, under the limits of a live one, in a time that passes by sleeping alone."""
    fake = fake or FakeTime()
    server = Server(Mock(Settings(**{"password": PASSWORD, "seed": 1, **settings})))

    def sleep(seconds: float) -> None:
        fake.sleep(seconds)
        server.advance(seconds)

    login, adapter = Login(USERNAME, PASSWORD), InProcess(server, behave)
    target = Target(url=URL, login=login, limits=replace(LIVE, **limits), timeout=5, adapter=adapter)
    line = Line(target, sleep=sleep, clock=fake.now)
    client = Client(line, next(version for version in VERSIONS if version.name == api))
    client.log_in()
    client.look_around()
    return client


def learn(behave: Behaviour, settings: Mapping[str, Any], api: str, folder: Path) -> Path:
    """The file of the profile of a server."""
    path = folder / "profile.yaml"
    path.write_text(probe(client_of(behave, settings, api), VERSIONS).write(), "utf-8")
    return path


@cache
def plain(api: str) -> Side:
    """What the mock answers without any settings: the same each time, for the same seed."""
    return record(client_of(Server.answer, {}, api))


def differences(real: Side, api: str, profile: Path | None) -> list[Difference]:
    """Where a server and the mock by a profile, or without one, differ."""
    return compare(real, record(client_of(Server.answer, {"profile": profile and str(profile)}, api)))


@contextmanager
def asked_at(url: str, login: Login, api: str = "v4") -> Iterator[Client]:
    """A client of a server behind a socket, under the limits of a live one, whose pauses take no time."""
    target = Target(url=url, login=login, limits=replace(LIVE, rate=None, logins=()), timeout=TIMEOUT)
    line = Line(target, sleep=lambda seconds: None)
    client = Client(line, next(version for version in VERSIONS if version.name == api))
    try:
        client.log_in()
        client.look_around()
        yield client
    finally:
        line.close()


def learned_at(url: str, login: Login, folder: Path, api: str = "v4") -> Path:
    """The file of the profile of a server behind a socket."""
    path = folder / "profile.yaml"
    with asked_at(url, login, api) as client:
        path.write_text(probe(client, [client.version]).write(), "utf-8")
    return path


def recorded_at(url: str, login: Login, api: str = "v4") -> Side:
    """What a server behind a socket answers."""
    with asked_at(url, login, api) as client:
        return record(client)


@contextmanager
def twin_of(profile: Path) -> Iterator[tuple[str, Login]]:
    """The mock by a profile behind a socket."""
    with MockServer(http=True, profile=str(profile)) as server:
        yield server.url, Login(server.username, server.password)
