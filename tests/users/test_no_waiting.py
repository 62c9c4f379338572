"""`no_waiting`: sleep of a client moves the clock of the mock, so the example client passes its tests at once."""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from asyncio import sleep as sleep_async
from pathlib import Path
from time import sleep

import pytest

from support.documents import TOP
from veeam_mock import InterceptedServer, MockServer
from veeam_mock.spec.document import document_of

pytest_plugins = ["pytester"]

FOLDER = TOP / "examples" / "organization"
LONG = 100_000.0
"""Seconds that no test would ever wait."""


@pytest.fixture
def veeam() -> InterceptedServer:
    """A server whose clock stands still unless it is moved."""
    server = InterceptedServer()
    server.clock.freeze()
    return server


def test_sleep_moves_the_clock_however_it_is_called(veeam: InterceptedServer) -> None:
    start = veeam.clock.time()
    with veeam.no_waiting():
        time.sleep(LONG)
        sleep(LONG)
    assert veeam.clock.time() == start + 2 * LONG
    assert (time.sleep, asyncio.sleep) == (sleep, sleep_async)


def test_coroutines_sleep_side_by_side(veeam: InterceptedServer) -> None:
    async def naps() -> list[str]:
        return list(await asyncio.gather(asyncio.sleep(LONG, "long"), asyncio.sleep(LONG / 2, "short")))

    start = veeam.clock.time()
    with veeam.no_waiting():
        assert asyncio.run(naps()) == ["long", "short"]
    assert veeam.clock.time() == start + LONG


def test_the_clocks_of_two_servers_move_together(veeam: InterceptedServer) -> None:
    other = InterceptedServer()
    start = other.clock.time()
    with veeam.no_waiting(), other.no_waiting():
        time.sleep(LONG)
    assert other.clock.time() >= start + LONG


def test_other_threads_sleep_as_ever(veeam: InterceptedServer) -> None:
    start = veeam.clock.time()
    with veeam.no_waiting():
        thread = threading.Thread(target=lambda: time.sleep(0.001))
        thread.start()
        thread.join()
    time.sleep(0.001)
    assert veeam.clock.time() == start


def test_a_negative_sleep_is_refused_as_ever(veeam: InterceptedServer) -> None:
    with veeam.no_waiting(), pytest.raises(ValueError, match="must be non-negative"):
        time.sleep(-1)


def test_an_attached_world_has_it_too() -> None:
    with MockServer(http=True) as server:
        mine = MockServer.attach(server.url, world="mine")
        start = mine.clock.time()
        with mine.no_waiting():
            time.sleep(LONG)
            asyncio.run(asyncio.sleep(LONG))
        assert mine.clock.time() >= start + 2 * LONG
        assert server.clock.time() < start + LONG


@pytest.mark.parametrize("fixture", ["veeam_mock", "veeam_server"])
def test_the_marker_is_for_its_test_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, fixture: str
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        f"""
        import time
        import pytest

        @pytest.mark.veeam_no_waiting
        @pytest.mark.veeam(code_lifetime="15m")
        def test_marked({fixture}):
            start = {fixture}.clock.time()
            time.sleep({LONG})
            assert {fixture}.clock.time() >= start + {LONG}

        def test_unmarked({fixture}):
            start = {fixture}.clock.time()
            time.sleep(0.001)
            assert {fixture}.clock.time() < start + {LONG}
        """
    )
    result = pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin", "--strict-markers")
    result.assert_outcomes(passed=2)


def test_the_example_client_passes_its_tests(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "veeam_mock.pytest_plugin", str(FOLDER)],
        cwd=tmp_path,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


def test_the_form_for_powershell_asks_what_v8_serves() -> None:
    script = (FOLDER / "Add-Organization.ps1").read_text("utf-8")
    asked = re.findall(r'Invoke-RestMethod "\$Url(/[\w/]+)"', script)
    assert asked == ["/Token", "/DeviceCode", "/DeviceCode/check", "/Organizations"]
    assert all("post" in document_of("v8")["paths"][f"/v8{path}"] for path in asked)
