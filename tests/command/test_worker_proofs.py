"""Workers under load: nothing is wrong, and what was acknowledged is there, whoever is killed meanwhile."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from support.redis_server import RedisServer
from support.running_command import Running
from support.wire import eventually
from support.worker_load import Crowd

REQUESTS_OF_A_LIFE = 11
ANSWERS = 200
"""Answers between one kill and the next."""

Start = Callable[..., Running]


def children_of(running: Running) -> list[int]:
    pid = running.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def serve(start: Start, own_redis: RedisServer, workers: int) -> Running:
    return start("--http", "--workers", str(workers), "--store", own_redis.url)


def wait_until_well(running: Running) -> None:
    def is_well() -> bool:
        try:
            return all(requests.get(f"{running.url}/__admin/health", timeout=5).status_code == 200 for _ in range(8))
        except requests.ConnectionError:
            return False

    assert eventually(is_well)


def work_on(crowd: Crowd) -> None:
    """Let the clients get some answers more."""
    begun = crowd.requests
    assert eventually(lambda: crowd.requests >= begun + ANSWERS)


def nothing_is_wrong(start: Start, own_redis: RedisServer, lives: int) -> None:
    running = serve(start, own_redis, 2)
    begun = time.monotonic()
    crowd = Crowd(running.url, 8, lives)
    crowd.join()
    assert crowd.wrong == []
    assert (crowd.requests, crowd.failures) == (8 * lives * REQUESTS_OF_A_LIFE, 0)
    took = time.monotonic() - begun
    print(f"{crowd.requests} requests in {took:.1f} s, {crowd.requests / took:.0f} requests/s, 0 wrong")  # noqa: T201
    if 8 * lives <= 5_000:  # as many as are kept
        assert crowd.lost() == []


def workers_are_killed(start: Start, own_redis: RedisServer, times: int) -> None:
    running = serve(start, own_redis, 3)
    crowd = Crowd(running.url, 6, 500)
    for _ in range(times):
        work_on(crowd)
        os.kill(random.choice(children_of(running)), signal.SIGKILL)
    crowd.stop()
    wait_until_well(running)
    # A life that is broken off in the midst may have been done; what comes after it is another life.
    assert crowd.wrong == []
    assert crowd.lost() == []
    assert sum(len(client.codes) for client in crowd.clients) > 0
    assert running.end()[0] == 0


def redis_is_killed(start: Start, own_redis: RedisServer, times: int) -> None:
    running = serve(start, own_redis, 2)
    crowd = Crowd(running.url, 6, 500)
    for _ in range(times):
        work_on(crowd)
        own_redis.kill()
        own_redis.start()
    work_on(crowd)
    crowd.stop()
    wait_until_well(running)
    assert crowd.wrong == []
    assert crowd.failures > 0, "some met a store that was away"
    assert crowd.lost() == []


def test_a_few_clients_of_two_workers(start: Start, redis_server: RedisServer) -> None:
    nothing_is_wrong(start, redis_server, 10)


def test_a_worker_is_killed_under_load(start: Start, own_redis: RedisServer) -> None:
    workers_are_killed(start, own_redis, 1)


def test_redis_is_killed_under_load(start: Start, own_redis: RedisServer) -> None:
    redis_is_killed(start, own_redis, 1)


@pytest.mark.long
def test_many_clients_of_two_workers(start: Start, redis_server: RedisServer) -> None:
    nothing_is_wrong(start, redis_server, int(os.environ.get("LIVES", "200")))


@pytest.mark.long
def test_workers_are_killed_again_and_again_under_load(start: Start, own_redis: RedisServer) -> None:
    workers_are_killed(start, own_redis, 10)


@pytest.mark.long
def test_redis_is_killed_again_and_again_under_load(start: Start, own_redis: RedisServer) -> None:
    redis_is_killed(start, own_redis, 5)
