"""The clients in `examples/`: each gets its device code from a server that throttles it and lets its token expire."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from veeam_mock import MockServer

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
RUNNERS = {
    "device_code_requests.py": (sys.executable,),
    "device_code_httpx.py": (sys.executable,),
    "device_code.mjs": ("node",),
    "device_code.sh": ("bash", "curl", "jq"),
}


def run_client(name: str, server: MockServer, **environment: str) -> "subprocess.CompletedProcess[str]":
    for program in RUNNERS[name]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    trust = dict.fromkeys(("VEEAM_CA_CERT", "NODE_EXTRA_CA_CERTS"), server.ca_cert or "")
    return subprocess.run(
        [RUNNERS[name][0], str(CLIENTS / name)],
        env={**os.environ, "VEEAM_URL": server.url, **trust, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_client_is_tried() -> None:
    assert {path.name for path in CLIENTS.iterdir() if path.is_file()} == RUNNERS.keys()


@pytest.mark.parametrize(
    "name", [name if "requests" in name else pytest.param(name, marks=pytest.mark.long) for name in RUNNERS]
)
def test_a_client_survives_a_429_and_an_expired_token(name: str, serve: Callable[..., MockServer]) -> None:
    """The token lives for a second, and is dead when the two seconds of `Retry-After` are over."""
    server = serve(http=False, token_lifetime="1s")
    server.faults.add(preset="throttled", retry_after=2, times=1, match={"operation": "getDeviceCode"})
    run = run_client(name, server)
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert found["organizations"] == ["tailspintoys.onmicrosoft.com", "wingtiptoys.partner.onmschina.cn"]
    assert found["userCode"] == server.device_codes.list()[-1]["userCode"]
    asked = server.requests.list(operation="getDeviceCode")
    assert [exchange["reply"]["status"] for exchange in asked] == [429, 401, 200]
    logins = [exchange["request"]["body"] for exchange in server.requests.list(operation="getToken")]
    assert "grant_type=password" in logins[0]
    assert "grant_type=refresh_token" in logins[-1]


@pytest.mark.parametrize("name", RUNNERS)
def test_a_client_logs_in_again_when_its_refresh_token_is_refused(name: str, serve: Callable[..., MockServer]) -> None:
    server = serve(http=False)
    server.faults.add(preset="token-revoked", times=1, match={"operation": "getOrganizations"})
    server.faults.add("status", status=400, after=1, times=1, match={"operation": "getToken"})
    run = run_client(name, server)
    assert (run.returncode, run.stderr) == (0, "")
    statuses = [exchange["reply"]["status"] for exchange in server.requests.list(operation="getToken")]
    assert statuses == [200, 400, 200]


@pytest.mark.parametrize("name", RUNNERS)
def test_a_client_whose_login_is_refused_fails(name: str, serve: Callable[..., MockServer]) -> None:
    run = run_client(name, serve(http=False), VEEAM_PASSWORD="wrong")
    assert run.returncode == 1
    assert run.stdout == ""
