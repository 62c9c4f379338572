"""Ten mistakes that people make, and the one line that each is answered by: what is wrong, and what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from veeam_mock import MockServer
from veeam_mock.command.cli import command
from veeam_mock.settings.options import BY_KEY
from veeam_mock.settings.sources import OF_CLIENTS, read_environment

CASES = {
    "a mistyped key": (
        "organisations: []",
        "organisations: is not a setting; did you mean organizations? (from veeam.yaml, line 1)",
    ),
    "a mistyped key within": (
        "organizations: [{name: a, regoin: China}]",
        "organizations.0: unknown key 'regoin'; did you mean region? (from veeam.yaml, line 1)",
    ),
    "a password that is a number": (
        "password: 12345",
        "password: the value is not of type string; put it in quotes (from veeam.yaml, line 1)",
    ),
    "a password among several users": (
        "users: [{username: a, password: 12345}]",
        "users.0.password: the value is not text; put it in quotes (from veeam.yaml, line 1)",
    ),
    "a mistyped operation": (
        "faults: [{kind: reset, operation: getDeviceCodes}]",
        "did you mean getDeviceCode? (from veeam.yaml, line 1)",
    ),
    "a mistyped preset": ("faults: [{preset: throtled}]", "did you mean throttled? (from veeam.yaml, line 1)"),
    "a mistyped kind": ("faults: [{kind: timout}]", "did you mean timeout? (from veeam.yaml, line 1)"),
    "a mistyped rule": (
        "faults: [{kind: reset, time: 1}]",
        "faults.0: unknown key 'time'; did you mean times? (from veeam.yaml, line 1)",
    ),
    "an origin with a slash": (
        "cors: ['https://a.example/']",
        "cors.0: 'https://a.example/' is not an origin such as https://app.example, null or *; "
        "leave out the slash at its end (from veeam.yaml, line 1)",
    ),
    "a duration with a blank": (
        "code_lifetime: 5 minutes",
        "code_lifetime: '5 minutes' is not a duration such as 30s, 15m, 1h30m, 14d, 250ms or PT15M "
        "(from veeam.yaml, line 1)",
    ),
    "a mistyped reading": (
        "ambiguities: {error-shap: Message}",
        "did you mean error-shape? (from veeam.yaml, line 1)",
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("mistake", CASES)
def test_a_mistake_in_the_file_is_answered_by_one_line_that_says_what_to_do(mistake: str, folder: Path) -> None:
    content, told = CASES[mistake]
    (folder / "veeam.yaml").write_text(content)
    result = CliRunner().invoke(command, ["check-config", "veeam.yaml"])
    assert result.exit_code == 2
    first, *lines = result.stderr.splitlines()
    assert first == "Error: these settings do not fit:"
    assert [line.strip().endswith(told) for line in lines] == [True], result.stderr
    assert "12345" not in result.stderr


def test_a_port_that_is_taken_says_how_to_get_another(server: MockServer) -> None:
    result = CliRunner().invoke(command, ["--port", server.url.rpartition(":")[2]])
    assert result.exit_code == 2
    assert result.stderr.endswith("; --port 0 picks a free one\n")


@pytest.mark.parametrize(("http", "right", "wrong"), [(True, "http", "https"), (False, "https", "http")])
def test_waiting_by_the_wrong_scheme_says_so_at_once(http: bool, right: str, wrong: str) -> None:
    with MockServer(http=http) as server:
        asked, there = (server.url.replace(f"{right}://", f"{scheme}://", 1) for scheme in (wrong, right))
        result = CliRunner().invoke(command, ["wait", asked, "--timeout", "1h"])
    assert result.exit_code == 1
    assert result.stderr == f"Error: no mock answered at {asked}; it answers at {there}, so wait for that\n"


@pytest.mark.parametrize("name", sorted(OF_CLIENTS))
def test_a_variable_of_a_client_is_no_setting(name: str) -> None:
    assert name.lower() not in BY_KEY
    assert read_environment({f"VEEAM_MOCK_{name}": "https://localhost:4443"}) == {}


def test_every_command_stands_in_the_help() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output.partition("\nCommands:\n")[2]
    assert [line.split()[0] for line in shown.splitlines()] == ["check-config", "faults", "openapi", "wait"]
    assert "..." not in shown
