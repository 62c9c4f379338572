"""Load by wrk, and the processor time that it costs a server."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from servers import BenchError, Running
from workloads import Call, Workload

SCRIPT = """
local calls = {}
local last = 0
function init(args)
%s
end
function request()
  last = last %% #calls + 1
  return calls[last]
end
"""


class Load(NamedTuple):
    """What a stretch of load gave. `processor` is in microseconds a request, of the whole tree of processes."""

    requests: int
    per_second: float
    processor: float


def put_load_on(server: Running, workload: Workload, connections: int, seconds: int) -> Load:
    """Keep `connections` busy for `seconds`.

    Raises:
        BenchError: wrk is not installed or fails, or more or fewer answers are refusals than the workload asks for.
    """
    if not shutil.which("wrk"):
        raise BenchError("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "calls.lua")
        script.write_text(SCRIPT % "\n".join(_lua(call, server, workload) for call in workload.calls), "utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        before = server.processor_seconds()
        done = subprocess.run([*command, "-s", str(script), server.url], capture_output=True, text=True, check=False)
        spent = server.processor_seconds() - before
    total = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if done.returncode or not total or not rate or int(total[1]) == 0 or "Socket errors" in done.stdout:
        raise BenchError(f"the load on {server.name} failed:\n{done.stdout}{done.stderr}")
    requests, refusals = int(total[1]), int(refused[1]) if refused else 0
    # Each connection may stop anywhere in the turns of the calls.
    if abs(refusals - requests * workload.refused) > connections:
        raise BenchError(f"{server.name} refused {refusals} of {requests} requests of '{workload.name}'")
    return Load(requests, float(rate[1]), spent / requests * 1e6)


def _lua(call: Call, server: Running, workload: Workload) -> str:
    headers = {**call.headers, **server.headers, **({"Connection": "close"} if workload.reconnect else {})}
    fields = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    path = call.path.replace(*server.renamed) if server.renamed else call.path
    method, target, body = (json.dumps(part) for part in (call.method, path, call.body))
    return f"  calls[#calls + 1] = wrk.format({method}, {target}, {{{fields}}}, {body})"
