"""Our wheel in the processes of others: beside each library that changes how a process works, in its own environment.

What such a library needs comes from the index of packages; where there is none, its test does not run and says so.
"""

import subprocess
from pathlib import Path

import pytest

from support.empty_environment import OURS, install, make_bare_environment
from support.foreign_projects import build_wheel
from veeam_mock import MockServer

pytestmark = pytest.mark.long

FLOW = """
def flow(server):
    answer = server.session().post(f"{server.url}/v4/DeviceCode", json={"targetRegion": "worldwide"}, timeout=10)
    assert answer.status_code == 200 and server.device_codes.newest.user_code == answer.json()["userCode"]
"""

GEVENT = f"""
from gevent import monkey; monkey.patch_all()
import sys
from veeam_mock import InterceptedServer, MockServer
{FLOW}
with InterceptedServer() as server:
    flow(server)
flow(MockServer.attach(sys.argv[1]))
try:
    MockServer().start()
except RuntimeError as error:
    print(error)
"""

MOTO = f"""
import boto3
from moto import mock_aws
from veeam_mock import InterceptedServer, MockServer
{FLOW}
def cloud():
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket-of-tests")

for kind in (InterceptedServer, MockServer):
    with mock_aws(), kind() as server:
        flow(server)
        cloud()
        flow(server)
    with kind() as server:
        with mock_aws():
            cloud()
            if kind is MockServer:
                flow(server)
        flow(server)
with InterceptedServer() as server, mock_aws():
    try:
        flow(server)
    except OSError as error:
        print(error)
"""

PROJECT = """
import time
import pytest
import requests

@pytest.mark.parametrize("turn", range(3))
def test_interception(veeam_mock, turn):
    answer = veeam_mock.session().post(f"{veeam_mock.url}/v4/DeviceCode", json={"targetRegion": "worldwide"})
    assert answer.status_code == 200 and len(veeam_mock.device_codes.list()) == 1

@pytest.mark.parametrize("turn", range(3))
def test_server(veeam_server, turn):
    session = veeam_server.session()
    answer = session.post(f"{veeam_server.url}/v4/DeviceCode", json={"targetRegion": "worldwide"}, timeout=10)
    assert answer.status_code == 200 and len(veeam_server.device_codes.list()) == 1
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def python_with(library: str, wheel: Path, folder: Path, *needed: str) -> Path:
    """The Python of an environment with our wheel and a library; a skip where the library cannot be had."""
    commands = make_bare_environment(folder, OURS, *needed)
    install(commands, wheel)
    pip = [str(commands / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", library]
    fetched = subprocess.run(pip, capture_output=True, text=True, timeout=300)
    if fetched.returncode:
        pytest.skip(f"{library} cannot be installed here: {fetched.stderr.strip().splitlines()[-1]}")
    return commands / "python"


def run(python: Path, folder: Path, *arguments: str) -> str:
    """What a command prints in an empty folder; it has to end well, and soon."""
    command = [str(python), *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_gevent(wheel: Path, tmp_path: Path) -> None:
    python = python_with("gevent", wheel, tmp_path / "environment")
    with MockServer(http=True) as server:
        told = run(python, tmp_path, "-c", GEVENT, server.url)
    assert told.startswith("gevent has replaced the threads of this process") and "MockServer.attach(url)" in told


def test_moto(wheel: Path, tmp_path: Path) -> None:
    python = python_with("moto[s3]", wheel, tmp_path / "environment")
    told = run(python, tmp_path, "-c", MOTO)
    assert "Another mock of requests, such as moto's, has to be started before this one" in told


@pytest.mark.parametrize(
    ("library", "options"),
    [
        ("pytest-randomly", ["-p", "randomly", "-p", "no:cacheprovider"]),
        ("pytest-timeout", ["--timeout=60", "--timeout-method=thread"]),
        ("pytest-socket", ["--disable-socket", "--allow-hosts=127.0.0.1,::1,localhost"]),
        ("pytest-asyncio", ["--asyncio-mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]),
        ("pytest-rerunfailures", ["--reruns=1"]),
    ],
)
def test_a_plugin_of_pytest(library: str, options: list[str], wheel: Path, tmp_path: Path) -> None:
    python = python_with(library, wheel, tmp_path / "environment", "pytest")
    (tmp_path / "test_project.py").write_text(PROJECT)
    told = run(python, tmp_path, "-m", "pytest", "-q", "-W", "error", *options, "test_project.py")
    assert "6 passed" in told, told
