"""`veeam-contracts` as a person uses it: what it prints, and its exit status."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from mutants.harness import Answer, Ask, Behaviour, Server, broken, judge
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.verdict import Status
from veeam_contracts.options import Mistake, read_options
from veeam_contracts.writing import write_output

ROOT = Path(__file__).parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def veeam_contracts(tmp_path: Path) -> Command:
    """Runs the command in an empty folder, without a login in its environment."""

    def run(
        *arguments: str, environment: dict[str, str] | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "veeam_contracts", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path), **(environment or {})},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.long
def test_the_bundled_mock_conforms_also_in_a_folder_with_broken_pytest_files(
    veeam_contracts: Command, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a stranger')\n")
    (tmp_path / "schemathesis.toml").write_text("nonsense = [\n")
    result = veeam_contracts("check", environment={"PYTEST_ADDOPTS": "--nonsense", "PYTEST_PLUGINS": "no_such_plugin"})
    assert result.returncode == Status.CONFORMS, result.stdout + result.stderr
    assert "conforms: no rule is broken" in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "conftest.py",
        "pytest.ini",
        "schemathesis.toml",
    ]


def test_list_prints_every_rule_with_its_source(veeam_contracts: Command) -> None:
    result = veeam_contracts("list")
    assert result.returncode == 0
    assert all(f"{rule.id}  {rule.title}" in result.stdout and rule.source in result.stdout for rule in RULES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ftp://veeam.example",), "is no address"),
        (("https://veeam.example",), "no login"),
        (("https://a:b@veeam.example", "--token", "t"), "a login in the address"),
        (("https://veeam.example/?a=b", "--token", "t"), "leave out what follows the ?"),
        (("https://veeam.example/#top", "--token", "t"), "leave out what follows the #"),
        (("https://veeam.example:99999", "--token", "t"), "is no address"),
        (("https://veeam.example:port", "--token", "t"), "is no address"),
        (("https://[::1", "--token", "t"), "is no address"),
        (("https://*", "--token", "t"), "is no address"),
        (("https://veeam example", "--token", "t"), "holds characters that no address has"),
        (("https://veeam.example\x1b[31m", "--token", "t"), "holds characters that no address has"),
        (("https://veeam.example/v4", "--token", "t"), "leave out the version"),
        (("https://veeam.example/veeam/V4/", "--token", "t"), "leave out the version"),
        (("https://veeam.example", "--token", "t", "--thorough"), "confirm with --yes"),
        (
            ("https://veeam.example", "--token", "t", "--rate", "fast", "--timeout", "0"),
            "--timeout 0: must be a number",
        ),
        (("https://veeam.example", "--token", "t", "--ca-cert", "missing.pem"), "no such file"),
        (("https://veeam.example", "--token", "t", "--ca-cert", __file__), "holds no certificate"),
        (("https://veeam.example", "--token", "t", "--region", "Atlantis"), "is none of Worldwide"),
        (("https://veeam.example", "--token", "t", "--organization-id", ".."), "is no id"),
        (("--rule", "code.nonsense"), "fits no rule"),
        (("--max-time", "soon"), "is no time such as 90s, 5m or 1h"),
        (("--write-baseline", "missing/known.yaml"), "--write-baseline missing/known.yaml: the folder does not exist"),
        (("--client-key", "key.pem"), "--client-key: give the certificate as well"),
        (("--client-cert", "missing.pem"), "--client-cert missing.pem: no such file"),
        (("--client-cert", __file__), "holds no certificate with its private key"),
        (("--api", "v9"), "is none of auto, all, v4, v5, v6, v7, v8"),
        (("https://veeam.example", "--token", "t", "--organization-id", "a/b"), "is no id"),
        (("https://veeam.example", "--username", "u", "--password-stdin"), "standard input holds no password"),
        (("--html", "missing/report.html"), "the folder does not exist"),
        (("--json", "."), "is a folder, not a file"),
        (("--json", "report", "--html", "./report"), "is the file of --json too"),
        (("--baseline", "missing.yaml"), "cannot be read"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(
    veeam_contracts: Command, arguments: tuple[str, ...], message: str
) -> None:
    result = veeam_contracts("check", *arguments)
    assert result.returncode == Status.USAGE
    assert message in result.stderr


@pytest.mark.parametrize("option", ["--json", "--rule", "--baseline", "--ca-cert"])
def test_what_was_typed_is_told_and_nothing_in_it_obeyed(veeam_contracts: Command, option: str) -> None:
    result = veeam_contracts("check", "https://veeam.example", "--token", "t", option, "/no\n::error::\x1b[31m/x")
    assert result.returncode == Status.USAGE
    assert option in result.stderr
    assert not any(line.startswith("::error") or "\x1b" in line for line in result.stderr.splitlines())


@pytest.mark.parametrize("arguments", [("list",), ("check",)])
@pytest.mark.parametrize("missing", ["pytest schemathesis rich jinja2", "schemathesis"])
def test_without_the_extra_one_line_says_what_to_install(arguments: tuple[str, ...], missing: str) -> None:
    hide = "import sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split()))"
    bare = f"{hide}; from veeam_contracts.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", bare, missing, *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == Status.USAGE
    assert result.stderr == "veeam-contracts needs its extra: pip install 'veeam-devicecode-mock[contracts]'\n"


def test_a_report_that_must_not_be_written_is_known_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only = tmp_path / "report.html"
    read_only.touch()
    monkeypatch.setattr("os.access", lambda path, mode: path not in (read_only, tmp_path / "closed"))
    (tmp_path / "closed").mkdir()
    for path in (read_only, tmp_path / "closed" / "report.html"):
        with pytest.raises(Mistake, match="must not be written"):
            read_options({"html": str(path)}, {})


def test_a_report_goes_through_no_link(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("kept", "utf-8")
    (tmp_path / "report.html").symlink_to(target)
    with pytest.raises(Mistake, match="is a link, which is not followed"):
        read_options({"html": str(tmp_path / "report.html")}, {})
    with pytest.raises(OSError, match="is a link, which is not followed"):  # put there during the run
        write_output(tmp_path / "report.html", "the report")
    assert target.read_text("utf-8") == "kept"


def test_a_pipe_that_nobody_reads_holds_no_report_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"nobody read it within 0\.01 s"):
        write_output(tmp_path / "pipe", "the report", patience=0.01)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_report_that_is_not_written_hinders_neither_the_others_nor_the_verdict(
    veeam_contracts: Command, tmp_path: Path
) -> None:
    login = ("http://127.0.0.1:1", "--token", "abcdefgh")
    result = veeam_contracts("check", *login, "--json", "/dev/full", "--html", "report.html")
    assert result.returncode == Status.INCONCLUSIVE, "what the verdict says, whatever becomes of its reports"
    assert "inconclusive: http://127.0.0.1:1 is not reached" in result.stdout
    assert [line for line in result.stderr.splitlines() if line] == [
        "veeam-contracts: --json /dev/full: the report was not written: No space left on device"
    ]
    assert "http://127.0.0.1:1" in (tmp_path / "report.html").read_text()


BROKEN = {
    "full": ("> /dev/full", "some of the output was lost: No space left on device"),
    "both full": ("> /dev/full 2> /dev/full", ""),
    "closed": (">&-", ""),
    "both closed": (">&- 2>&-", ""),
    "no reader": ("| true; exit ${PIPESTATUS[0]}", ""),
    "no letters": ("| cat; exit ${PIPESTATUS[0]}", ""),
}
"""What a shell makes of the standard streams, and what has to be told of it."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
@pytest.mark.parametrize(
    "streams",
    [name if name in ("full", "both closed") else pytest.param(name, marks=pytest.mark.long) for name in BROKEN],
)
@pytest.mark.parametrize(
    ("module", "arguments", "status"),
    [
        ("veeam_contracts", "list", 0),
        ("veeam_contracts", "check http://127.0.0.1:1 --token abcdefgh", Status.INCONCLUSIVE),
        ("veeam_contracts", "probe http://127.0.0.1:1 --token abcdefgh --output profile.yaml", Status.INCONCLUSIVE),
        ("veeam_mock", "faults", 0),
        ("veeam_mock", "check-config wrong.yaml", 2),
    ],
)
def test_output_that_cannot_be_written_changes_no_exit_status(
    tmp_path: Path, module: str, arguments: str, status: int, streams: str
) -> None:
    (tmp_path / "wrong.yaml").write_text("port: x")
    redirected, told = BROKEN[streams]
    line = f"{shlex.quote(sys.executable)} -m {module} {arguments} {redirected}"
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert arguments.split()[0] not in ("list", "faults") or told in done.stderr


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between processes")
@pytest.mark.parametrize(
    ("number", "early"),
    [
        (signal.SIGTERM, True),
        (signal.SIGINT, False),
        pytest.param(signal.SIGINT, True, marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_ended_writes_its_reports_and_is_inconclusive(
    hanging: socket.socket, tmp_path: Path, number: signal.Signals, early: bool
) -> None:
    report, url = tmp_path / "report.json", f"http://127.0.0.1:{hanging.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-c", SIGNALLED, "check", url, "--token", "abcdefgh", "--json", str(report)],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "EARLY": str(int(early)), "SIGNAL": str(int(number))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == Status.INCONCLUSIVE, output
    assert "inconclusive: the run was interrupted" in output
    assert url in output and "bundled mock" not in output
    assert json.loads(report.read_text())["status"] == Status.INCONCLUSIVE
    with pytest.raises(BlockingIOError):  # nobody has connected: after an interruption nothing is asked
        hanging.accept()


SIGNALLED = """
import os, requests
from veeam_contracts import cli

def strike(*arguments, **options):
    os.kill(os.getpid(), int(os.environ["SIGNAL"]))

if os.environ["EARLY"] == "1":
    hold = cli.INTERRUPTION.hold
    cli.INTERRUPTION.hold = lambda: (hold(), strike())
else:
    requests.adapters.HTTPAdapter.send = strike
cli.main()
"""
"""The command, to which a signal comes as soon as it has begun, or when the first request is sent."""


def test_a_host_that_nobody_knows_is_told_so(veeam_contracts: Command) -> None:
    result = veeam_contracts("check", "https://no-such-host.invalid", "--token", "abcdefgh")
    assert result.returncode == Status.INCONCLUSIVE
    assert "is the host spelled right" in result.stdout


def test_https_to_a_port_that_speaks_no_tls_is_told_so(veeam_contracts: Command) -> None:
    def answer_in_clear(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answer_in_clear, args=(server,), daemon=True).start()
        result = veeam_contracts("check", f"https://127.0.0.1:{server.getsockname()[1]}", "--token", "abcdefgh")
        server.shutdown(socket.SHUT_RDWR)
    assert result.returncode == Status.INCONCLUSIVE
    assert "is it http instead of https, or another port?" in result.stdout


@pytest.mark.parametrize("region", ["worldwide", "WORLDWIDE", "USDefence", "usgovdefence"])
def test_a_region_of_any_version_can_be_asked_for(region: str) -> None:
    url = {"url": "https://veeam.example", "token": "abcdefgh"}
    assert read_options({**url, "region": region}, {}).target is not None


def test_an_address_where_nobody_listens_is_inconclusive(veeam_contracts: Command) -> None:
    result = veeam_contracts(
        "check", "http://127.0.0.1:1", "--username", "u", "--password-stdin", given="secret word\n"
    )
    assert result.returncode == Status.INCONCLUSIVE
    assert "is the server running" in result.stdout
    assert "secret word" not in result.stdout + result.stderr


def one_code_for_everybody(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_members(userCode="SAMECODE1") if ask.is_code and answer.status == 200 else answer


def codes_without_a_token(server: Server, ask: Ask) -> Answer:
    if ask.is_code and not ask.token:
        ask = ask.with_header("Authorization", f"Bearer {server.memory.get('token', '')}")
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        server.memory["token"] = answer.json["access_token"]
    return answer


def plain_http_address(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (ask.is_code and answer.status == 200):
        return answer
    return answer.with_members(verificationUrl=answer.json["verificationUrl"].replace("https:", "http:"))


def life_as_text(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_members(expiresIn="900") if ask.is_code and answer.status == 200 else answer


def crash_on_bad_json(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    bad = ask.is_code and answer.status == 400
    return Answer(500, answer.headers, answer.body) if bad else answer


@pytest.mark.parametrize(
    ("behave", "rule"),
    [
        (one_code_for_everybody, "code.unique-sequence"),
        (codes_without_a_token, "credentials.absent"),
        (plain_http_address, "code.url"),
        (life_as_text, "code.properties"),
        (crash_on_bad_json, "answers.no-5xx"),
    ],
)
def test_a_broken_contract_ends_with_1_and_names_the_rule(behave: Behaviour, rule: str) -> None:
    verdict = judge(behave)
    assert verdict.status == Status.BROKEN
    assert rule in broken(verdict)


def test_some_rules_can_be_tried_alone(veeam_contracts: Command, tmp_path: Path) -> None:
    result = veeam_contracts("check", "--rule", "service.*", "--skip", "*.version-probe", "--json", "report.json")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert result.returncode == Status.CONFORMS, result.stdout + result.stderr
    assert [rule["id"] for rule in report["rules"] if rule["outcome"] == "passed"] == ["service.instance"]
    assert {rule["reason"] for rule in report["rules"] if rule["outcome"] == "not tested"} == {"not selected"}
