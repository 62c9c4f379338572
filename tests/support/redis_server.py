"""A Redis of our own, on a socket of its own."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
import redis

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
NOT_RUN = "not run: there is no redis-server here (Debian: apt-get install redis-server)"


def require_server() -> str:
    """The command; the test is skipped where there is none."""
    if SERVER is None:
        pytest.skip(NOT_RUN)
    return SERVER


class RedisServer:
    """Redis on a socket in a folder of its own, whose path is short enough for one."""

    def __init__(self, *arguments: str) -> None:
        self._command = require_server()
        self._arguments = arguments
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.path = str(self._folder / "socket")
        self.impatient_url = f"unix://{self.path}"
        self.url = f"{self.impatient_url}?patience=10"  # however busy the machine is
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(unix_socket_path=self.path, protocol=2)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [
            "--port",
            "0",
            "--unixsocket",
            self.path,
            "--dir",
            str(self._folder),
            "--save",
            "",
            "--rdbcompression",
            "no",
        ]
        command = [self._command, *settings, *self._arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if b"ccept connections" in line:
                return
        raise AssertionError(f"{self._command} ended with {self.process.wait()}")

    def kill(self) -> None:
        """End it as a machine does that loses power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an administrator does."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            assert self.process.stdout is not None
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.stdout.close()
            self.process.wait(10)
            self.process = None

    def pause(self) -> None:
        """Let it answer nothing, and keep its connections."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it, and remove its folder."""
        self.kill()
        self.client.close()
        shutil.rmtree(self._folder)
