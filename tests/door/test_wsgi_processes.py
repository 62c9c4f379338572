"""The application in a WSGI server of several processes: refused where they know nothing of one another."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from support.redis_server import RedisServer
from veeam_mock import create_app

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
APPLICATION = "from veeam_mock import Settings, create_app\napp = create_app(Settings({settings}))\n"

StartGunicorn = Callable[..., str]


@pytest.fixture
def start_gunicorn(tmp_path: Path) -> Iterator[StartGunicorn]:
    """Start gunicorn with so many workers; its address."""
    processes = []

    def started(workers: int, settings: str = "") -> str:
        (tmp_path / "served.py").write_text(APPLICATION.format(settings=settings))
        command = [sys.executable, "-m", "gunicorn", "-w", str(workers), "-b", "127.0.0.1:0", "served:app"]
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"Listening at: (\S+)", line):
                return found[1]
        raise AssertionError("gunicorn did not start")

    yield started
    for process in processes:
        process.terminate()
        process.communicate(timeout=20)


def test_several_processes_without_a_store_are_refused(start_gunicorn: StartGunicorn) -> None:
    answer = requests.post(f"{start_gunicorn(2)}/v4/Token", data=LOGIN, timeout=20)
    assert answer.status_code == 503
    assert "run it with one worker, or let them share a store" in answer.json()["message"]


def test_one_process_needs_no_store(start_gunicorn: StartGunicorn) -> None:
    assert requests.post(f"{start_gunicorn(1)}/v4/Token", data=LOGIN, timeout=20).status_code == 200


def test_several_processes_share_a_store(start_gunicorn: StartGunicorn, redis_server: RedisServer) -> None:
    url = start_gunicorn(3, f"store={redis_server.url!r}")
    for _ in range(10):
        token = requests.post(f"{url}/v4/Token", data=LOGIN, timeout=20).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{url}/v4/Organizations", headers=headers, timeout=20).status_code == 200


def test_a_server_that_says_so_is_believed() -> None:
    client = create_app().test_client()
    for several, status in ((True, 503), (False, 200)):
        overrides = {"wsgi.multiprocess": several}
        assert client.post("/v4/Token", data=LOGIN, environ_overrides=overrides).status_code == status
