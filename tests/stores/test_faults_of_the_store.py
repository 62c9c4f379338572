"""A Redis that is away, slow, full, read-only, closed, too old or restarted: what clients, health and log say."""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
import requests

from support.redis_server import RedisServer
from veeam_mock import MockServer
from veeam_mock.model.errors import StoreAway
from veeam_mock.stores.link import Link

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
ENOUGH = 10.0
"""Seconds in which a server has to find that its store is well again; a busy machine takes some."""

Change = Callable[[RedisServer], None]


@pytest.fixture
def veeam(serve: Callable[..., MockServer], own_redis: RedisServer) -> MockServer:
    return serve(store=own_redis.impatient_url)


def log_in(server: MockServer) -> requests.Response:
    return requests.post(f"{server.url}/v8/Token", data=LOGIN, timeout=10)


def health(server: MockServer) -> tuple[int, str]:
    answer = requests.get(f"{server.url}/__admin/health", timeout=10)
    return answer.status_code, answer.json().get("message", answer.json()["status"])


def wait_until(server: MockServer, status: int, words: str) -> None:
    """Until health says so: a store that broke the connections is away first, and then says why."""
    ends = time.monotonic() + ENOUGH
    while health(server)[0] != status or words not in health(server)[1]:
        assert time.monotonic() < ends, health(server)


def wait_until_well(server: MockServer) -> None:
    wait_until(server, 200, "ok")


def fill(own_redis: RedisServer) -> None:
    own_redis.client.config_set("maxmemory-policy", "noeviction")
    own_redis.client.config_set("maxmemory", 1)


def make_replica(own_redis: RedisServer) -> None:
    own_redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")


def close(own_redis: RedisServer) -> None:
    own_redis.client.config_set("requirepass", "sesame")
    own_redis.client.execute_command("AUTH", "sesame")
    own_redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


TROUBLES: dict[str, tuple[Change, Change, str]] = {
    "away": (RedisServer.kill, RedisServer.start, "it cannot be reached"),
    "slow": (RedisServer.pause, RedisServer.go_on, "it did not answer within 0.4 s"),
    "full": (fill, lambda own: own.client.config_set("maxmemory", 0), "its memory is full"),
    "read-only": (make_replica, lambda own: own.client.execute_command("REPLICAOF", "NO", "ONE"), "it is read-only"),
    "closed": (close, lambda own: own.client.config_set("requirepass", ""), "it refuses the login"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_requests_are_refused_at_once_and_it_goes_on_by_itself(
    veeam: MockServer, own_redis: RedisServer, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    begin, end, words = TROUBLES[trouble]
    caplog.set_level(logging.INFO, logger="veeam_mock")
    token = {"Authorization": f"Bearer {log_in(veeam).json()['access_token']}"}
    begin(own_redis)
    for _ in range(3):
        begun = time.monotonic()
        refused = log_in(veeam)
        assert time.monotonic() - begun < 1
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json()["errorCode"]
    wait_until(veeam, 503, words)
    assert words in log_in(veeam).json()["message"]
    control = requests.get(f"{veeam.url}/__admin/clock", timeout=10)
    assert (control.status_code, control.headers["Retry-After"]) == (503, "1")
    page = requests.get(f"{veeam.url}/devicelogin", timeout=10)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    end(own_redis)
    wait_until_well(veeam)
    organizations = requests.get(f"{veeam.url}/v4/Organizations", headers=token, timeout=10)
    assert organizations.status_code == 200, "what was acknowledged is there"
    told = [record.getMessage() for record in caplog.records if record.name == "veeam_mock"]
    assert words in "".join(told) and "can be used again" in told[-1]
    assert len(set(told)) == len(told) <= 3, "once for each state"


def test_a_store_has_the_time_that_its_address_grants(serve: Callable[..., MockServer], own_redis: RedisServer) -> None:
    server = serve(store=f"{own_redis.impatient_url}?patience=0.75")
    assert log_in(server).status_code == 200
    own_redis.pause()
    begun = time.monotonic()
    assert "it did not answer within 0.75 s" in log_in(server).json()["message"]
    assert time.monotonic() - begun >= 0.75
    own_redis.go_on()
    wait_until_well(server)


def test_a_server_starts_before_its_store(serve: Callable[..., MockServer], own_redis: RedisServer) -> None:
    own_redis.stop()
    server = serve(store=own_redis.impatient_url)
    assert log_in(server).status_code == 503
    own_redis.start()
    wait_until_well(server)
    assert log_in(server).status_code == 200


def test_what_was_acknowledged_is_there_after_a_restart(veeam: MockServer, own_redis: RedisServer) -> None:
    token = {"Authorization": f"Bearer {log_in(veeam).json()['access_token']}"}
    veeam.clock.freeze()
    moved = veeam.clock.advance("5m")
    veeam.faults.add("status", status=429, times=1, operation="getOrganizations")
    own_redis.kill()
    own_redis.start()
    wait_until_well(veeam)
    assert veeam.clock.now() == moved
    seen = [requests.get(f"{veeam.url}/v4/Organizations", headers=token, timeout=10).status_code for _ in range(2)]
    assert seen == [429, 200]
    assert veeam.requests.list()[0].operation == "getToken"


def test_a_store_that_forgot_all_begins_anew(veeam: MockServer, own_redis: RedisServer) -> None:
    token = {"Authorization": f"Bearer {log_in(veeam).json()['access_token']}"}
    own_redis.client.flushall()
    assert requests.get(f"{veeam.url}/v4/Organizations", headers=token, timeout=10).status_code == 401
    assert log_in(veeam).status_code == 200


class FakeRedis:
    """Says that it is of a version, and OK to everything else; each PING takes it so many seconds."""

    def __init__(self, version: str, seconds: float = 0.0) -> None:
        self.version = version
        self.seconds = seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self.listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        text = f"# Server\r\nredis_version:{self.version}\r\n".encode()
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                for command in data.split(b"*")[1:]:
                    if b"PING" in command:
                        threading.Event().wait(self.seconds)
                    is_info = b"INFO\r\n" in command and b"CLIENT" not in command
                    connection.sendall(b"$%d\r\n%s\r\n" % (len(text), text) if is_info else b"+OK\r\n")


def test_an_old_version_is_refused(serve: Callable[..., MockServer]) -> None:
    old = FakeRedis("6.0.16")
    server = serve(store=old.url)
    assert "its version is 6.0.16, and 6.2 is the least that will do" in log_in(server).json()["message"]
    assert health(server)[0] == 503
    server.stop()
    old.listener.close()


def test_many_slow_answers_are_too_slow() -> None:
    slow = FakeRedis("7.2.0", seconds=0.15)
    link = Link(slow.url, "slow")
    link.do("ECHO", "the first one, with which the version is looked at")
    begun = time.monotonic()
    link.begin()
    with pytest.raises(StoreAway, match="it did not answer within"):
        for _ in range(4):
            link.do("PING")
    assert time.monotonic() - begun < 1
    link.close()
    slow.listener.close()


def test_what_is_missing_to_speak_to_a_store_is_told() -> None:
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from veeam_mock.command.cli import command\n"
        "command(['--store', 'redis://127.0.0.1:1', '--port', '0'])"
    )
    refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2
    assert "store: needs the package redis: pip install 'veeam-devicecode-mock[redis]'" in refused.stderr


def test_no_address_of_a_store_is_told(serve: Callable[..., MockServer]) -> None:
    server = serve(store="redis://user:open-sesame@127.0.0.1:1/0")
    answer = log_in(server)
    assert answer.status_code == 503
    assert "sesame" not in answer.text + repr(server.settings) + health(server)[1]
    with pytest.raises(ValueError, match="store") as refused:
        MockServer(store="redis//:open-sesame@host")
    assert "sesame" not in str(refused.value)
