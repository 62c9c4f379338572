"""Load on `POST /v4/DeviceCode`: by wrk where it is installed, else by threads of this process."""

import http.client
import json
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from servers import BODY, BenchError, Running

PATH = "/v4/DeviceCode"


@dataclass(frozen=True, slots=True)
class Load:
    """What a stretch of load gave."""

    requests: int
    per_second: float


def maker() -> str:
    """The name of the load maker in use."""
    return "wrk, 1 thread" if shutil.which("wrk") else "Python threads (wrk is not installed; they may be the limit)"


def put_load_on(server: Running, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for `seconds`; `BenchError` when any answer is not a 200."""
    return (_wrk if shutil.which("wrk") else _threads)(server, connections, seconds)


def _wrk(server: Running, connections: int, seconds: float) -> Load:
    headers = "".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in server.headers.items())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "device-code.lua")
        script.write_text(f'wrk.method = "POST"\nwrk.body = {json.dumps(BODY.decode())}\n{headers}', "utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script), server.url + PATH]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    total = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if done.returncode or not total or not rate or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchError(f"the load on {server.name} failed:\n{done.stdout}{done.stderr}")
    return Load(int(total[1]), float(rate[1]))


def _threads(server: Running, connections: int, seconds: float) -> Load:
    begin = time.perf_counter()
    counts = [0] * connections
    failures: list[str] = []

    def work(index: int) -> None:
        try:
            counts[index] = _ask_until(server, begin + seconds)
        except (OSError, http.client.HTTPException, BenchError) as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise BenchError(f"the load on {server.name} failed: {failures[0]}")
    return Load(sum(counts), sum(counts) / (time.perf_counter() - begin))


def _ask_until(server: Running, end: float) -> int:
    connection = _connect(server.url)
    count = 0
    while time.perf_counter() < end:
        connection.request("POST", PATH, BODY, server.headers)
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise BenchError(f"status {reply.status}")
        count += 1
    connection.close()
    return count


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=30)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(parts.netloc, timeout=30, context=trusting)
