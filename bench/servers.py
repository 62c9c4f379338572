"""Start a server as processes of its own, wait for its first answer, and stop it with the measurement."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from workloads import JSON, LOGIN, ORGANIZATION, SAME, WORKLOADS, Workload

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT = 60.0
"""Seconds that a server gets to its first answer."""
TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The measurement cannot go on; the message says why."""


@dataclass(slots=True)
class Running:
    """A server that answers. `renamed` has the id of the workloads and the one that this server knows."""

    name: str
    url: str
    processes: list[subprocess.Popen[bytes]]
    start_seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    renamed: tuple[str, str] | None = None

    def memory(self) -> float:
        """Resident memory of all its processes in MB (2**20 bytes), from Linux's /proc."""
        return sum(_resident(pid) for pid in self._tree())

    def processor_seconds(self) -> float:
        """Processor time of all its processes, those that have ended among them, in seconds, from Linux's /proc."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self._tree()) / TICKS

    def _tree(self) -> list[int]:
        found = [process.pid for process in self.processes]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):  # a thread that has ended meanwhile
                    found += map(int, (task / "children").read_text("ascii").split())
        return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may contain anything: the state is the first."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


@dataclass(frozen=True, slots=True)
class Server:
    """How to start a server. `commands` gets the port and a folder of its own; `note` says what to know of it.

    `workloads` are those that it can answer, None for all; `warm_up` is in seconds of load.
    """

    name: str
    commands: Callable[[int, Path], list[list[str]]]
    https: bool = False
    login: bool = False
    warm_up: int = 1
    note: str = ""
    frozen: bool = False
    workloads: dict[str, Workload] = field(default_factory=lambda: WORKLOADS)

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Start the server, wait for its first answer, and stop it at the end."""
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            log = Path(folder, "log")
            processes: list[subprocess.Popen[bytes]] = []
            try:
                begin = time.perf_counter()
                with log.open("wb") as output:
                    for command in self.commands(port, Path(folder)):
                        processes.append(_start(command, Path(folder), output.fileno()))
                url = f"{'https' if self.https else 'http'}://127.0.0.1:{port}"
                first = wait_for_answer(self.name, url, processes[-1], log, begin)
                running = Running(self.name, url, processes, first - begin)
                if self.frozen:
                    session().post(f"{url}/__admin/clock", json={"freeze": True}, timeout=10).raise_for_status()
                self.log_in(running)
                yield running
            finally:
                for process in reversed(processes):
                    stop(process)

    def log_in(self, running: Running) -> None:
        """Send the token of a new login from now on: of many logins, as in `mix`, the mock forgets the oldest."""
        running.headers = {"Authorization": "Bearer a-token-that-nobody-checks"}
        if self.login:
            client = session()
            reply = client.post(f"{running.url}/v4/Token", data=LOGIN, timeout=10)
            reply.raise_for_status()
            running.headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
            listed = client.get(f"{running.url}/v4/Organizations", headers=running.headers, timeout=10)
            running.renamed = (ORGANIZATION, listed.json()[0]["id"])


def _start(command: list[str], folder: Path, output: int) -> subprocess.Popen[bytes]:
    """Start it in a folder of its own, in which some leave their certificates."""
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)


def session() -> requests.Session:
    """A session that trusts every certificate, as all servers here are our own, and ignores proxies."""
    made = requests.Session()
    made.trust_env = False
    made.verify = False
    return made


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_answer(name: str, url: str, process: subprocess.Popen[bytes], log: Path, begin: float) -> float:
    """Ask until there is an answer other than 503, not ready yet, and return its time."""
    client = session()
    while time.perf_counter() - begin < START_LIMIT:
        if process.poll() is not None:
            raise BenchError(f"{name} ended with status {process.returncode}: {log.read_text('utf-8')[-2000:]}")
        try:
            headers = {"Authorization": "Bearer x", **JSON}
            if client.post(url + SAME.path, data=SAME.body, headers=headers, timeout=10).status_code != 503:
                return time.perf_counter()
        except requests.ConnectionError:
            time.sleep(0.005)
    raise BenchError(f"{name} did not answer within {START_LIMIT:g} s: {log.read_text('utf-8')[-2000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, at last by force."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
