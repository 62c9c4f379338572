"""A server for all tests of a run, which starts anew for each, and makers of others."""

import asyncio
import contextlib
import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.api_client import ApiClient
from support.redis_server import RedisServer
from veeam_mock import MockServer

settings.register_profile("patient", parent=settings(), deadline=None)  # a busy machine is no failure
settings.load_profile("patient")

asyncio.set_event_loop(None)
"""pytest-asyncio 1.3 makes a loop to put back after its tests, and closes it nowhere, unless it is told that there is
none: whichever test collects it fails by the warning."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--bank-part 2/3` tries the second third of the bank of servers alone; all of it is the default."""
    parser.addoption("--bank-part", metavar="N/OF", default="1/1", help="part of the bank of servers that is tried")
    parser.addoption(
        "--hostile-times", type=int, default=1, help="so many times as many hostile inputs, in long proofs"
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are cores: tests wait for processes, sockets and each other a quarter of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the other parts of the bank out; which part a server is in depends on the name of its test alone."""
    part, _, parts = config.getoption("--bank-part").partition("/")
    others = [item for item in items if _is_of_bank(item) and crc32(item.nodeid.encode()) % int(parts) != int(part) - 1]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Generate no cases for tests that are left out: that takes a second of each worker."""
    return (
        True if collection_path.name == "test_schemathesis_deep.py" and config.option.markexpr == "not long" else None
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: the garbage collector need not walk through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        _use_hypothesis()
        gc.freeze()
        gc.enable()


@settings(max_examples=1, database=None)
@given(st.none())
def _use_hypothesis(nothing: None) -> None:
    """At its first use Hypothesis 6.130 looks who holds its source of chance.

    Whom the collector does not walk through it does not see.
    """


def _is_of_bank(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None and ("mutants" in item.path.parts or "twin" in item.path.parts)


@pytest.fixture(scope="session")
def hostile_times(request: pytest.FixtureRequest) -> int:
    """How many times as many hostile inputs as usual a long proof sends."""
    return int(request.config.getoption("--hostile-times"))


@pytest.fixture(scope="session")
def _own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Certificates and settings of the user who runs the tests are neither used nor changed."""
    folder = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def _no_settings_from_outside(_own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("VEEAM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _one_server(_own_folder: Path) -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def server(_one_server: MockServer) -> MockServer:
    """A live server over HTTPS with default settings, reset."""
    _one_server.reset()
    return _one_server


@pytest.fixture
def client(server: MockServer) -> ApiClient:
    """A client of `server`."""
    return ApiClient(server.url, server.ca_cert or True)


@pytest.fixture(scope="session")
def _one_redis() -> Iterator[RedisServer]:
    redis_server = RedisServer()
    redis_server.start()
    yield redis_server
    redis_server.remove()


@pytest.fixture
def redis_server(_one_redis: RedisServer) -> RedisServer:
    """A Redis that holds nothing; the test is skipped where there is none."""
    _one_redis.client.flushall()
    return _one_redis


@pytest.fixture
def serve(_own_folder: Path) -> Iterator[Callable[..., MockServer]]:
    """Start a live server with settings, over plain HTTP unless they say otherwise."""
    with contextlib.ExitStack() as stack:

        def start(**settings: Any) -> MockServer:
            return stack.enter_context(MockServer(**{"http": True, **settings}))

        yield start


@pytest.fixture
def client_of(serve: Callable[..., MockServer]) -> Callable[..., ApiClient]:
    """Start a live server with settings, and make a client of it."""

    def start(**settings: Any) -> ApiClient:
        server = serve(**settings)
        return ApiClient(server.url, server.ca_cert or True)

    return start


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, which it may end: what it acknowledged is on the disk."""
    redis_server = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    redis_server.start()
    yield redis_server
    redis_server.remove()
