"""The recipes in `examples/`: every script step of the pipelines runs, and what the container does runs without one."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import yaml

from veeam_contracts.cli import command as contracts_command
from veeam_mock import MockServer

EXAMPLES = Path(__file__).parents[2] / "examples"
SET_VARIABLE = re.compile(r"^##vso\[task\.setvariable variable=(\w+)\](.*)$", re.MULTILINE)
MODULES = {"veeam-mock": "veeam_mock", "veeam-contracts": "veeam_contracts"}
INSTALLERS = ("pip", "apt-get")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


class Runner:
    """A machine of a pipeline: a folder with a checkout, the commands installed, variables that steps hand on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "examples").symlink_to(EXAMPLES)
        (folder / "bin").mkdir()
        for name, module in MODULES.items():
            self.install(name, f'exec {shlex.quote(sys.executable)} -m {module} "$@"')
        for name in INSTALLERS:
            self.install(name, "exit 0")
        self.variables = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self._groups: list[int] = []

    def install(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def set(self, variables: dict[str, str]) -> None:
        """Take variables over, on another port than the recipe's."""
        self.variables |= variables
        if "VEEAM_MOCK_PORT" in variables:
            self.variables["VEEAM_MOCK_PORT"] = str(free_port())

    def run(self, script: str, **variables: str) -> str:
        """Run a step as the services do, and return what it printed; what it leaves running goes on."""
        output = self.folder / "output"
        with output.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", script],
                cwd=self.folder,
                env={**self.variables, **variables},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._groups.append(process.pid)
            status = process.wait(timeout=300)
        printed = output.read_text()
        assert status == 0, printed
        return printed

    def stop(self) -> None:
        for group in self._groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                continue


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    machine = Runner(tmp_path)
    yield machine
    machine.stop()


def recipe(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / "ci" / name).read_text("utf-8"))


def run_github(runner: Runner) -> None:
    job = recipe("github-actions.yml")["jobs"]["test"]
    handed_on, summary = runner.folder / "github-env", runner.folder / "contracts.md"
    handed_on.touch()
    runner.set({**job["env"], "GITHUB_ENV": str(handed_on), "GITHUB_STEP_SUMMARY": str(summary)})
    for step in job["steps"]:
        if "run" in step:
            runner.run(step["run"], **step.get("env", {}))
            runner.set(dict(line.split("=", 1) for line in handed_on.read_text().splitlines()))


def run_gitlab(runner: Runner) -> None:
    job = recipe("gitlab-ci.yml")["device-codes"]
    runner.set(job["variables"])
    runner.run("\n".join([*job["before_script"], *job["script"]]))


def run_azure(runner: Runner) -> None:
    pipeline = recipe("azure-pipelines.yml")
    runner.set(pipeline["variables"])
    for step in pipeline["steps"]:
        if "bash" in step:
            runner.set(dict(SET_VARIABLE.findall(runner.run(step["bash"], **step.get("env", {})))))


PIPELINES = {"GitHub": run_github, "GitLab": run_gitlab, "Azure": run_azure}


@pytest.mark.parametrize("service", PIPELINES)
def test_a_pipeline_starts_the_mock_tests_the_client_and_asks_for_reports(service: str, runner: Runner) -> None:
    """The contract itself takes its time, and is checked in the long test below; its options are looked at here."""
    asked = runner.folder / "asked"
    runner.install("veeam-contracts", f'for argument; do echo "$argument"; done > {asked}')
    PIPELINES[service](runner)
    subcommand, *arguments = asked.read_text().splitlines()
    parsed = contracts_command.commands[subcommand].make_context(subcommand, arguments).params
    assert Path(parsed["ca_cert"]).is_file()
    assert parsed["url"] == f"https://localhost:{runner.variables['VEEAM_MOCK_PORT']}"
    assert parsed["junit"] and parsed["html"] and parsed["markdown"]
    assert "200  POST /v4/DeviceCode  getDeviceCode" in (runner.folder / "veeam-mock.log").read_text()


def action_steps() -> list[dict[str, Any]]:
    folder = EXAMPLES.parent / ".github" / "actions" / "veeam-mock"
    steps: list[dict[str, Any]] = yaml.safe_load((folder / "action.yml").read_text("utf-8"))["runs"]["steps"]
    return steps


@pytest.mark.parametrize(("options", "scheme"), [("--code-lifetime 5m", "https"), ("--http", "http"), ("", "https")])
def test_the_action_starts_the_mock_and_says_where(runner: Runner, options: str, scheme: str) -> None:
    outputs = runner.folder / "outputs"
    port = str(free_port())
    environment = {"VEEAM_MOCK_PORT": port, "VEEAM_MOCK_LOG": "true", "OPTIONS": options}
    runner.run(action_steps()[1]["run"], **environment, GITHUB_OUTPUT=str(outputs))
    told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert told["url"] == f"{scheme}://localhost:{port}"
    trust = {"ca_cert": told["ca-cert"]} if scheme == "https" else {}
    assert MockServer.attach(told["url"], **trust).session().get(f"{told['url']}/v8/Organizations").ok


@pytest.mark.parametrize(
    ("check", "url"), [("mock", "https://localhost:1"), ("https://vb365.example:4443", "https://vb365.example:4443")]
)
def test_the_action_checks_the_mock_or_another_server(runner: Runner, check: str, url: str) -> None:
    asked = runner.folder / "asked"
    runner.install("veeam-contracts", f'for argument; do echo "$argument"; done > {asked}')
    environment = {"CHECK": check, "MOCK_URL": "https://localhost:1", "MOCK_CA": "ca.pem"}
    runner.run(action_steps()[2]["run"], **environment, GITHUB_STEP_SUMMARY="summary.md")
    subcommand, *arguments = asked.read_text().splitlines()
    parsed = contracts_command.commands[subcommand].make_context(subcommand, arguments).params
    assert parsed["url"] == url
    assert (parsed["ca_cert"] == "ca.pem") == (check == "mock")


@pytest.mark.parametrize(("check", "extra"), [("", ""), ("mock", "[contracts]")])
def test_the_action_installs_what_it_needs(runner: Runner, check: str, extra: str) -> None:
    asked = runner.folder / "asked"
    runner.install("pip", f'echo "$@" > {asked}')
    runner.run(action_steps()[0]["run"], PACKAGE=".", CHECK=check)
    assert asked.read_text() == f"install .{extra}\n"


def test_the_lines_of_the_page_about_ci_start_a_mock(runner: Runner) -> None:
    page = (EXAMPLES.parent / "docs" / "ci.md").read_text("utf-8")
    lines = page.partition("```sh\n")[2].partition("```")[0]
    runner.set({"VEEAM_MOCK_PORT": "4443"})
    assert runner.run(f'{lines}\necho "$VEEAM_URL"') == "https://localhost:4443\n"
    assert "https://localhost:" in (runner.folder / "veeam-mock.log").read_text()


@pytest.mark.long
def test_a_pipeline_publishes_the_reports_of_the_contract(runner: Runner) -> None:
    run_github(runner)
    assert ElementTree.parse(runner.folder / "contracts.xml").getroot().find(".//testcase") is not None
    assert "<html" in (runner.folder / "contracts.html").read_text()
    assert "#" in (runner.folder / "contracts.md").read_text()


def test_what_a_pipeline_publishes_is_what_it_makes() -> None:
    published = recipe("github-actions.yml")["jobs"]["test"]["steps"][-1]["with"]["path"].split()
    assert published == ["contracts.xml", "contracts.html", "veeam-mock.log"]
    artifacts = recipe("gitlab-ci.yml")["device-codes"]["artifacts"]
    assert {*artifacts["paths"], *artifacts["reports"].values()} == {*published, "contracts.md"}
    tasks = recipe("azure-pipelines.yml")["steps"][-2:]
    assert [tasks[0]["inputs"]["testResultsFiles"], tasks[1]["publish"]] == published[:2]


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the last stage."""
    text = (EXAMPLES / "docker" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    last = max(index for index, line in enumerate(lines) if line[0] == "FROM")
    return [(instruction, rest) for instruction, rest in lines[last:]]


@pytest.mark.long
def test_the_commands_that_build_the_image_install_the_mock_where_nothing_is(tmp_path: Path) -> None:
    """The pip commands of both stages, each in an empty environment, the second without checkout and network."""
    text = (EXAMPLES / "docker" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"pip (?:wheel|install) [^&\n]+", text)
    assert [command.split()[1] for command in commands] == ["wheel", "install"]
    for number, line in enumerate(commands):
        environment = tmp_path / f"stage-{number}"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=120)
        script = line.replace("/src", shlex.quote(str(EXAMPLES.parent))).replace("/wheels", str(tmp_path / "wheels"))
        subprocess.run(["bash", "-ec", f"{environment}/bin/{script}"], check=True, timeout=600, capture_output=True)
    shown = subprocess.run(
        [tmp_path / "stage-1" / "bin" / "veeam-mock", "--version"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert shown.stdout.startswith("veeam-mock, version")


def test_the_container_serves_is_healthy_and_demands_its_key(runner: Runner) -> None:
    """What the image would run is run here, with its environment but on loopback and on a free port."""
    instructions = dict(dockerfile())
    environment = dict(pair.split("=", 1) for pair in shlex.split(instructions["ENV"]))
    assert environment["VEEAM_MOCK_HOST"] == "0.0.0.0"
    runner.set({key: value for key, value in environment.items() if key.startswith("VEEAM_")})
    runner.set({"VEEAM_MOCK_HOST": "localhost", "VEEAM_MOCK_ADMIN_KEY": "key-of-the-test"})
    healthy = shlex.join(json.loads(instructions["HEALTHCHECK"].partition("CMD ")[2]))
    serve = shlex.join(json.loads(instructions["ENTRYPOINT"]))
    runner.run(f"{serve} --quiet & {serve} wait && {healthy}")
    url = f"https://localhost:{runner.variables['VEEAM_MOCK_PORT']}"
    authority = Path(runner.variables["XDG_CONFIG_HOME"], "veeam-mock", "ca.pem")
    assert requests.get(f"{url}/__admin/clock", verify=authority).status_code == 401
    assert MockServer.attach(url, "key-of-the-test", ca_cert=str(authority)).clock.now()


def test_the_container_is_not_root_and_writes_nowhere_but_to_its_home() -> None:
    instructions = dict(dockerfile())
    service = yaml.safe_load((EXAMPLES / "docker" / "compose.yaml").read_text("utf-8"))["services"]["veeam"]
    assert int(instructions["USER"]) > 0
    assert service["read_only"] is True
    home = dict(pair.split("=", 1) for pair in shlex.split(instructions["ENV"]))["HOME"]
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == [home, "/tmp"]
    assert service["environment"]["VEEAM_MOCK_ADMIN_KEY"].startswith("${VEEAM_MOCK_ADMIN_KEY:?")
    assert service["environment"]["VEEAM_MOCK_HOST"] == service["hostname"]


def test_the_files_that_the_composition_names_are_there() -> None:
    folder = EXAMPLES / "docker"
    build = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))["services"]["veeam"]["build"]
    context = (folder / build["context"]).resolve()
    assert (context / "pyproject.toml").is_file()
    assert (context / build["dockerfile"]).resolve() == folder / "Dockerfile"
