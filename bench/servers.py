"""The servers that are compared, each started as its own process and stopped with the measurement."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT = 60.0
"""Seconds that a server gets to its first answer."""
BODY = b'{"targetRegion": "worldwide"}'
ANSWER = {
    "userCode": "CWE5QHLNM",
    "verificationUrl": "https://microsoft.com/devicelogin",
    "expiresIn": 899,
    "message": "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code "
    "CWE5QHLNM to authenticate.",
}


class BenchError(Exception):
    """The measurement cannot go on; the message says why."""


@dataclass(slots=True)
class Running:
    """A server that answers."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    start_seconds: float
    headers: dict[str, str] = field(default_factory=dict)

    def memory(self) -> float:
        """Resident memory in MB (2**20 bytes), from Linux's /proc."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


@dataclass(frozen=True, slots=True)
class Server:
    """How to start a server. `command` gets the port and a folder of its own; `note` says what to know of it."""

    name: str
    command: Callable[[int, Path], list[str]]
    https: bool = False
    login: bool = False
    warm_up: float = 1.0
    note: str = ""
    frozen: bool = False

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Start the server, wait for its first answer, and stop it at the end."""
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            log = Path(folder, "log")
            with log.open("wb") as output:
                begin = time.perf_counter()
                process = subprocess.Popen(
                    self.command(port, Path(folder)),
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            try:
                url = f"{'https' if self.https else 'http'}://127.0.0.1:{port}"
                first = wait_for_answer(self.name, url, process, log, begin)
                if self.frozen:
                    session().post(f"{url}/__admin/clock", json={"freeze": True}, timeout=10).raise_for_status()
                yield Running(self.name, url, process, first - begin, self._headers(url))
            finally:
                stop(process)

    def _headers(self, url: str) -> dict[str, str]:
        token = "a-token-that-nobody-checks"
        if self.login:
            form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
            reply = session().post(f"{url}/v4/Token", data=form, timeout=10)
            reply.raise_for_status()
            token = reply.json()["access_token"]
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


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
    """Ask until there is an answer of any status below 500, and return its time."""
    client = session()
    while time.perf_counter() - begin < START_LIMIT:
        if process.poll() is not None:
            raise BenchError(f"{name} ended with status {process.returncode}: {log.read_text('utf-8')[-2000:]}")
        try:
            headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
            if client.post(f"{url}/v4/DeviceCode", data=BODY, headers=headers, timeout=10).status_code < 500:
                return time.perf_counter()
        except requests.ConnectionError:
            time.sleep(0.005)
    raise BenchError(f"{name} did not answer within {START_LIMIT:g} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, at last by force."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def mock(https: bool, *, frozen: bool = False, journal: bool = True) -> Server:
    """The mock as its command starts it: credentials, request and reply checks on."""

    def command(port: int, folder: Path) -> list[str]:
        options = [] if https else ["--http"]
        if not journal:
            config = folder / "mock.yaml"
            config.write_text("journal_entries: 0\n", "utf-8")
            options += ["--config", str(config)]
        return [sys.executable, "-m", "veeam_mock", "--port", str(port), "--quiet", *options]

    name = ", ".join(["mock", *(["no journal"] if not journal else []), *(["frozen clock"] if frozen else [])])
    note = "" if journal else "`journal_entries: 0`; credentials and both checks stay on"
    return Server(name, command, https=https, login=True, note=note, frozen=frozen)


def constant(https: bool, jar: str | None = None) -> Server:
    """A constant answer from an ASGI application under the same server: what the door alone costs."""
    quiet = ["--no-access-log", "--log-level", "error", "--no-server-header"]
    options = ["--http", "httptools", "--lifespan", "off", "--ws", "none", *quiet]
    return Server(
        "constant",
        lambda port, folder: [
            *(sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "bench"), "constant:answer"),
            *("--port", str(port), *options, *(_certificate() if https else [])),
        ],
        https=https,
        note="uvicorn and httptools; nothing is looked at, nothing is made",
    )


def _certificate() -> list[str]:
    from veeam_mock.door.certificates import find_certificate
    from veeam_mock.settings.settings import Settings

    found = find_certificate(Settings())
    if found is None:
        raise BenchError("the mock has no certificate to serve the constant answer with")
    return ["--ssl-certfile", str(found.chain), "--ssl-keyfile", str(found.key)]


def wiremock(https: bool, jar: str | None) -> Server:
    """WireMock as it starts by itself but for its journal, with one stub: the path, a bearer token, a JSON body."""
    return _wiremock("wiremock", https, jar, [], "no journal, one stub; 30 s of load first")


def tuned_wiremock(https: bool, jar: str | None) -> Server:
    """The same with all that can be turned off turned off, and `Content-Length` as here."""
    options = ["--disable-request-logging", "--disable-response-templating", "--disable-banner"]
    options += ["--disable-extensions-scanning", "--use-chunked-encoding", "never"]
    note = "the same without log, templates, extensions and chunks; 30 s of load first"
    return _wiremock("wiremock-tuned", https, jar, options, note)


def _wiremock(name: str, https: bool, jar: str | None, options: list[str], note: str) -> Server:
    java, jar = shutil.which("java"), jar or os.environ.get("WIREMOCK_JAR")
    if java is None or jar is None or not Path(jar).is_file():
        raise BenchError("WireMock is not here: needs java, and its jar by --wiremock-jar or WIREMOCK_JAR")

    def command(port: int, folder: Path) -> list[str]:
        mappings = folder / "mappings"
        mappings.mkdir()
        mappings.joinpath("device-code.json").write_text(json.dumps(STUB), "utf-8")
        ports = ["--https-port", str(port), "--disable-http"] if https else ["--port", str(port)]
        address = ["--bind-address", "127.0.0.1", *ports]
        return [java, "-jar", jar, "--root-dir", str(folder), *address, "--no-request-journal", *options]

    return Server(name, command, https=https, warm_up=30.0, note=note)


STUB = {
    "request": {
        "method": "POST",
        "urlPath": "/v4/DeviceCode",
        "headers": {"Authorization": {"matches": "Bearer .+"}},
        "bodyPatterns": [{"matchesJsonPath": "$.targetRegion"}],
    },
    "response": {
        "status": 200,
        "headers": {"Content-Type": "application/json; charset=utf-8"},
        "jsonBody": ANSWER,
    },
}


def prism(https: bool, jar: str | None = None) -> Server:
    """Prism, serving the examples of `openapi.yaml`."""
    command = shutil.which("prism")
    if command is None or https:
        raise BenchError("Prism speaks no HTTPS" if https else "Prism is not here: needs the command prism in the PATH")
    return Server(
        "prism",
        lambda port, folder: [
            *(command, "mock", "--host", "127.0.0.1", "--port", str(port), "-v", "error"),
            str(ROOT / "openapi.yaml"),
        ],
        warm_up=5.0,
        note="checks no body here: it gives up on an enum that holds null (stoplightio/prism#1931)",
    )


RIVALS: dict[str, Callable[[bool, str | None], Server]] = {
    "wiremock": wiremock,
    "wiremock-tuned": tuned_wiremock,
    "prism": prism,
    "constant": constant,
}
"""Makes a server to compare with, over HTTPS or not, with WireMock's jar; `BenchError` when it is not installed."""
