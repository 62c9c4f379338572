"""`MockServer` in scripts, notebooks and unittest: it starts in a thread, several at once, and ends for certain."""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from support.api_client import ApiClient
from veeam_mock import ControlFailure, InterceptedServer, MockServer, SettingsError
from veeam_mock.door.certificates import CertificateError
from veeam_mock.door.server import CannotListen

OWN_PROCESS = """
import sys
from veeam_mock import MockServer

server = MockServer().start()
print(server.url)
sys.stdout.flush()
{end}
"""


def test_it_answers_as_soon_as_start_returns_and_not_after_stop() -> None:
    server = MockServer()
    assert repr(server) == "<MockServer stopped>"
    server.start()
    url = server.url
    assert ApiClient(url, server.ca_cert or True).log_in().status_code == 200
    server.stop()
    with pytest.raises(requests.ConnectionError):
        ApiClient(url).log_in()
    with pytest.raises(RuntimeError, match="not running"):
        assert server.url
    server.stop()


def test_it_starts_again_and_keeps_its_state() -> None:
    server = MockServer(http=True)
    with server:
        ApiClient(server.url).device_code()
    with server:
        assert len(server.device_codes.list()) == 1
        assert ApiClient(server.url).device_code().status_code == 200


def test_several_run_at_once_and_know_nothing_of_each_other(serve: Callable[..., MockServer]) -> None:
    one, other = serve(code_lifetime="5s"), serve(code_lifetime="7s", http=False)
    assert [
        ApiClient(server.url, server.ca_cert or True).device_code().json()["expiresIn"] for server in (one, other)
    ] == [5, 7]
    one.clock.advance("1h")
    assert one.clock.now() > other.clock.now()


def test_it_starts_and_stops_in_any_thread() -> None:
    statuses: list[int] = []

    def work() -> None:
        with MockServer(http=True) as server:
            statuses.append(ApiClient(server.url).log_in().status_code)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert statuses == [200] * 4


def test_it_starts_where_a_loop_runs_already_as_in_a_notebook() -> None:
    async def status() -> int:
        with MockServer(http=True) as server:
            return (await asyncio.to_thread(ApiClient(server.url).log_in)).status_code

    assert asyncio.run(status()) == 200


def test_stop_waits_for_nobody(serve: Callable[..., MockServer]) -> None:
    server = MockServer(http=True).start()
    server.faults.add("timeout")
    met: list[BaseException] = []

    def hang() -> None:
        try:
            requests.get(f"{server.url}/v4/Organizations", timeout=30)
        except requests.RequestException as error:
            met.append(error)

    asked = threading.Event()
    server.mock.installation.journal.listeners.append(lambda entry: asked.set())
    waiting = threading.Thread(target=hang)
    waiting.start()
    assert asked.wait(10)
    port = urlsplit(server.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as half_open:
        half_open.sendall(b"GET /v4/Organ")
        server.stop()
        assert half_open.recv(1) == b""
    waiting.join(timeout=10)
    assert [type(error) for error in met] == [requests.ConnectionError]


@pytest.mark.parametrize("end", ["", "import os; os.kill(os.getpid(), 15)"])
def test_it_never_outlives_its_process(end: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", OWN_PROCESS.format(end=end)],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (run.returncode, run.stderr) == (-15 if "kill" in end else 0, "")
    with pytest.raises(requests.ConnectionError):
        ApiClient(run.stdout.strip()).log_in()


def test_it_is_not_started_twice(serve: Callable[..., MockServer]) -> None:
    with pytest.raises(RuntimeError, match="running already; make another one"):
        serve().start()


def test_a_mistake_is_told_before_anything_starts(serve: Callable[..., MockServer], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="code_lifetim.*is not a setting"):
        MockServer(code_lifetim="5s")
    port = urlsplit(serve().url).port
    with pytest.raises(CannotListen, match=f"port {port}: Address already in use"):
        MockServer(port=port, http=True).start()
    with pytest.raises(CertificateError, match="is not a file"):
        MockServer(cert=str(tmp_path / "no.pem"), key=str(tmp_path / "no.key")).start()


def test_a_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(runner: asyncio.Runner, work: Coroutine[Any, Any, None]) -> None:
        work.close()
        raise OSError("the loop is out of descriptors")

    monkeypatch.setattr("asyncio.Runner.run", fail)
    with pytest.raises(RuntimeError, match="did not start: the loop is out of descriptors"):
        MockServer(http=True).start()


def test_a_server_that_was_started_elsewhere_is_steered_over_http(serve: Callable[..., MockServer]) -> None:
    server = serve(admin_key="open-sesame", http=False)
    attached = MockServer.attach(server.url, "open-sesame", ca_cert=server.ca_cert)
    attached.faults.add(preset="throttled", times=1)
    client = ApiClient(server.url, server.ca_cert or True)
    assert [client.log_in().status_code for _ in range(2)] == [429, 200]
    attached.requests.verify(2, operation="getToken")
    with pytest.raises(AssertionError, match=r"expected 1 request.*saw 0\n  near miss: POST /v4/Token"):
        attached.requests.verify(1, operation="getDeviceCode")
    attached.reset()
    assert server.requests.list() == []
    with pytest.raises(ControlFailure, match="X-Admin-Key is missing or wrong") as refused:
        MockServer.attach(server.url, "wrong", ca_cert=server.ca_cert).clock.now()
    assert refused.value.status == 401


def test_an_attached_world_is_apart(serve: Callable[..., MockServer]) -> None:
    server = serve()
    mine = MockServer.attach(server.url, world="mine")
    mine.clock.advance("1h")
    assert mine.clock.now() > server.clock.now()


def test_beyond_this_machine_a_key_is_made_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with MockServer(host="0.0.0.0", http=True) as server:
        assert MockServer.attach(server.url, server.settings.admin_key).clock.now()
    assert list(tmp_path.iterdir()) == []


UNITTEST = """
import unittest

import requests

from veeam_mock import MockServer


class DeviceCodeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.veeam = cls.enterClassContext(MockServer())

    def setUp(self):
        self.veeam.reset()

    def test_login(self):
        form = {"grant_type": "password", "username": self.veeam.username, "password": self.veeam.password}
        answer = requests.post(f"{self.veeam.url}/v4/Token", data=form, verify=self.veeam.ca_cert)
        self.assertEqual(answer.status_code, 200)
        self.veeam.requests.verify(1, operation="getToken")

    def test_a_new_start(self):
        self.assertEqual(self.veeam.requests.list(), [])
"""


def test_unittest_uses_it_as_a_class_context(tmp_path: Path) -> None:
    (tmp_path / "test_codes.py").write_text(UNITTEST)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-m", "unittest", "-v"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Ran 2 tests" in run.stderr


@pytest.mark.parametrize("url", ["ftp://localhost", "localhost:4443", "https://", "https://user:hunter2@localhost", ""])
def test_attaching_to_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="not an address such as https://localhost:4443") as refused:
        MockServer.attach(url)
    assert "hunter2" not in str(refused.value)


def test_a_version_has_an_address_of_its_own(serve: Callable[..., MockServer]) -> None:
    veeam = serve(api=["v6", "v8"])
    assert veeam.api("v8").url == f"{veeam.url}/v8"
    assert requests.get(f"{veeam.api('v6').url}/ServiceInstance", timeout=5).status_code == 401
    with pytest.raises(ValueError, match=r"'v4' is not a version that is served here, which are v6, v8"):
        veeam.api("v4")


@pytest.mark.parametrize("kind", [partial(MockServer, http=True), partial(MockServer), InterceptedServer])
def test_a_server_that_nobody_uses_any_more_is_gone_at_once(kind: Callable[[], MockServer | InterceptedServer]) -> None:
    gc.collect()
    gc.disable()
    try:
        with kind() as server:
            server.session().get(f"{server.url}/v4/Organizations", timeout=10)
            server.faults.add("delay", delay="0s")
            kept = weakref.ref(server.mock)
        del server
        assert kept() is None
    finally:
        gc.enable()
