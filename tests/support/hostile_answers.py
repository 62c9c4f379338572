"""Hostile answers with secrets in them, all that is printed of them, and what may not be in it."""

import html
import json
import random
import re
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from pathlib import Path
from threading import Thread
from urllib.parse import quote, unquote

import requests
from requests.structures import CaseInsensitiveDict

from mutants.harness import Answer, Ask, InProcess, Server
from support.spellings import AROUND, EXACT, LONG
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.gate import Line, NoAnswer
from veeam_contracts.asking.target import Limits, Login, Target
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.findings import Findings, unable
from veeam_contracts.judging.verdict import Outcome, Result, Status, Verdict, gather
from veeam_contracts.paths import NEWEST
from veeam_contracts.reports import html_report, json_report, junit_report, markdown_report
from veeam_contracts.reports.terminal import print_verdict
from veeam_contracts.twin.forms import forms_in
from veeam_contracts.twin.profile import Profile
from veeam_contracts.twin.templates import names_of
from veeam_mock.command.waiting import NotReady, wait_until_ready
from veeam_mock.journal.journal import Journal
from veeam_mock.journal.lines import logger
from veeam_mock.journal.masking import Masker
from veeam_mock.messages import Reply, Request
from veeam_mock.mock import Mock

ATTACKS = [
    "$(touch pwned)", "`touch pwned`", "';touch pwned;'", '";touch pwned;"', "\ntouch pwned\n", "| touch pwned #",
    "> pwned", "\n::error::pwned\n", "\r\n::set-output name=a::b", "\n##[error]pwned",
    " ##vso[task.setvariable variable=a]b", "\n##teamcity[message text='x']", "\x1b[2J", "\x1b]0;owned\x07", "\x9b1m",
    "\u202e", "\u2028::error::x", "\x00", "\ufeff", "<script>alert(1)</script>", "]]>", "```", "![x](http://pwned.test)",
    "[bold]x[/bold]", "{{7*7}}", "$VEEAM_PASSWORD", "$VEEAM_TOKENS", "!!", "\\", "'", "@/etc/passwd", "[1-99]", "{a,b}",
    "\U000e0001", "\x7f", "%00", "&#10;::error::x",
]  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass
class Secret:
    """What no output may show."""

    password: str
    token: str
    refresh: str
    code: str

    @classmethod
    def drawn(cls, rng: random.Random) -> "Secret":
        def word(letters: str, length: int) -> str:
            return "".join(rng.choices(letters, k=length))

        return cls(
            word(LETTERS + "/+=&%\"'\\ äß", 9) + "x" + word(LETTERS, 3),
            word(LETTERS + "-._~+/", 40),
            word(LETTERS, 32),
            word(LETTERS[:24], 9),
        )

    def all(self) -> tuple[str, ...]:
        return self.password, self.token, self.refresh, self.code


def hostile_text(rng: random.Random, secret: Secret) -> str:
    """Attacks, spelled secrets and plain words, in any order."""
    parts = []
    for _ in range(rng.randrange(1, 7)):
        match rng.randrange(3):
            case 0:
                parts.append(rng.choice(ATTACKS))
            case 1:
                parts.append(rng.choice([*EXACT, *LONG, *AROUND])(rng.choice(secret.all())))
            case 2:
                parts.append(rng.choice(["word", " ", "text " * rng.randrange(100), "\n", "=", "&"]))
    return rng.choice(["", " ", "\n"]).join(parts)


def hostile_body(rng: random.Random, secret: Secret) -> bytes:
    """A text, bare or in the member of an object, perhaps cut short."""
    text = hostile_text(rng, secret)
    shape = rng.randrange(5)
    if shape < 3:
        text = [json.dumps({"message": text}), json.dumps({text: 1, "region": text}), f"<p>{html.escape(text)}</p>"][
            shape
        ]
    body = text.encode("utf-8", "surrogatepass")
    return body[: rng.randrange(len(body) + 1)] if shape == 4 and rng.random() < 0.2 else body


@dataclass
class Batch:
    """What some answers of one hostile server led to."""

    secret: Secret
    outputs: dict[str, str] = field(default_factory=dict)
    curl_lines: list[str] = field(default_factory=list)


def play(rng: random.Random, answers: int) -> Batch:
    """Ask a hostile server so many times, and print all that can be printed of it."""
    secret = Secret.drawn(rng)
    batch = Batch(secret)
    client = _client(rng, secret)
    profile = Profile("v4", ["v4"])
    results = []
    for number in range(answers):
        result = _ask(client, rng, secret, profile, number)
        batch.curl_lines += [failure.curl for failure in result.failures if failure.curl]
        results.append(result)
    client.line.close()
    batch.outputs = {**_reports(results), "profile": profile.write(), **_logs(rng, secret, answers)}
    batch.outputs["wait"] = _waits(rng, secret, answers)
    return batch


def _client(rng: random.Random, secret: Secret) -> Client:
    def behave(server: Server, ask: Ask) -> Answer:
        tokens = {"access_token": secret.token, "refresh_token": secret.refresh, "expires_in": 3600}
        if ask.is_login:
            return Answer(200, CaseInsensitiveDict({"Content-Type": "application/json"}), json.dumps(tokens).encode())
        if ask.is_code:
            code = {"userCode": secret.code, "message": f"Enter {secret.code}."}
            return Answer(200, CaseInsensitiveDict({"Content-Type": "application/json"}), json.dumps(code).encode())
        if rng.random() < 0.1:
            raise requests.exceptions.ProxyError(OSError(f"Tunnel connection failed: 407 {hostile_text(rng, secret)}"))
        kind = re.sub("[\r\n]", " ", rng.choice(["application/json", "text/html", hostile_text(rng, secret)]))
        headers = CaseInsensitiveDict(
            {"Content-Type": kind, "X-Other": re.sub("[\r\n]", " ", hostile_text(rng, secret))}
        )
        return Answer(rng.choice([200, 400, 403, 404]), headers, hostile_body(rng, secret))

    target = Target(
        url="https://faulty.test:4443",
        login=Login("ann", secret.password),
        limits=Limits(),
        timeout=5,
        adapter=InProcess(Server(Mock()), behave),
    )
    client = Client(Line(target, sleep=lambda seconds: None), NEWEST)
    client.log_in()
    client.post_json(client.path_of("getDeviceCode"), {})
    return client


def _ask(client: Client, rng: random.Random, secret: Secret, profile: Profile, number: int) -> Result:
    text = hostile_text(rng, secret)
    findings = Findings(client.secrets, rule="answers.json")
    result = Result(RULES[number % len(RULES)].id, Outcome.FAILED)
    path = f"/v8/{rng.choice([text, quote(text, safe='')])}".replace("\r", "").replace("\n", "")
    try:
        exchange = client.send(rng.choice(["GET", "POST"]), path, token=client.token, body=hostile_body(rng, secret))
    except NoAnswer as failure:
        result.outcome, result.reason = Outcome.NOT_TESTED, str(unable(failure))
        exchange = failure.exchange
    else:
        key = f"operation{number}", rng.choice(["", "a case"])
        profile.forms.update(forms_in({key: exchange}, client, names_of(client)))
    findings.check(False, f"not {hostile_text(rng, secret)}", exchange.text[:999], exchange)
    findings.observe("charset", hostile_text(rng, secret), f"{exchange.headers}")
    profile.ambiguities[f"question{number}"] = ("utf-8", client.secrets.mask(exchange.text))
    result.failures, result.observations = findings.failures, findings.observations
    return result


def _reports(results: list[Result]) -> dict[str, str]:
    verdict = Verdict(
        target="https://faulty.test:4443",
        started="2026-01-01T00:00:00Z",
        seconds=1.0,
        status=Status.BROKEN,
        reason="rules are broken",
        rules=gather(RULES, results, "not selected", {}),
        observations=[seen for result in results for seen in result.observations],
        limits=[],
        versions=["v8"],
        latencies=[],
        choice="",
        gone=[],
    )
    printed = StringIO()
    with redirect_stdout(printed):
        print_verdict(verdict)
    renderers = {"json": json_report, "junit": junit_report, "markdown": markdown_report, "html": html_report}
    return {"terminal": printed.getvalue(), **{name: report.render(verdict) for name, report in renderers.items()}}


def _logs(rng: random.Random, secret: Secret, answers: int) -> dict[str, str]:
    lines: dict[str, list[str]] = {"text": [], "json": []}
    journal = Journal(100, 10_000_000, Masker(secret.all()))
    journal.listeners += [logger(form, written.append) for form, written in lines.items()]
    for _ in range(answers):
        method, path, query, said = (hostile_text(rng, secret) for _ in range(4))
        asked = Request(method, path, query, {"x-other": hostile_text(rng, secret)}, hostile_body(rng, secret))
        body = json.dumps({"message": said}).encode()
        journal.record(asked, asked.body, Reply(400, {"x": said}, body=body), at=0.0, began=0.0)
    shown = [repr((each.summary(), each.request.headers, each.reply_body)) for each in journal.entries("")]
    return {"log": "\n".join(lines["text"]), "json log": "\n".join(lines["json"]), "journal": "\n".join(shown)}


def _waits(rng: random.Random, secret: Secret, answers: int) -> str:
    """What `veeam-mock wait` says of a server that gives up each connection with other hostile words."""
    lines = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.recv(65536)
                    begin = rng.choice(["HTTP/1.1 404 ", "HTTP/1.1 200 OK\r\n", ""])
                    connection.sendall(f"{begin}{hostile_text(rng, secret)}\r\n\r\n".encode("utf-8", "surrogatepass"))

        Thread(target=answer, daemon=True).start()
        for _ in range(answers):
            try:
                wait_until_ready(f"http://127.0.0.1:{listener.getsockname()[1]}", 0)
            except NotReady as error:
                lines.append(str(error))
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    return "\n".join(lines)


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)", _character, text, flags=re.DOTALL)


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    return chr(int(digits, 16)) if digits else {"n": "\n", "r": "\r", "t": "\t"}.get(found[3], found[3])


DECODINGS = (str, unquote, html.unescape, _unescaped)


def leaks(secret: str, outputs: Iterable[str]) -> Iterator[str]:
    """The outputs in which somebody who decodes twice finds the secret, or finds it in other case or over blanks."""
    core = b64encode(secret.encode()).decode()[: len(secret.encode()) * 8 // 6]
    wanted = "".join(secret.lower().split())
    for output in outputs:
        if core in output or secret.encode().hex() in output.lower() or any(wanted in text for text in decoded(output)):
            yield output


@lru_cache(maxsize=1)
def decoded(output: str) -> tuple[str, ...]:
    """What somebody reads who decodes twice, in lower case and without blanks; kept for the next secret."""
    return tuple({"".join(second(first(output)).lower().split()) for first in DECODINGS for second in DECODINGS})


RUNNABLE = re.compile(r"^\s*::\w|##(?:\[|vso\[|teamcity\[)", re.MULTILINE)
"""A command of GitHub Actions at the beginning of a line, of Azure Pipelines or TeamCity anywhere."""

IN_BASH = """
curl() { printf 'curl\\n'; }
command_not_found_handle() { printf 'TRAP %s\\n' "$1"; }
PATH=/nowhere
"""


def pasted(lines: list[str], folder: Path) -> list[str]:
    """What bash runs when the lines are pasted into it: `curl` for each of curl, and a line for all else."""
    script = folder / "pasted.sh"
    script.write_bytes((IN_BASH + "\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
    done = subprocess.run(["bash", str(script)], cwd=folder, capture_output=True, text=True, check=False)
    script.unlink()
    return [*done.stdout.split("\n")[:-1], *done.stderr.splitlines(), *(path.name for path in folder.iterdir())]
