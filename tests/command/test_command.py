"""The command `veeam-mock`, as a process."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import yaml
from click.testing import CliRunner

from support.api_client import ApiClient
from support.running_command import Running, run
from support.wire import Wire
from veeam_mock import MockServer
from veeam_mock.command import cli
from veeam_mock.faults.kinds import BY_KIND
from veeam_mock.faults.presets import PRESETS

FLOOD = 100_000
"""Signals, one after another."""


def pasted(banner: str, **environment: str) -> dict[str, str]:
    """What the two lines of the banner print in a shell."""
    lines = [line for line in banner.splitlines() if "curl" in line]
    assert len(lines) == 2
    script = "\n".join(lines)
    shell = subprocess.run(
        ["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=20, env={**os.environ, **environment}
    )
    assert (shell.returncode, shell.stderr) == (0, "")
    code: dict[str, str] = orjson.loads(shell.stdout)
    return code


needs_curl = pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")


@needs_curl
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_two_lines_of_the_banner_give_a_device_code_when_pasted(start: Callable[..., Running], scheme: str) -> None:
    running = start(*(["--http"] if scheme == "http" else []))
    assert running.url.startswith(f"{scheme}://localhost:")
    assert re.fullmatch("[A-Z0-9]{9}", pasted(running.banner)["userCode"])


@needs_curl
def test_a_chosen_password_is_not_shown_but_named_so_that_the_lines_still_work(start: Callable[..., Running]) -> None:
    running = start("--http", "--username", 'O\'Brien & "co"', VEEAM_MOCK_PASSWORD="p$ssw&rd \"1'")
    assert "p$ss" not in running.banner
    assert "$VEEAM_MOCK_PASSWORD" in running.banner
    assert pasted(running.banner, VEEAM_MOCK_PASSWORD="p$ssw&rd \"1'")["userCode"]


@needs_curl
@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "VEEAM_MOCK_PASSWORD: export it first"),
        ({"VEEAM_MOCK_PASSWORD": "wrong"}, "The requested URL returned error: 400"),
    ],
)
def test_lines_that_are_pasted_without_the_password_say_so(
    start: Callable[..., Running], environment: dict[str, str], told: str
) -> None:
    running = start("--http", "--password", "geheim")
    assert "Get a device code, once VEEAM_MOCK_PASSWORD is exported with the password:\n" in running.banner
    token = next(line for line in running.banner.splitlines() if "TOKEN=" in line)
    shell = subprocess.run(
        ["bash", "-c", token], capture_output=True, text=True, timeout=20, env={**os.environ, **environment}
    )
    assert told in shell.stderr


def test_the_banner_names_the_ca_file_that_a_client_trusts(start: Callable[..., Running]) -> None:
    running = start()
    assert f"CA file  {running.ca_cert}\n" in running.banner
    assert ApiClient(running.url, running.ca_cert).device_code().status_code == 200


def test_the_banner_names_the_pages(start: Callable[..., Running]) -> None:
    running = start()
    client = ApiClient(running.url, running.ca_cert)
    for name, title in (("API", "swagger"), ("State", "Device codes")):
        address = re.search(rf"^  {name} +(\S+)$", running.banner, re.MULTILINE)
        assert address is not None
        page = client.send("GET", address[1].removeprefix(running.url))
        assert page.status_code == 200 and title in page.text


def test_the_port_file_holds_the_port_once_requests_are_answered(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("--http", "--port-file", "port")
    port = (tmp_path / "port").read_text()
    assert port == f"{running.url.rpartition(':')[2]}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


def test_quiet_prints_nothing(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("--http", "--quiet", "--port-file", "port", "--log-format", "json")
    wait_for(tmp_path / "port", running.process)
    assert running.end() == (0, "", "")


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    waited = threading.Event()
    for _ in range(1000):
        if path.exists():
            return
        assert process.poll() is None
        waited.wait(0.01)
    raise AssertionError(f"{path} never came")


def test_the_log_has_a_line_for_each_request(start: Callable[..., Running]) -> None:
    running = start("--http", "--log")
    client = ApiClient(running.url)
    client.device_code()
    client.send("GET", "/nowhere%0A")
    _, output, errors = running.end()
    assert errors == ""
    assert [re.sub(r"^[0-9:]+  |[0-9.]+(?= ms)", "", line) for line in output.splitlines()] == [
        "200  POST /v4/Token  getToken  127.0.0.1   ms",
        "200  POST /v4/DeviceCode  getDeviceCode  127.0.0.1   ms",
        "404  GET /nowhere%0A  -  127.0.0.1   ms  "
        "/nowhere%0A is not a path of this server, which serves v4, v5, v6, v7, v8 of the API.",
    ]


def test_the_log_can_be_json(start: Callable[..., Running]) -> None:
    running = start("--http", "--log", "--log-format", "json")
    ApiClient(running.url).send("GET", "/v4/ServiceInstance")
    line = orjson.loads(running.end()[1])
    assert (line["operation"], line["status"], line["path"]) == ("getServiceInstance", 401, "/v4/ServiceInstance")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_it_with_success_and_nothing_on_standard_error(
    start: Callable[..., Running], number: signal.Signals
) -> None:
    assert start().end(number) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_more_signals_while_it_ends_change_nothing(start: Callable[..., Running], number: signal.Signals) -> None:
    """As `timeout -s INT` does, which signals the process and then its group."""
    running = start("--http")
    for _ in range(FLOOD):
        if running.process.poll() is not None:
            break
        running.process.send_signal(number)
    output, errors = running.process.communicate(timeout=10)
    assert (running.process.returncode, output, errors) == (0, "", "")


def test_a_flood_of_signals_asks_once_for_the_end() -> None:
    """A handler for each of them would be run on top of the one before, and the server would never end."""
    script = f"""
import os, signal, threading
from veeam_mock.command.ending import on_ending
calls, called = [], threading.Event()
on_ending(lambda: (calls.append(1), called.set()))
for _ in range({FLOOD}):
    os.kill(os.getpid(), signal.SIGTERM)
print(called.wait(20), len(calls))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.stdout, result.stderr, result.returncode) == ("True 1\n", "", 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_signal_ends_it_within_3_s_under_load_and_with_half_requests_open(
    start: Callable[..., Running], scheme: str
) -> None:
    running = start(*(["--http"] if scheme == "http" else []))
    answered, ended = threading.Event(), threading.Event()

    def load() -> None:
        client = ApiClient(running.url, running.ca_cert)
        with contextlib.suppress(OSError):
            while not ended.is_set():
                client.device_code()
                answered.set()

    threads = [threading.Thread(target=load) for _ in range(4)]
    with contextlib.ExitStack() as stack:
        for thread in threads:
            thread.start()
        for half in (b"POST /v4/DeviceCode HTTP/1.1\r\nContent-Length: 9\r\n\r\n", b"GET", b"", b"\r\n") * 5:
            stack.enter_context(Wire(running.url, running.ca_cert)).send(half)
        address = ("localhost", int(running.url.rpartition(":")[2]))
        for _ in range(5):
            stack.enter_context(socket.create_connection(address))
        assert answered.wait(10)
        running.process.send_signal(signal.SIGINT)
        try:
            output, errors = running.process.communicate(timeout=3)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
    assert (running.process.returncode, output, errors) == (0, "", "")


def test_a_port_in_use_is_one_line_and_exit_status_2(server: MockServer) -> None:
    port = server.url.rpartition(":")[2]
    result = run("--port", port)
    assert (result.returncode, result.stdout) == (2, "")
    assert (
        result.stderr
        == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use; --port 0 picks a free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1 port 4443"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
        (["--host", "no such host"], "host: 'no such host' is not a host name"),
        (["--host", "x..y"], "no certificate can be made for x..y"),
        (["--cert", "a.pem", "--key", "b.pem"], "a.pem is not a file"),
        (["--config", "nowhere.yaml"], "config: nowhere.yaml cannot be read"),
        (["--port", "x"], "port: 'x' is not of type integer"),
        (["--port", "0", "--port-file", "/nowhere/port"], "port_file: /nowhere/port cannot be written"),
        (["--bogus"], "No such option"),
        (["bogus"], "No such command"),
    ],
)
def test_a_mistake_is_told_on_standard_error_and_ends_with_status_2(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_all_mistakes_in_settings_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "veeam.yaml"
    config.write_text("code_lifetime: soon\norganizations: [{}]\n")
    monkeypatch.setenv("VEEAM_MOCK_SEDE", "1")
    result = CliRunner().invoke(cli.command, ["--config", str(config), "--port", "x"])
    assert result.exit_code == 2
    keys = {line.split(":")[0].strip() for line in result.stderr.splitlines()[1:]}
    assert keys == {"sede", "port", "code_lifetime", "organizations.0.name"}


def test_the_faults_are_listed_with_an_example_each() -> None:
    result = CliRunner().invoke(cli.command, ["faults"])
    assert result.exit_code == 0
    for name in [*BY_KIND, *PRESETS]:
        assert f"  {name} " in result.output, name


def test_beyond_this_machine_a_key_is_made_and_named(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("--http", "--host", "0.0.0.0")
    found = re.search("Key +(.+) \\(", running.banner)
    assert found
    key_file = Path(found[1])
    assert key_file.stat().st_mode & 0o777 == 0o600
    client = ApiClient(running.url)
    key = {"X-Admin-Key": key_file.read_text().strip()}
    assert client.send("GET", "/__admin/clock", headers=key).status_code == 200
    assert client.send("GET", "/__admin/clock").status_code == 401
    assert running.end()[0] == 0
    assert not key_file.exists()


@pytest.mark.parametrize("version", ["v4", "v5", "v6", "v7", "v8"])
def test_the_document_of_a_version_is_printed(version: str) -> None:
    printed = run("openapi", "--api", version)
    document = yaml.safe_load(printed.stdout)
    assert (printed.returncode, document["info"]["version"]) == (0, version[1:])
    assert {path.split("/")[1] for path in document["paths"]} == {version}
    assert orjson.loads(run("openapi", "--api", version, "--format", "json").stdout) == document
