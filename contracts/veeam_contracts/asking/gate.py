"""The one way to the server: every request passes here, is allowed or refused, paced, counted and written down.

The gate is a transport adapter of requests, so that generated cases cannot go round it.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.pace import TokenBucket
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.sightings import sightings
from veeam_contracts.asking.target import Limits
from veeam_contracts.asking.wire import TIMED_OUT, ReadTimeout, Silence, explain, read_within

RETRY_AFTER_DEFAULT = 5.0

SEGMENT = r"(?!(?:\.|%2e){1,2}(?:/|$)|[^/]*%2f)[^/]+"
"""One part of a path, and no dot segment (RFC 3986 section 3.3), however it is spelled: a server may remove those."""

ALLOWED: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (
        frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        re.compile(r"/v4/(token|devicecode)", re.I),
    ),
    (frozenset({"GET"}), re.compile(rf"/v4/organizations(/{SEGMENT})?", re.I)),
    (frozenset({"GET"}), re.compile(r"/v[0-9]+/serviceinstance", re.I)),
    (frozenset({"POST"}), re.compile(rf"/v4/organizations/{SEGMENT}/devicecode", re.I)),
    (frozenset({"POST"}), re.compile(rf"/v4/restoresessions/{SEGMENT}/organization/restoredevicecode", re.I)),
)
"""Method and path of all that a live server is ever asked: token, device code, reads, and refused methods."""

DEVICE_CODE = re.compile(r"devicecode$", re.I)
TOKEN = re.compile(r"^/v4/token$", re.I)


class Refused(Exception):
    """The gate does not let this request out; the message says why."""


class BudgetSpent(Refused):
    """One more request, or one more device code, would be more than was allowed."""


class Stopped(Refused):
    """The server has failed so often in a row that it is left alone."""


class NoAnswer(Exception):
    """No whole answer came; `exchange` is what is known of it."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(f"{exchange.method} {exchange.path}: {exchange.error}")
        self.exchange = exchange


@dataclass(slots=True)
class Used:
    """What was used of the limits, and what became of the requests."""

    requests: int = 0
    answered: int = 0
    device_codes: int = 0
    wrong_passwords: int = 0
    waited: float = 0.0
    refused: int = 0
    retried: int = 0
    throttled: int = 0
    waited_throttled: float = 0.0
    most_in_a_second: int = 0


class Gate(BaseAdapter):
    """Sends through `inner` what `limits` allow. `journal` holds every exchange, in order."""

    def __init__(
        self,
        inner: BaseAdapter,
        limits: Limits,
        secrets: Secrets,
        *,
        password: str | None,
        base_path: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.journal: list[Exchange] = []
        self.used = Used()
        self.limits = limits
        self.generating = False
        self.stop_reason: str | None = None
        self._inner, self._secrets, self._password = inner, secrets, password
        self._base_path = base_path
        self._clock, self._sleep = clock, sleep
        self._bucket = TokenBucket(limits.rate, limits.burst, clock, sleep)
        self._lock = threading.Lock()
        self._failures_in_a_row = 0
        self._departures: list[float] = []

    @property
    def requests_left(self) -> int | None:
        """How many requests may still be sent; None without limit."""
        return None if self.limits.requests is None else max(0, self.limits.requests - self.used.requests)

    @property
    def device_codes_left(self) -> int | None:
        """How many device codes may still be asked for; None without limit."""
        codes = self.limits.device_codes
        return None if codes is None else max(0, codes - self.used.device_codes)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send when allowed. Raises `Refused` or `NoAnswer`; waits out 429 by `Retry-After`."""
        waited = 0.0
        while True:
            exchange, response = self._send_once(request, options)
            if response is None:
                raise NoAnswer(exchange)
            if exchange.status != 429:
                return response
            self.used.throttled += 1
            delay = retry_after(exchange)
            waited += delay
            if waited > self.limits.longest_wait:
                return response
            self._count_wait(delay)
            self._sleep(delay)

    def _count_wait(self, delay: float) -> None:
        """Count what a 429 costs; a server that throttles on and on is left alone."""
        most = self.limits.longest_waits
        with self._lock:
            self.used.waited_throttled += delay
            if most is not None and self.used.waited_throttled > most:
                self.stop_reason = f"stopped: the server throttles (429) for more than {most:g} s: try a lower --rate"
                raise Stopped(self.stop_reason)
        self.used.waited += delay

    def await_burst(self) -> None:
        """Sleep until a burst may go at once."""
        self._bucket.fill()

    def close(self) -> None:
        self._inner.close()

    def _send_once(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> tuple[Exchange, requests.Response | None]:
        self._admit(request)
        opened = self._opened()
        exchange, response = self._transmit(request, options)
        if response is None and self._opened() == opened is not None and exchange.dropped:
            self._forgive(exchange)
            self._admit(request)
            exchange, response = self._transmit(request, options)
        return exchange, response

    def _forgive(self, exchange: Exchange) -> None:
        with self._lock:
            self.used.retried += 1
            self._failures_in_a_row = 0
            index = next(i for i, kept in enumerate(self.journal) if kept is exchange)
            self.journal[index] = replace(exchange, kept_idle=True)

    def _opened(self) -> int | None:
        """Connections opened so far. A drop on an older one is no fault: RFC 9112 section 9.3."""
        if not isinstance(self._inner, HTTPAdapter):
            return None
        pools = self._inner.poolmanager.pools
        return sum(int(pools[key].num_connections) for key in list(pools.keys()))

    def _admit(self, request: requests.PreparedRequest) -> None:
        with self._lock:
            try:
                self._check(request)
            except BudgetSpent:
                raise
            except Refused:
                self.used.refused += 1
                raise
            self.used.requests += 1
            if DEVICE_CODE.search(urlsplit(request.url or "").path):
                self.used.device_codes += 1
            if self._is_wrong_login(request):
                self.used.wrong_passwords += 1
        self.used.waited += self._bucket.wait()
        self._note_departure()

    def _check(self, request: requests.PreparedRequest) -> None:
        method, path = request.method or "", self._path_of(request)
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)
        if self.limits.allow_list and not is_allowed(method, path):
            raise Refused(f"{method} {path} is never sent to a live server")
        if self.requests_left == 0:
            raise BudgetSpent(f"budget of {self.limits.requests} requests spent")
        codes = self.limits.device_codes
        if codes is not None and method == "POST" and DEVICE_CODE.search(path) and self.used.device_codes >= codes:
            raise BudgetSpent(f"budget of {codes} device codes spent")
        wrong = self.limits.wrong_passwords
        if wrong is not None and self.used.wrong_passwords >= wrong and self._is_wrong_login(request):
            raise BudgetSpent(f"at most {wrong} wrong password is sent to a live server")

    def _path_of(self, request: requests.PreparedRequest) -> str:
        """The path of the API that is asked for, below that of the target; empty for one outside of it."""
        path = urlsplit(request.url or "").path
        return path.removeprefix(self._base_path) if path.startswith(f"{self._base_path}/") else ""

    def _is_wrong_login(self, request: requests.PreparedRequest) -> bool:
        """Whether this tries a password that is not the one we were given."""
        return self._is_login(request) and _form(request).get("password") != (self._password or "")

    def _is_login(self, request: requests.PreparedRequest) -> bool:
        at_token = request.method == "POST" and TOKEN.search(self._path_of(request))
        return bool(at_token) and _form(request).get("grant_type") == "password"

    def _note_departure(self) -> None:
        now = self._clock()
        with self._lock:
            self._departures = [moment for moment in self._departures if moment > now - 1.0] + [now]
            self.used.most_in_a_second = max(self.used.most_in_a_second, len(self._departures))

    def _transmit(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> tuple[Exchange, requests.Response | None]:
        start = self._clock()
        response: requests.Response | None = None
        error: Silence | None = None
        try:
            response = self._inner.send(request, **{**options, "stream": True})
            read_within(response, self._deadline(start, options), self._clock)
        except requests.RequestException as failure:
            response, error = None, explain(failure)
        except ReadTimeout:
            response, error = None, TIMED_OUT
        exchange = self._record(request, response, error, self._clock() - start)
        self._judge(exchange, request)
        return exchange, response

    def _deadline(self, start: float, options: dict[str, Any]) -> float:
        timeout = options.get("timeout")
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        return start + (seconds if seconds is not None else 60.0)

    def _record(
        self,
        request: requests.PreparedRequest,
        response: requests.Response | None,
        error: Silence | None,
        elapsed: float,
    ) -> Exchange:
        url = request.url or ""
        path, query = self._path_of(request), urlsplit(url).query
        answer: dict[str, Any] = {}
        if response is not None:
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = {"status": response.status_code, "headers": headers, "body": response.content}
        exchange = Exchange(
            method=request.method or "",
            url=url,
            path=f"{path}?{query}" if query else path,
            request_headers=dict(request.headers),
            request_body=body_of(request),
            elapsed=elapsed,
            error=error,
            generated=self.generating,
            **answer,
        )
        self._hide_secrets(exchange)
        with self._lock:
            self.journal.append(exchange)
        if response is not None:
            response.exchange = exchange  # type: ignore[attr-defined]
        return exchange

    def _hide_secrets(self, exchange: Exchange) -> None:
        for kind, value in sightings(exchange):
            self._secrets.hide_numbered(value, kind)

    def _judge(self, exchange: Exchange, request: requests.PreparedRequest) -> None:
        """Count the answer; leave the server alone after many failures in a row."""
        failed = exchange.status is None or exchange.status >= 500
        with self._lock:
            self.used.answered += exchange.status is not None
            if DEVICE_CODE.search(urlsplit(exchange.url).path) and not exchange.ok and exchange.status is not None:
                self.used.device_codes -= 1
            if exchange.refused and self._is_login(request) and not self._is_wrong_login(request):
                self.used.wrong_passwords += 1
            self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
            if self._failures_in_a_row >= self.limits.server_errors_in_a_row and self.stop_reason is None:
                last = exchange.error or f"status {exchange.status}"
                self.stop_reason = f"stopped after {self._failures_in_a_row} failures in a row, the last one: {last}"


def _form(request: requests.PreparedRequest) -> dict[str, str]:
    """The fields of a login, whether it was sent as a form or as JSON; empty when it is neither."""
    body = (body_of(request) or b"").decode("utf-8", "replace")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return dict(parse_qsl(body, keep_blank_values=True))
    return {str(name): str(field) for name, field in value.items()} if isinstance(value, dict) else {}


def body_of(request: requests.PreparedRequest) -> bytes | None:
    """The body of a request as bytes."""
    body = request.body
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else None


def is_allowed(method: str, path: str) -> bool:
    """Whether a live server may be asked this."""
    return any(method in methods and pattern.fullmatch(path) for methods, pattern in ALLOWED)


def retry_after(exchange: Exchange) -> float:
    """Seconds that the server asks to wait (RFC 9110 section 10.2.3: seconds, or a date)."""
    given = exchange.headers.get("retry-after", "").strip()
    if given.isdecimal():
        return max(1.0, float(given))
    try:
        return max(1.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, OverflowError):
        return RETRY_AFTER_DEFAULT
