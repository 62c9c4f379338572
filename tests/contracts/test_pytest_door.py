"""`pytest --pyargs veeam_contracts` against a server on a socket, as a user of pytest runs it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.api_client import ApiClient
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.target import Target
from veeam_mock import MockServer

ROOT = Path(__file__).parents[2]
Pytest = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def veeam() -> Iterator[MockServer]:
    with MockServer(quiet=True) as server:
        yield server


@pytest.fixture
def run_pytest(tmp_path: Path, veeam: MockServer) -> Pytest:
    """Runs pytest in an empty folder, with the login of the server in its environment."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        login = {"VEEAM_USERNAME": veeam.username, "VEEAM_PASSWORD": veeam.password}
        plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        named = ("-p", "veeam_contracts.running.plugin", "-p", "schemathesis.pytest.plugin")
        return subprocess.run(
            [sys.executable, "-m", "pytest", *named, "--pyargs", "veeam_contracts", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **plugins, **login, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_rules_are_picked_by_keyword_and_written_to_a_report(
    run_pytest: Pytest, veeam: MockServer, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    result = run_pytest(
        "--veeam-target", veeam.url, "--veeam-ca-cert", str(veeam.ca_cert), "-k", "organization_is",
        "--veeam-json", str(report), "--veeam-rate", "1000",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout
    assert '"id": "organizations.single"' in report.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_report_that_is_not_written_is_told(run_pytest: Pytest) -> None:
    result = run_pytest("--veeam-target", "http://127.0.0.1:1", "-k", "login_answers", "--veeam-json", "/dev/full")
    assert result.returncode == 3, "what the verdict says, whatever becomes of its reports"
    assert "--json /dev/full: the report was not written" in result.stdout


def test_a_certificate_that_is_not_trusted_is_inconclusive(run_pytest: Pytest, veeam: MockServer) -> None:
    result = run_pytest("--veeam-target", veeam.url, "-k", "login_answers", "-rs")
    assert result.returncode == 3
    assert "give its CA with --ca-cert FILE" in result.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")
def test_a_broken_rule_shows_what_was_expected_and_a_curl_line_that_repeats_it(
    run_pytest: Pytest, veeam: MockServer
) -> None:
    veeam.faults.add("status", status=500, match={"operation": "getServiceInstance"})
    try:
        result = run_pytest(
            "--veeam-target", veeam.url, "--veeam-ca-cert", str(veeam.ca_cert), "-k", "describes_itself", "-x"
        )
        found = re.search("repeat: +(curl .*)", result.stdout)
        assert found is not None
        token = ApiClient(veeam.url, veeam.ca_cert or True).log_in().json()["access_token"]
        trust = {key: value for key, value in os.environ.items() if key not in ("CURL_CA_BUNDLE", "SSL_CERT_FILE")}
        repeated = subprocess.run(
            ["bash", "-c", f"{found[1]} -w ' %{{http_code}}'"],
            env={**trust, "VEEAM_TOKEN": token, "no_proxy": "*"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        veeam.faults.clear()
    assert result.returncode == 1
    assert "expected: 200 for the installation" in result.stdout
    assert found[1].startswith('curl -sS -X GET -H "Authorization: Bearer $VEEAM_TOKEN"')
    assert repeated.stdout.endswith(" 500"), repeated.stderr


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "'https://veeam.test/v4/Organizations'"),
        ({"insecure": True}, "--insecure 'https"),
        ({"ca_cert": "/a folder/ca.pem"}, "--cacert '/a folder/ca.pem' 'https"),
        ({"proxy": "http://proxy:3128"}, "--proxy 'http://proxy:3128' 'https"),
        ({"proxy": "http://me:secret@proxy:3128"}, '--proxy "$VEEAM_PROXY" \'https'),
    ],
)
def test_a_curl_line_gets_through_as_the_run_did(options: dict[str, Any], shown: str) -> None:
    target = Target("https://veeam.test", **options)
    exchange = Exchange("GET", "https://veeam.test/v4/Organizations", "/v4/Organizations", {}, None)
    line = exchange.curl(Secrets(), target.curl_options)
    assert line.startswith("curl -sS -X GET ") and shown in line and "secret" not in line


def test_the_own_page_of_a_mock_on_this_machine_is_lawful(run_pytest: Pytest) -> None:
    with MockServer(quiet=True, verification_url="self") as own:
        server = ("--veeam-target", own.url, "--veeam-ca-cert", str(own.ca_cert), "--veeam-rate", "1000")
        result = run_pytest(*server, "-k", "https_page")
    assert result.returncode == 0, result.stdout


def test_workers_are_refused_for_a_server_that_is_not_this_machine(run_pytest: Pytest) -> None:
    result = run_pytest("-p", "xdist", "-n", "2", "--veeam-target", "https://veeam.example", "-k", "list")
    assert result.returncode != 0
    assert "-n is refused" in result.stdout + result.stderr


HOSTILE = ["$(touch pwned)", "`touch pwned`", "';touch pwned;'", '";touch pwned;"', "!!",
           "\x1b[2J", "a\nb", "\u202e", "\\", "\udcff"]  # fmt: skip


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_repeat_line_gives_curl_what_was_sent_and_runs_nothing_else(tmp_path: Path, text: str) -> None:
    secrets = Secrets()
    secrets.hide("a secret token", "$VEEAM_TOKEN")
    body = f"{text} a secret token {text}".encode("utf-8", "surrogateescape")
    url = "https://veeam.test/v8/Token"
    line = Exchange("POST", url, "/v8/Token", {}, body).curl(secrets)
    shown = 'curl() { printf "%s\\0" "$@"; }; '
    done = subprocess.run(
        ["bash", "-c", shown + line],
        cwd=tmp_path,
        env={"VEEAM_TOKEN": "a secret token", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.split(b"\0")[:-1] == [b"-sS", b"-X", b"POST", b"--data-binary", body, url.encode()]
    assert list(tmp_path.iterdir()) == []
    assert all(character.isprintable() for character in line)
