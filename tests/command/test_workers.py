"""Several processes that serve one port: `--workers`."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from support.redis_server import RedisServer
from support.running_command import COMMAND, Running, run
from veeam_mock.command.workers import LAST_SECONDS

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
ADDED = {"type": "Office365", "region": "Worldwide", "newApplicationName": "Backup"}
PLAN = {"kind": "status", "status": 503, "times": 2}

Start = Callable[..., Running]


@pytest.fixture
def start_workers(start: Start, redis_server: RedisServer) -> Start:
    return lambda count, *arguments: start("--workers", str(count), "--store", redis_server.url, *arguments)


def children_of(process: "subprocess.Popen[str]") -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def login(url: str) -> dict[str, str]:
    answers = (requests.post(f"{url}/v4/Token", data=LOGIN, timeout=10) for _ in range(20))
    # On a busy machine a Redis may be slow for once, which is 503 and no fault.
    token = next(answer for answer in answers if answer.status_code != 503).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def code_of(url: str, headers: dict[str, str]) -> str:
    answer = requests.post(f"{url}/v4/DeviceCode", json={"targetRegion": "worldwide"}, headers=headers, timeout=10)
    return str(answer.json()["userCode"])


def approve(url: str, code: str) -> None:
    answer = requests.post(f"{url}/__admin/device-codes/{code}/approve", json={}, timeout=10)
    assert answer.status_code == 200, answer.text


def test_workers_without_a_shared_store_are_refused() -> None:
    refused = run("--workers", "2")
    assert refused.returncode == 2
    [line] = [line for line in refused.stderr.splitlines() if "workers" in line]
    assert "need a store that they share, such as --store redis://localhost:6379" in line


def test_two_workers_are_one_server(start_workers: Start) -> None:
    running = start_workers(2, "--http")
    assert len(children_of(running.process)) == 2
    headers = login(running.url)
    codes = {code_of(running.url, headers) for _ in range(20)}
    assert len(codes) == 20
    listed = requests.get(f"{running.url}/__admin/device-codes", timeout=10).json()
    assert {code["userCode"] for code in listed} == codes
    children = children_of(running.process)
    status, output, errors = running.end()
    assert (status, output, errors) == (0, "", "")
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_they_serve_https_with_one_certificate(start_workers: Start) -> None:
    running = start_workers(2)
    for _ in range(10):
        assert (
            requests.get(f"{running.url}/__admin/health", verify=running.ca_cert, timeout=10).json()["status"] == "ok"
        )
    assert running.end(signal.SIGINT)[0] == 0


def test_port_file_and_log_are_as_with_one(start_workers: Start, tmp_path: Path) -> None:
    running = start_workers(2, "--http", "--port-file", str(tmp_path / "port"), "--log")
    assert (tmp_path / "port").read_text() == f"{running.url.rpartition(':')[2]}\n"
    for _ in range(8):
        login(running.url)
    status, output, _ = running.end()
    assert (status, len(re.findall("  200  POST /v4/Token", output))) == (0, 8)


def test_a_port_that_is_taken_is_told(start_workers: Start, redis_server: RedisServer) -> None:
    running = start_workers(2, "--http")
    port = running.url.rpartition(":")[2]
    for store in ([], ["--workers", "2", "--store", redis_server.url]):
        refused = subprocess.run([*COMMAND, "--port", port, *store], capture_output=True, text=True, timeout=30)
        assert refused.returncode == 2 and "--port 0 picks a free one" in refused.stderr


def test_a_worker_that_dies_is_replaced(start_workers: Start) -> None:
    running = start_workers(2, "--http")
    headers = login(running.url)
    code = code_of(running.url, headers)
    killed = children_of(running.process)[0]
    os.kill(killed, signal.SIGKILL)
    assert running.process.stderr
    assert "ended by SIGKILL; another takes its place" in running.process.stderr.readline()
    for _ in range(20):
        listed = requests.get(f"{running.url}/__admin/device-codes", timeout=10).json()
        assert [kept["userCode"] for kept in listed] == [code]
    assert len(children_of(running.process)) == 2 and killed not in children_of(running.process)


def test_workers_end_with_a_parent_that_is_killed(start_workers: Start) -> None:
    running = start_workers(2, "--http", "--log")
    workers = [os.pidfd_open(pid) for pid in children_of(running.process)]
    running.process.kill()
    running.process.communicate(timeout=10)  # it ends when the last one that writes there has ended
    for worker in workers:
        os.close(worker)


def test_a_worker_that_does_not_end_holds_the_others_up_for_less_than_two_seconds(start_workers: Start) -> None:
    running = start_workers(2, "--http")
    os.kill(children_of(running.process)[0], signal.SIGSTOP)
    assert running.end()[0] == 0
    assert LAST_SECONDS < 2


def test_all_workers_read_the_settings_again(start_workers: Start, tmp_path: Path) -> None:
    config = tmp_path / "veeam.yaml"
    config.write_text("code_lifetime: 30s\n")
    running = start_workers(2, "--http", "--config", str(config))
    config.write_text("code_lifetime: 1m\n")
    running.process.send_signal(signal.SIGHUP)
    assert running.process.stderr
    for _ in range(2):
        assert "was read again" in running.process.stderr.readline()
    for _ in range(10):
        assert requests.get(f"{running.url}/__admin/settings", timeout=10).json()["code_lifetime"] == 60
    config.write_text("code_lifetime: 2m\n")
    assert requests.post(f"{running.url}/__admin/reload", timeout=10).status_code == 204
    for _ in range(2):
        assert "was read again" in running.process.stderr.readline()
    for _ in range(10):
        assert requests.get(f"{running.url}/__admin/settings", timeout=10).json()["code_lifetime"] == 120


def test_of_200_redemptions_of_one_code_one_is_good(start_workers: Start) -> None:
    url = start_workers(4, "--http").url
    headers = login(url)
    code = code_of(url, headers)
    approve(url, code)

    def redeem(number: int) -> str:
        wanted = {**ADDED, "userCode": code, "name": f"organization-{number}.test"}
        answer = requests.post(f"{url}/v8/Organizations", json=wanted, headers=headers, timeout=30)
        return "added" if answer.status_code == 201 else answer.json()["message"][:12]

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(redeem, range(200)))
    assert sorted(set(outcomes)) == ["AADSTS54005:", "added"]
    assert outcomes.count("added") == 1
    assert len(requests.get(f"{url}/v4/Organizations", headers=headers, timeout=10).json()) == 3


def test_twice_is_twice_over_four_workers(start_workers: Start) -> None:
    url = start_workers(4, "--http").url
    assert requests.post(f"{url}/__admin/faults", json=PLAN, timeout=10).status_code == 201

    def log_in(_: int) -> int:
        return requests.post(f"{url}/v4/Token", data=LOGIN, timeout=30).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(log_in, range(64)))
    assert (statuses.count(503), statuses.count(200)) == (2, 62)


def test_an_organization_is_added_once(start_workers: Start) -> None:
    url = start_workers(4, "--http").url
    headers = login(url)
    codes = [code_of(url, headers) for _ in range(40)]
    for code in codes:
        approve(url, code)

    def add(code: str) -> int:
        wanted = {**ADDED, "userCode": code, "name": "one.test"}
        return requests.post(f"{url}/v8/Organizations", json=wanted, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(add, codes))
    assert (statuses.count(201), statuses.count(409)) == (1, 39)
    listed = requests.get(f"{url}/__admin/device-codes", timeout=10).json()
    assert sum(code["state"] == "spent" for code in listed) == 1
