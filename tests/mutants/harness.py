"""The mock in this process behind a transport of requests, with a defect in between, and the contracts run on it."""

import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from veeam_contracts.asking.target import BUNDLED, LIVE, Limits, Login, Target
from veeam_contracts.cli import RULES, conduct
from veeam_contracts.document import describe
from veeam_contracts.further import read_further
from veeam_contracts.judging.baseline import Baseline
from veeam_contracts.judging.verdict import Verdict
from veeam_contracts.options import Options
from veeam_contracts.paths import NEWEST, is_at
from veeam_contracts.running.run import Run
from veeam_mock import Settings
from veeam_mock.messages import AT_ONCE, NO_BODY, Reply, Request
from veeam_mock.mock import Mock

HOST = "faulty.test:4443"
URL = f"https://{HOST}"
USERNAME, PASSWORD = "administrator", "a long enough password"
TIMEOUT = 30.0
"""Seconds; a busy machine must not look like a slow server. A call that hangs says so at once."""


@dataclass(frozen=True)
class Ask:
    """A request on its way to the mock."""

    method: str
    path: str
    headers: CaseInsensitiveDict[str]
    body: bytes

    @property
    def is_login(self) -> bool:
        return is_at(self.path, "getToken")

    @property
    def is_code(self) -> bool:
        return is_at(self.path, "getDeviceCode")

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").partition(" ")[2].strip()

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def with_header(self, name: str, value: str) -> "Ask":
        return replace(self, headers=CaseInsensitiveDict({**self.headers, name: value}))

    def with_json(self, value: Any) -> "Ask":
        return replace(self.with_header("Content-Type", "application/json"), body=json.dumps(value).encode())


@dataclass(frozen=True)
class Answer:
    """An answer on its way back."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def with_header(self, name: str, value: str | None) -> "Answer":
        headers = {key: kept for key, kept in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=CaseInsensitiveDict({**headers, **({name: value} if value is not None else {})}))

    def with_body(self, body: bytes) -> "Answer":
        return replace(self, body=body).with_header("Content-Length", str(len(body)))

    def with_json(self, value: Any) -> "Answer":
        return self.with_body(json.dumps(value).encode())

    def with_members(self, **changes: Any) -> "Answer":
        return self.with_json({**self.json, **changes})


def say(status: int, value: Any = None) -> Answer:
    """An answer from nothing."""
    blank = Answer(status, CaseInsensitiveDict({"Content-Type": "application/json"}), b"")
    return blank.with_json({"message": "Refused."} if value is None else value)


@dataclass
class Server:
    """What a defect has to do with: the mock behind it, without a door, and a memory of its own."""

    mock: Mock
    memory: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, ask: Ask) -> Answer:
        """What the mock answers."""
        path, _, query = ask.path.partition("?")
        headers = {"host": HOST, **{name.lower(): value for name, value in ask.headers.items()}}
        if ask.body:
            headers["content-length"] = str(len(ask.body))
        request = Request(ask.method, path, query, headers, ask.body, f"https://{headers['host']}")
        time.sleep(0)  # Whoever calls at the same time gets a turn, as behind a socket.
        reply = self.mock.answer(request, no_socket="There is no connection here.")
        assert reply.delivery == AT_ONCE
        has_body = ask.method != "HEAD" and reply.status not in NO_BODY
        return Answer(reply.status, CaseInsensitiveDict(reply.headers), reply.body if has_body else b"")

    def count(self, what: str = "calls") -> int:
        """How often this was asked, this time included."""
        with self.lock:
            self.memory[what] = self.memory.get(what, 0) + 1
            return int(self.memory[what])

    def advance(self, seconds: float) -> None:
        """Move the mock's clock."""
        reply = self._control("/__admin/clock", {"advance": f"{seconds:.3f}s"})
        assert reply.status == 200, reply.body

    def decide(self, code: str, decision: str) -> None:
        """Play the person at the sign-in page; `LookupError` for a code that the mock did not give."""
        reply = self._control(f"/__admin/device-codes/{quote(code)}/{decision}")
        if reply.status != 200:
            raise LookupError(reply.body.decode())

    def _control(self, path: str, value: Any = None) -> Reply:
        body = b"" if value is None else json.dumps(value).encode()
        headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
        return self.mock.answer(Request("POST", path, "", headers, body, "https://localhost"))


Behaviour = Callable[[Server, Ask], Answer]


class Dropped(Exception):
    """The connection ends without an answer."""


class Hanging(Exception):
    """No answer comes within any time limit."""


class InProcess(BaseAdapter):
    """A transport of requests that hands over to a behaviour, without a socket."""

    def __init__(self, server: Server, behave: Behaviour) -> None:
        super().__init__()
        self._server, self._behave = server, behave

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        try:
            return _to_response(request, self._behave(self._server, _to_ask(request)))
        except Dropped:
            raise requests.ConnectionError("Connection aborted.", request=request) from None
        except Hanging:
            raise requests.ReadTimeout("Read timed out.", request=request) from None

    def close(self) -> None:
        pass


def _to_ask(request: requests.PreparedRequest) -> Ask:
    parts = urlsplit(request.url or "")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    assert isinstance(body, bytes)
    headers = {name: v if isinstance(v, str) else v.decode("latin-1") for name, v in request.headers.items()}
    return Ask(request.method or "", path, CaseInsensitiveDict(headers), body)


def _to_response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    """As a client behind a socket would see it: a wrong Content-Length cuts the body, or lets the client wait."""
    if "Content-Length" not in answer.headers and answer.status not in NO_BODY:
        answer = answer.with_header("Transfer-Encoding", "chunked")
    if request.method == "HEAD":
        answer = replace(answer, body=b"")
    length = answer.headers.get("Content-Length", str(len(answer.body))).partition(",")[0]
    announced = (
        int(length) if len(length) < 4300 else len(answer.body)
    )  # as Python's client, which reads no more digits
    if request.method != "HEAD" and announced > len(answer.body):
        raise Dropped
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.request, response.url = request, request.url or ""
    response.raw = HTTPResponse(
        io.BytesIO(answer.body[:announced]),
        headers=dict(answer.headers),
        status=answer.status,
        preload_content=False,
        request_method=request.method,
    )
    return response


def judge(
    behave: Behaviour,
    settings: dict[str, Any] | None = None,
    *,
    seed: int = 1,
    generated: bool = False,
    limits: Limits = BUNDLED,
    baseline: Baseline | None = None,
    clock: "FakeTime | None" = None,
    url: str = URL,
    api: str = "v4",
    partial: bool = False,
    also: Sequence[str] = (),
) -> Verdict:
    """The verdict of the contracts on a version of the mock with these settings and this behaviour."""
    further = read_further(also)
    limits = replace(limits, reads=tuple(pattern for each in further for pattern in each.patterns))
    server = Server(Mock(Settings(password=PASSWORD, seed=seed, **(settings or {}))))
    target = Target(
        url=url,
        login=Login(USERNAME, PASSWORD),
        limits=limits,
        timeout=TIMEOUT,
        seed=seed,
        adapter=InProcess(server, behave),
        advance=None if limits.live else server.advance,
        decide=None if limits.live else server.decide,
        restore_session_id=None if limits.live else describe(NEWEST).example_restore_session,
    )
    timing = {"sleep": server.advance} if clock is None else {"sleep": clock.sleep, "clock": clock.now}
    options = Options(
        target, seed=seed, examples=6, baseline=baseline or Baseline(), api=api, partial=partial, further=further
    )
    run = Run(options, **timing)
    leave_out = () if generated else (f"--ignore={RULES / 'test_generated.py'}",)
    verdict = conduct(run, arguments=("-s", *leave_out))
    assert verdict is not None
    return verdict


class FakeTime:
    """Time that passes only when somebody sleeps, or a server takes long. Seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


@dataclass
class Watched:
    """A server that takes `delay` seconds an answer, and writes down when it was asked what."""

    clock: FakeTime
    delay: float = 0.0
    asks: list[tuple[float, Ask, Answer]] = field(default_factory=list)

    def __call__(self, server: Server, ask: Ask) -> Answer:
        asked_at = self.clock.now()
        self.clock.sleep(self.delay)
        answer = server.answer(ask)
        self.asks.append((asked_at, ask, answer))
        return answer

    def count(self, wanted: Callable[[Ask, Answer], bool]) -> int:
        return sum(wanted(ask, answer) for _, ask, answer in self.asks)


@cache
def live_run(api: str) -> tuple[Verdict, Watched]:
    """A run on a lawful server with the limits for live ones; the same for all tests that look at it."""
    clock = FakeTime()
    watched = Watched(clock)
    return judge(watched, generated=True, limits=LIVE, clock=clock, api=api), watched


def broken(verdict: Verdict) -> set[str]:
    """The ids of the rules that broke."""
    return {result.rule.id for result in verdict.rules if result.outcome == "failed"}
