"""Every snippet of the README and of the docs, pasted where our wheel is installed and nothing else of ours is.

The commands are those of the environment, the folder and the home are empty. What is changed in a snippet: the port,
as that of a test is any that is free; the addresses of servers and of Redis, and the CA to trust; of the contracts one
rule is tried, as `.ci/run` tries all of them from the wheel; and what is asked of a server for its twin is asked faster
and of version 4, as the vendor's limit on logins begins with version 6.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling builds the wheel, and is not installed")

from support.documents import DOCS, TOP
from support.empty_environment import OURS, install, make_bare_environment, path_without
from support.foreign_projects import build_wheel

pytestmark = pytest.mark.long

SNIPPET = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVES = re.compile(r"(^|&& )veeam-mock( --[\w-]+( [^-\s]\S*)?)*$")
"""A command that serves until it is interrupted."""

LAST_LINE = "Ctrl-C stops it."
URL = "https://localhost:4443"
LIVE_URL = "https://veeam.example:4443"
SECONDS = 120.0
"""What one command may take at most."""

NEEDS_WINDOWS = "needs PowerShell on Windows"
SHOWS = "shows what is printed"
NOT_RUN = {
    ("README.md", "Fake Veeam Backup for Microsoft Office 365"): SHOWS,
    ("README.md", '{"userCode":"9K92M6ERW","verificationUrl":'): SHOWS,
    ("ci.md", "steps:"): "is a workflow, which GitHub runs",
    ("ci.md", "docker build -f examples/docker/Dockerfile"): "needs Docker, and a registry",
    ("device-code-life.md", "pending ──▶ approved ──▶ spent"): "is a drawing",
    ("install.md", "[dependency-groups]"): "names the address of a repository that is the reader's",
    ("requests.md", "expected 1 request with {'operation': 'get"): SHOWS,
    ("requests.md", "12:00:07  200  POST /v4/DeviceCode  getDev"): SHOWS,
    ("requests.md", "12:00:11  no request: the client does not"): SHOWS,
    ("scale.md", "upstream veeam {"): "needs nginx, and mocks on other machines",
    ("versions.md", "VEEAM_VENDOR_DOCUMENTS=/path/to/folder pyt"): "needs the vendor's documents, and a checkout",
    ("windows.md", "py -m pip install veeam_devicecode_mock-0."): NEEDS_WINDOWS,
    ("windows.md", "Import-Certificate -FilePath $env:APPDATA\\"): NEEDS_WINDOWS,
    ("windows.md", '$env:VEEAM_MOCK_PASSWORD = Read-Host "Pass'): NEEDS_WINDOWS,
    ("windows.md", "$mock = Start-Process veeam-mock -Argument"): NEEDS_WINDOWS,
}
"""Page and beginning of the first line -> why a snippet cannot run here."""

USERS = "users:\n  - {username: administrator, password: veeam}\n  - {username: 'DOMAIN\\user', password: veeam}\n"


@dataclass(frozen=True)
class Snippet:
    """A snippet as it stands in a page."""

    page: str
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        return self.page, self.text.partition("\n")[0][:42].rstrip()

    def __str__(self) -> str:
        return "-".join([self.page, self.language, *re.findall(r"[\w.]+", self.key[1])[:4]])


SNIPPETS = [
    Snippet(page.name, *found)
    for page in (TOP / "README.md", *sorted(DOCS.glob("*.md")))
    for found in SNIPPET.findall(page.read_text("utf-8"))
]


class Walker:
    """A user with an environment, a home, and a folder that is empty."""

    def __init__(self, commands: Path, home: Path, folder: Path) -> None:
        self.commands = commands
        self.folder = folder
        self.environment = {
            "PATH": f"{commands}:{path_without(os.environ['PATH'])}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "VEEAM_MOCK_PORT": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
        }

    def run(self, command: list[str], text: str = "", **environment: str) -> str:
        """Run a command with `text` on its standard input; what it printed."""
        result = subprocess.run(
            command,
            input=text,
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def start(self, command: str) -> "subprocess.Popen[str]":
        """Start a command of the shell, in a group of its own, which Ctrl-C ends: also where these tests ignore it, as
        what a script starts in the background does."""
        return subprocess.Popen(
            ["bash", "-euc", command],
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def write(self, name: str, text: str) -> str:
        self.folder.joinpath(name).write_text(text, "utf-8")
        return name


def read_until(process: "subprocess.Popen[str]", last: str) -> str:
    """What a process prints, up to a line that holds `last`."""
    printed = ""
    assert process.stdout
    while last not in printed:
        line = process.stdout.readline()
        assert line, f"it ended with {process.wait()}, and printed {printed!r}"
        printed += line
    return printed


def interrupt(process: "subprocess.Popen[str]") -> int:
    """Press Ctrl-C, and wait for the end."""
    os.killpg(process.pid, signal.SIGINT)
    with process:
        return process.wait(SECONDS)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The commands of an environment with our wheel; httpx and a2wsgi are what docs/tests.md is about."""
    needed = f"{OURS}[contracts,redis]", "pytest", "httpx", "a2wsgi"
    commands = make_bare_environment(tmp_path_factory.mktemp("installed"), *needed)
    install(commands, wheel)
    return commands


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, installed: Path, home: Path) -> Iterator[str]:
    """The address of a server that the user has started."""
    walker = Walker(installed, home, tmp_path_factory.mktemp("serving"))
    process = walker.start(f"exec veeam-mock --config {walker.write('users.yaml', USERS)}")
    yield read_until(process, LAST_LINE).partition(" at ")[2].partition("\n")[0]
    assert interrupt(process) == 0


@pytest.fixture
def walker(installed: Path, home: Path, tmp_path: Path) -> Walker:
    return Walker(installed, home, tmp_path)


@pytest.fixture
def paste(walker: Walker, url: str, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A snippet with the addresses of today, and what it takes for granted in the folder."""

    def pasted(text: str) -> str:
        if "ca.pem --html" in text:
            shutil.copy(Path(walker.environment["HOME"], ".config/veeam-mock/ca.pem"), walker.folder)
        for address in ("redis://redis.test:6379/0", "unix:///run/redis/redis.sock"):
            if address in text:
                text = text.replace(address, request.getfixturevalue("redis_server").url)
        trusting = url if "--ca-cert" in text else f"{url} --ca-cert ~/.config/veeam-mock/ca.pem"
        text = text.replace(URL, url).replace(LIVE_URL, trusting).replace("VEEAM_PASSWORD=…", "VEEAM_PASSWORD=veeam")
        text = text.replace("veeam-contracts check", "veeam-contracts check --rule code.url")
        return re.sub("veeam-contracts (probe|compare)", r"veeam-contracts \1 --rate 1000 --api v4", text)

    return pasted


def serve(walker: Walker, command: str) -> None:
    """A command that serves says so, and ends when it is interrupted."""
    process = walker.start(command)
    read_until(process, LAST_LINE)
    assert interrupt(process) == 0


def write_documents(walker: Walker) -> None:
    """What docs/also.md calls the vendor's documents, and the file of an answer."""
    answer = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}}
    key = [{"name": "jobId", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]
    for version in ("v6", "v8"):
        paths = {
            f"/{version}/Jobs/{{jobId}}": {
                "parameters": key,
                "get": {"operationId": "Job_Get", "responses": answer},
                "delete": {"responses": {"204": {"description": ""}}},
            },
            f"/{version}/Proxies": {"get": {"responses": answer}},
        }
        document = {"openapi": "3.0.3", "info": {"title": "The vendor's", "version": version}, "paths": paths}
        walker.write(f"openapi-{version}.json", json.dumps(document))
    walker.write("proxies.json", "{}")


def run_shell(walker: Walker, text: str) -> None:
    if SERVES.search(text.strip()):
        serve(walker, text.strip())
    elif "curl -N" in text:
        process = walker.start(f"exec {text}")
        assert "data: changed" in read_until(process, "data: ")
        interrupt(process)
    elif "COMPLETE=" in text:
        complete_in_each_shell(walker, text)
    elif "veeam-mock wait" in text:
        run_in_the_background(walker, text)
    else:
        printed = walker.run(["bash", "-euo", "pipefail"], text.replace("curl ", "curl -sS "))
        assert ("Service Unavailable" in printed) == ("code=503" in text)


def complete_in_each_shell(walker: Walker, text: str) -> None:
    """One line for each shell; what is completed is tested elsewhere."""
    shells = dict(zip(("bash", "zsh", "fish"), text.splitlines(), strict=True))
    for shell, line in shells.items():
        assert shell in line
        if shutil.which(shell):
            walker.run([shell, "-c", line])
        else:
            [command] = re.findall(r"_VEEAM_MOCK_COMPLETE=\w+ veeam-mock", line)
            assert "complet" in walker.run(["bash", "-euc", command])


def run_in_the_background(walker: Walker, text: str) -> None:
    """Nothing is named but the port that the server has by itself: here another one that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ask = 'curl -fsS --cacert "$VEEAM_CA_CERT" "$VEEAM_URL/__admin/health"\nkill %1\nwait'
    printed = walker.run(["bash", "-eu"], text.replace("4443", str(port)) + ask, VEEAM_MOCK_PORT=str(port))
    assert '"ok"' in printed


def run_console(walker: Walker, text: str) -> None:
    """Commands after `$`, one by one; a password is typed where one is asked for."""
    for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        if SERVES.search(command):
            serve(walker, command)
        else:
            walker.run(["bash", "-euc", command], "veeam\n")


def run_python(walker: Walker, text: str) -> None:
    if "def test_" in text:
        walker.write("test_pasted.py", text)
        assert " passed" in walker.run(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"])
    else:
        walker.run(["python", walker.write("pasted.py", text)])


def run_node(walker: Walker, text: str) -> None:
    if not shutil.which("node"):
        pytest.skip("needs Node")
    ca_cert = Path(walker.environment["HOME"], ".config/veeam-mock/ca.pem")
    command = ["node", walker.write("get-code.mjs", text)]
    assert walker.run(command, NODE_EXTRA_CA_CERTS=str(ca_cert)).startswith("To sign in, ")


def check_yaml(walker: Walker, text: str) -> None:
    file = walker.write("pasted.yaml", text)
    if text.startswith("deviations:"):
        walker.run(["veeam-contracts", "check", "--rule", "code.url", "--baseline", file])
    else:
        walker.run(["veeam-mock", "check-config", file])


def check_ini(walker: Walker, text: str) -> None:
    walker.write("pytest.ini", text)
    run_python(walker, "def test_pasted(veeam_mock):\n    assert veeam_mock.settings.code_lifetime == 5\n")


RUNNERS = {
    "sh": run_shell,
    "console": run_console,
    "python": run_python,
    "js": run_node,
    "yaml": check_yaml,
    "ini": check_ini,
}
INSTALLS = re.compile(r"^pip install ")


def test_what_cannot_run_is_listed_and_nothing_else() -> None:
    """Each entry names one snippet, and every other snippet is in a language that is known here."""
    left_out = [snippet.key for snippet in SNIPPETS if snippet.key in NOT_RUN]
    assert sorted(left_out) == sorted(NOT_RUN)
    others = [snippet for snippet in SNIPPETS if snippet.key not in NOT_RUN]
    assert [str(snippet) for snippet in others if snippet.language not in RUNNERS] == []


@pytest.mark.parametrize(
    "snippet",
    [each for each in SNIPPETS if each.key not in NOT_RUN and not INSTALLS.match(each.text)],
    ids=str,
)
def test_a_snippet_does_its_work(walker: Walker, paste: Callable[[str], str], snippet: Snippet) -> None:
    if snippet.page == "also.md":
        write_documents(walker)
    RUNNERS[snippet.language](walker, paste(snippet.text))


@pytest.mark.parametrize("snippet", [each for each in SNIPPETS if INSTALLS.match(each.text)], ids=str)
def test_a_snippet_that_installs_does_so(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path, home: Path, snippet: Snippet
) -> None:
    """In an environment that has what we require, and what builds the wheel: there is no network."""
    commands = make_bare_environment(tmp_path_factory.mktemp("bare"), f"{OURS}[redis]", "hatchling")
    walker = Walker(commands, home, TOP if "install ." in snippet.text else wheel.parent)
    walker.environment |= {"PIP_FIND_LINKS": str(wheel.parent), "PIP_NO_BUILD_ISOLATION": "0"}
    if SERVES.search(snippet.text.strip()):
        serve(walker, snippet.text.strip())
    else:
        walker.run(["bash", "-eu"], snippet.text)
    assert "0.2" in walker.run(["veeam-mock", "--version"])
