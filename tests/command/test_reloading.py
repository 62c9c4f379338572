"""The config file is read again by SIGHUP and by the control API: whole, or not at all."""

import fcntl
import os
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from support.api_client import ApiClient
from support.running_command import COMMAND, LAST_LINE, Running
from veeam_mock import ControlFailure, InterceptedServer, MockServer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config file of a server."""
    file = tmp_path / "veeam.yaml"
    file.write_text("code_lifetime: 30s\n")
    return file


def lifetime(running: Running) -> int:
    """How long a code lives now."""
    return int(ApiClient(running.url).device_code().json()["expiresIn"])


def next_line(running: Running) -> str:
    assert running.process.stderr
    return running.process.stderr.readline()


def test_sighup_reads_the_file_again(start: Callable[..., Running], config: Path) -> None:
    running = start("--http", "--config", str(config))
    assert lifetime(running) == 30
    config.write_text("code_lifetime: 1m\n")
    running.process.send_signal(signal.SIGHUP)
    assert next_line(running) == f"{config} was read again; all worlds start anew.\n"
    assert lifetime(running) == 60
    assert MockServer.attach(running.url).device_codes.list()[1:] == []
    assert running.end()[0] == 0


def test_a_file_that_does_not_fit_changes_nothing(start: Callable[..., Running], config: Path) -> None:
    running = start("--http", "--config", str(config))
    control = MockServer.attach(running.url)
    lifetime(running)
    config.write_text("code_lifetime: 1m\nquiett: true\n")
    running.process.send_signal(signal.SIGHUP)
    assert next_line(running).startswith(f"{config} was read again, and nothing was changed:")
    assert next_line(running).startswith("  quiett: is not a setting; did you mean quiet?")
    with pytest.raises(ControlFailure, match="quiett: is not a setting") as refused:
        control.call("POST", "/reload")
    assert refused.value.status == 400
    assert lifetime(running) == 30
    assert len(control.device_codes.list()) == 2


def test_no_pipe_holds_a_new_start_up(start: Callable[..., Running], config: Path, tmp_path: Path) -> None:
    """Neither in the place of the config file, nor as the profile that it names."""
    running = start("--http", "--config", str(config))
    control = MockServer.attach(running.url)
    os.mkfifo(tmp_path / "pipe")
    config.write_text(f"profile: {tmp_path / 'pipe'}\n")
    with pytest.raises(ControlFailure, match="pipe cannot be read: it is no regular file"):
        control.call("POST", "/reload")
    config.unlink()
    os.mkfifo(config)
    with pytest.raises(ControlFailure, match=r"veeam\.yaml cannot be read again: it is no regular file"):
        control.call("POST", "/reload")
    assert lifetime(running) == 30
    assert running.end()[0] == 0


def test_the_control_api_reads_it_again_and_options_go_before_it(start: Callable[..., Running], config: Path) -> None:
    running = start("--http", "--config", str(config), "--token-lifetime", "5m")
    config.write_text("code_lifetime: 1m\ntoken_lifetime: 1m\n")
    MockServer.attach(running.url).call("POST", "/reload")
    assert lifetime(running) == 60
    assert ApiClient(running.url).log_in().json()["expires_in"] == 300


def test_what_needs_a_new_start_is_refused(start: Callable[..., Running], config: Path) -> None:
    running = start("--http", "--config", str(config))
    config.write_text("code_lifetime: 1m\nlog: true\nhost: '::1'\n")
    with pytest.raises(ControlFailure, match="host: takes a new start of the server; log: takes a new start"):
        MockServer.attach(running.url).call("POST", "/reload")
    assert lifetime(running) == 30


def test_a_key_that_was_made_stays(start: Callable[..., Running], config: Path) -> None:
    running = start("--http", "--host", "0.0.0.0", "--config", str(config))
    key = Path(running.banner.partition("Key      ")[2].partition(" (")[0]).read_text().strip()
    control = MockServer.attach(running.url, key)
    for _ in range(2):
        control.call("POST", "/reload")
    assert requests.post(f"{running.url}/__admin/reload", timeout=5).status_code == 401


def test_a_server_without_a_file_says_so() -> None:
    with pytest.raises(ControlFailure, match="has no config file") as refused:
        InterceptedServer().call("POST", "/reload")
    assert refused.value.status == 409


def test_a_terminal_that_is_closed_ends_it(config: Path) -> None:
    terminal, inside = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--http", "--port", "0", "--config", str(config)],
        stdin=inside,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inside)
    assert process.stdout
    with process:
        while LAST_LINE not in process.stdout.readline():
            pass
        os.close(terminal)
        assert process.wait(10) == 0
