"""Clients of other people, unmodified, over HTTPS: they log in, list, and add an organization on v6, v7 and v8."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from veeam_mock import MockServer

pytestmark = pytest.mark.long

SCRIPTS = Path(__file__).with_name("real_clients")
VERSIONS = ["v6", "v7", "v8"]
NAMES = ["tailspintoys.onmicrosoft.com", "wingtiptoys.partner.onmschina.cn"]
UNREACHABLE = (
    "No matching distribution found",
    "NewConnectionError",
    "Could not fetch URL",
    "Could not find a version",
)


def install(folder: Path, requirement: str) -> Path:
    """The Python of a new environment that has a package and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", requirement]
    result = subprocess.run(pip, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0 and any(words in result.stderr for words in UNREACHABLE):
        pytest.skip(f"the package index cannot be reached or has no {requirement}")
    assert result.returncode == 0, result.stderr
    return python


@pytest.fixture(scope="module")
def veeam_365(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has veeam-365."""
    return install(tmp_path_factory.mktemp("veeam_365"), "veeam-365==0.4.1")


@pytest.fixture(scope="module")
def veeam_easy_connect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has veeam-easy-connect."""
    return install(tmp_path_factory.mktemp("veeam_easy_connect"), "veeam-easy-connect==0.8.0")


@contextmanager
def started(python: Path, script: str, server: MockServer, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A script that runs, and is stopped at the end or after a minute."""
    login = {"VEEAM_USERNAME": server.username, "VEEAM_PASSWORD": server.password}
    process = subprocess.Popen(
        [str(python), str(SCRIPTS / script), *arguments, server.ca_cert or ""],
        env={**os.environ, **login},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: "subprocess.Popen[str]", text: str = "") -> str:
    """What a script prints until its end, after it has read `text`."""
    printed, errors = process.communicate(text, timeout=60)
    assert (process.returncode, errors) == (0, "")
    return printed


def read(process: "subprocess.Popen[str]") -> Any:
    """The next value that a script tells."""
    line = process.stdout.readline() if process.stdout else ""
    return json.loads(line) if line else pytest.fail(process.communicate(timeout=60)[1])


@pytest.mark.parametrize("version", VERSIONS)
def test_veeam_365_adds_an_organization_by_a_device_code(veeam_365: Path, server: MockServer, version: str) -> None:
    with started(veeam_365, "add_by_veeam_365.py", server, server.url, version) as process:
        served, newest, names, code, is_approved = (read(process) for _ in range(5))
        assert (served, newest, names, is_approved) == (VERSIONS, "v8", NAMES, False)
        server.device_codes.approve(code, account="ann@fabrikam.com")
        is_approved, added, found, names = map(json.loads, finish(process, "\n").splitlines())
    assert is_approved is True
    assert added == found
    assert found["_links"]["self"]["href"] == f"/{version}/Organizations/{found['id']}"
    assert names == [*NAMES, found["name"]]
    assert server.device_codes.get(code)["state"] == "spent"


@pytest.mark.parametrize("version", VERSIONS)
def test_veeam_easy_connect_reads_organizations(veeam_easy_connect: Path, server: MockServer, version: str) -> None:
    url = urlsplit(server.url)
    arguments = (url.hostname or "", str(url.port), version)
    with started(veeam_easy_connect, "list_by_veeam_easy_connect.py", server, *arguments) as process:
        found = json.loads(finish(process))
    assert found == {
        "organizations": NAMES,
        "first": NAMES[0],
        "installation": "00000000-0000-4000-8000-00000000f001",
    }
