"""What README.md says is so: its snippets run, its output is real, its options are all there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.api_client import ApiClient
from support.documents import TOP, snippets
from veeam_mock import MockServer, Settings
from veeam_mock.command.banner import banner
from veeam_mock.door.certificates import Certificate
from veeam_mock.settings.options import OPTIONS

pytest_plugins = ["pytester"]

PAGE = TOP / "README.md"
README = PAGE.read_text("utf-8")
CA_FILE = "~/.config/veeam-mock/ca.pem"
URL = "https://localhost:4443"


def blocks(language: str) -> list[str]:
    return snippets(PAGE, language)


def run(command: list[str], snippet: str, server: MockServer, **environment: str) -> str:
    """Run a snippet against a live server, and return what it printed."""
    script = snippet.replace(URL, server.url).replace(CA_FILE, str(server.ca_cert))
    result = subprocess.run(
        command, input=script, capture_output=True, text=True, timeout=30, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_what_the_contracts_need_is_said_where_they_are_introduced() -> None:
    introduction, _, _ = README.partition("## 30 seconds")
    assert "`veeam-contracts check" in introduction
    assert "`pip install '.[contracts]'`" in introduction


def test_the_banner_is_the_real_one() -> None:
    certificate = Certificate(Path("server.pem"), Path("server.key"), Path("CA"))
    assert blocks("text") == [
        banner(Settings(), URL, certificate)
        .replace("CA\n", f"{CA_FILE}\n")
        .replace("--cacert CA", f"--cacert {CA_FILE}")
        + "\n"
    ]


def test_the_device_code_looks_like_a_real_one(client: ApiClient) -> None:
    [shown] = [yaml.safe_load(text) for text in blocks("json")]
    real = client.device_code().json()
    assert shown.keys() == real.keys()
    assert shown["message"].replace(shown["userCode"], real["userCode"]) == real["message"]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(
    "snippet", [text for text in blocks("sh") if "curl" in text], ids=lambda text: "503" if "Prefer" in text else "200"
)
def test_a_shell_snippet_runs(server: MockServer, snippet: str) -> None:
    printed = run(["bash", "-eu"], snippet.replace("curl ", "curl -sS "), server)
    assert ("access_token" in printed) != ("Prefer" in snippet), printed
    assert ("Service Unavailable" in printed) == ("Prefer" in snippet), printed


@pytest.mark.parametrize("bundle", ["REQUESTS_CA_BUNDLE", "NO_BUNDLE"])
@pytest.mark.parametrize("snippet", [text for text in blocks("python") if "def test_" not in text])
def test_a_python_snippet_runs_whatever_bundle_the_environment_sets(
    server: MockServer, snippet: str, bundle: str
) -> None:
    printed = run([sys.executable, "-"], snippet, server, **{bundle: "/etc/ssl/certs/ca-certificates.crt"})
    assert printed.startswith("To sign in, ") == ("print" in snippet)


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_node_snippet_runs(server: MockServer) -> None:
    [snippet] = blocks("js")
    command = ["node", "--input-type=module", "-"]
    assert run(command, snippet, server, NODE_EXTRA_CA_CERTS=str(server.ca_cert)).startswith("To sign in, ")


def test_the_config_file_is_a_good_one() -> None:
    [config] = blocks("yaml")
    settings = Settings(**yaml.safe_load(config))
    assert (len(settings.users), settings.code_lifetime) == (2, 300)


def test_every_option_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(?:veeam-mock )?--([a-z-]+)", README))
    assert {"port", "code-lifetime", "auto-approve", "log"} <= named
    known = {option.key.replace("_", "-") for option in OPTIONS if option.command}
    assert named - known <= {"config", "help", "version"}


def test_the_pytest_example_passes_when_pasted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    [snippet] = [text for text in blocks("python") if "def test_" in text]
    pytester.makepyfile(snippet)
    pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin").assert_outcomes(passed=1)
