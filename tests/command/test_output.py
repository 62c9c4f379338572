"""Output that cannot be written changes no answer, and neither stops nor freezes the server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from support.api_client import ApiClient
from support.running_command import COMMAND, Running
from support.wire import eventually
from veeam_mock.door.handshakes import UNTRUSTED
from veeam_mock.files import write_file


class Quietly:
    """The command with a stream of the test's own; `url` once it answers."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        port = folder / "port"
        self.process = subprocess.Popen(
            [*COMMAND, "--http", "--port", "0", "--port-file", str(port), *arguments],
            **{"stderr": subprocess.PIPE, **options},
        )
        assert eventually(lambda: port.exists() or self.process.poll() is not None)
        assert self.process.poll() is None
        self.url = f"http://127.0.0.1:{port.read_text('ascii').strip()}"

    def end(self) -> tuple[int, str]:
        """Ask it to end; its exit status, and what it said on standard error. It has 2 seconds, and a busy machine."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, (errors or b"").decode()


def read(url: str, times: int) -> None:
    client = ApiClient(url)
    assert {client.send("GET", f"/v4/{'x' * 200}").status_code for _ in range(times)} == {404}


@pytest.fixture
def full() -> Iterator[Any]:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "wb", buffering=0) as device:
        yield device


def test_a_disk_that_is_full_loses_lines_and_nothing_else(tmp_path: Path, full: Any) -> None:
    running = Quietly(tmp_path, "--log", stdout=full)
    read(running.url, 20)
    assert running.end() == (0, "veeam-mock: 21 lines of the output were lost: No space left on device.\n")


def test_a_pipe_that_nobody_reads_freezes_nothing(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        running = Quietly(tmp_path, "--log", stdout=writer)
        read(running.url, 600)
        status, errors = running.end()
    finally:
        os.close(reader)
        os.close(writer)
    assert status == 0
    assert "lines of the output were lost: nobody read them." in errors


def test_a_reader_that_goes_away_stops_nothing(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    running = Quietly(tmp_path, "--log", stdout=writer)
    os.close(writer)
    os.close(reader)
    read(running.url, 20)
    status, errors = running.end()
    assert status == 0
    assert "lines of the output were lost: Broken pipe." in errors


@pytest.mark.skipif(os.name == "nt", reason="a process of Windows has its streams")
def test_streams_that_are_closed_are_done_without(tmp_path: Path) -> None:
    closing = "import os, sys; os.close(1); os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    port = tmp_path / "port"
    command = [sys.executable, "-c", closing, *COMMAND[1:], "--http", "--port", "0", "--port-file", str(port), "--log"]
    process = subprocess.Popen(command)
    assert eventually(port.exists)
    read(f"http://127.0.0.1:{port.read_text('ascii').strip()}", 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_what_an_encoding_lacks_is_written_as_an_escape(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with open(tmp_path / "out", "wb") as out:
        running = Quietly(tmp_path, "--log", "--username", "J\u00f6rg", stdout=out, env=environment)
        read(running.url, 1)
        assert running.end() == (0, "")
    assert "J\\xf6rg" in (tmp_path / "out").read_text("ascii")


def test_a_file_is_put_in_place_with_its_permissions(tmp_path: Path) -> None:
    place = tmp_path / "key"
    place.write_text("before")
    place.chmod(0o644)
    write_file(place, b"after", 0o600)
    assert place.read_bytes() == b"after"
    assert place.stat().st_mode & 0o777 == 0o600 or os.name == "nt"
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    with pytest.raises(OSError, match="link"):
        write_file(link, b"port")
    assert target.read_text() == "precious"
    result = subprocess.run(
        [*COMMAND, "--port", "0", "--port-file", str(link)], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 2
    assert "port_file: " in result.stderr
    assert "this is a link, which is not followed" in result.stderr
    assert target.read_text() == "precious"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_file(tmp_path / "folder", b"port")
    with pytest.raises(OSError, match="No such file"):
        write_file(tmp_path / "nowhere" / "port", b"port")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_gets_the_port_once_somebody_reads_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen([*COMMAND, "--http", "--quiet", "--port", "0", "--port-file", str(pipe)])
    try:
        port = pipe.read_text("ascii").strip()
        assert ApiClient(f"http://127.0.0.1:{port}").send("GET", "/__admin/health").status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert pipe.is_fifo()


@pytest.mark.parametrize("home", [None, "", "/dev/null/home", "relative"])
def test_without_a_home_a_folder_for_this_run_is_used_and_gone_after_it(tmp_path: Path, home: str | None) -> None:
    environment = {name: text for name, text in os.environ.items() if name not in ("HOME", "XDG_CONFIG_HOME")}
    environment |= {"TMPDIR": str(tmp_path)} | ({} if home is None else {"HOME": home, "XDG_CONFIG_HOME": home})
    script = (
        "import sys; from veeam_mock.files import own_folder; folder = own_folder(); print(folder, folder.is_dir())"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    folder, _, there = done.stdout.strip().rpartition(" ")
    assert there == "True"
    assert folder.startswith(str(tmp_path)) or home is None  # without HOME, the system knows one by its list of users
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colours_unless_it_wants_none(
    tmp_path: Path, environment: dict[str, str], is_coloured: bool
) -> None:
    reader, writer = os.openpty()
    variables = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    running = Quietly(tmp_path, "--log", "--quiet", stdout=writer, env={**variables, "TERM": "xterm", **environment})
    read(running.url, 1)
    assert running.end() == (0, "")
    line = os.read(reader, 4096).decode()
    os.close(reader)
    os.close(writer)
    assert ("\x1b[33m404\x1b[0m" in line) == is_coloured
    assert ("\x1b" in line) == is_coloured


def test_a_pipe_gets_no_colours(tmp_path: Path) -> None:
    running = Quietly(tmp_path, "--log", "--quiet", stdout=subprocess.PIPE)
    read(running.url, 1)
    running.process.send_signal(signal.SIGTERM)
    output, _ = running.process.communicate(timeout=10)
    assert b"  404  GET /v4/x" in output
    assert b"\x1b" not in output
    assert b" ms  /v4/xxx" in output


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_tells_what_kept_a_client_from_asking(start: Callable[..., Running], form: str) -> None:
    running = start("--log", "--log-format", form)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(running.url, timeout=10)
    assert requests.get(f"{running.url}/v4/x", verify=running.ca_cert, timeout=10).status_code == 404
    first = running.end()[1].strip().splitlines()[0]
    words = f"{UNTRUSTED}; the file to trust is {running.ca_cert}"
    if form == "text":
        assert first[8:] == f"  no request: {words}"
    else:
        told = json.loads(first)
        assert (told["status"], told["outcome"], told["message"]) == (None, "no-request", words)
