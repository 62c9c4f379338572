"""What may be asked of a server, and what was used of it: paths and methods, number of requests, codes and logins."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import requests

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.target import Limits
from veeam_contracts.paths import ANY_VERSION, GIVE_CODES, is_at, pattern_of

POSTED_ONLY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
"""On a path that serves only POST, other methods change nothing; a rule tries them."""

ALLOWED: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (POSTED_ONLY, pattern_of("getToken")),
    (POSTED_ONLY, pattern_of("getDeviceCode")),
    (frozenset({"GET", "HEAD"}), pattern_of("getOrganizations")),
    (frozenset({"GET"}), pattern_of("getOrganization")),
    (frozenset({"GET"}), pattern_of("getServiceInstance")),
    (
        frozenset({"GET"}),
        re.compile(
            r"/v[0-9]+(?:/ServiceInstance/|%2FOrganizations"
            r"|/(?:/|\./|Nothing/\.\./)?(?:O|%4F)rganizations(?:/|;a=b|%20|%00|\.|\.json)?)",
            re.IGNORECASE,
        ),
    ),
    (frozenset({"POST"}), pattern_of("getOrganizationDeviceCode")),
    (frozenset({"POST"}), pattern_of("getRestoreDeviceCode")),
    (frozenset({"GET"}), re.compile(f"/{ANY_VERSION}/Nothing", re.IGNORECASE)),
    (frozenset({"POST"}), pattern_of("logOut")),
    (frozenset({"POST"}), pattern_of("checkDeviceCode")),
    (frozenset({"POST"}), pattern_of("getAzureDeviceCode")),
)
"""Method and path of all that a live server is ever asked: token and its end, device code, reads, what is not there,
refused methods."""


LOCKED = frozenset({403, 423, 429})
"""Statuses with which a server refuses tokens once it has had enough of somebody."""

FIRST_PACED = 6
"""The first version whose vendor limits requests for tokens (docs/evidence.md#token-limit)."""


class Refused(Exception):
    """The gate does not let this request out; the message says why."""


class BudgetSpent(Refused):
    """One more request, one more device code, or more time would be more than was allowed."""


class Stopped(Refused):
    """The server has failed so often in a row that it is left alone."""


@dataclass(slots=True)
class Used:
    """What was used of the limits, and what became of the requests."""

    requests: int = 0
    answered: int = 0
    device_codes: int = 0
    wrong_passwords: int = 0
    logins: int = 0
    refused_logins: int = 0
    generated: int = 0
    waited: float = 0.0
    refused: int = 0
    retried: int = 0
    throttled: int = 0
    waited_throttled: float = 0.0
    most_in_a_second: int = 0


class Admission:
    """Admits a request or refuses it, counts it, and counts what became of it. Safe to use from several threads."""

    def __init__(self, limits: Limits, password: str | None, base_path: str, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.used = Used()
        self.stop_reason: str | None = None
        self._password, self._base_path, self._clock = password, base_path, clock
        self._lock = threading.Lock()
        self._failures_in_a_row = 0
        self._lockout: int | None = None
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

    def admit(self, request: requests.PreparedRequest) -> None:
        """Count a request that is about to be sent. Raises `Refused`."""
        with self._lock:
            try:
                self._check(request)
            except BudgetSpent:
                raise
            except Refused:
                self.used.refused += 1
                raise
            self.used.requests += 1
            if is_at(self.path_of(request), *GIVE_CODES):
                self.used.device_codes += 1
            self.used.logins += self._asks_token(request)
            if self._is_wrong_login(request):
                self.used.wrong_passwords += 1

    def _check(self, request: requests.PreparedRequest) -> None:
        method, path = request.method or "", self.path_of(request)
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)
        if self.limits.allow_list and not is_allowed(method, path) and not self._is_read(method, path):
            raise Refused(f"{method} {path} is never sent to a live server")
        if self.requests_left == 0:
            raise BudgetSpent(f"budget of {self.limits.requests} requests spent")
        codes = self.limits.device_codes
        if codes is not None and method == "POST" and is_at(path, *GIVE_CODES) and self.used.device_codes >= codes:
            raise BudgetSpent(f"budget of {codes} device codes spent")
        wrong = self.limits.wrong_passwords
        if wrong is not None and self.used.wrong_passwords >= wrong and self._is_wrong_login(request):
            raise BudgetSpent(f"at most {wrong} wrong password is sent to a live server")
        if self._asks_token(request) and not self._is_right_login(request):
            self._check_refusals()

    def _is_read(self, method: str, path: str) -> bool:
        """Whether this reads what a document of the user describes (`--also`)."""
        return method == "GET" and any(pattern.fullmatch(path) for pattern in self.limits.reads)

    def _check_refusals(self) -> None:
        """Raises `Refused` where one more request for a token that may be refused is too many."""
        most = self.limits.refused_logins
        if most is not None and self.used.refused_logins >= most:
            raise BudgetSpent(f"at most {most} requests for a token that are refused are sent to a live server")
        if most is not None and self._lockout is not None:
            raise Refused(f"the server refuses tokens with {self._lockout} now: it may lock this address out")

    def path_of(self, request: requests.PreparedRequest) -> str:
        """The path of the API that is asked for, below that of the target; empty for one outside of it."""
        path = urlsplit(request.url or "").path
        return path.removeprefix(self._base_path) if path.startswith(f"{self._base_path}/") else ""

    def is_paced_login(self, request: requests.PreparedRequest) -> bool:
        """Whether this asks for a token in a version whose vendor limits how often that is done (v6 and later)."""
        path = self.path_of(request)
        found = re.match(r"/v(\d+)/", path, re.IGNORECASE)
        late = found is not None and int(found[1]) >= FIRST_PACED
        return late and request.method == "POST" and is_at(path, "getToken")

    def _is_wrong_login(self, request: requests.PreparedRequest) -> bool:
        """Whether this tries a password that is not the one we were given."""
        return self._is_login(request) and _form(request).get("password") != (self._password or "")

    def _is_login(self, request: requests.PreparedRequest) -> bool:
        return self._asks_token(request) and _form(request).get("grant_type") == "password"

    def _is_right_login(self, request: requests.PreparedRequest) -> bool:
        return self._is_login(request) and not self._is_wrong_login(request)

    def _asks_token(self, request: requests.PreparedRequest) -> bool:
        return request.method == "POST" and is_at(self.path_of(request), "getToken")

    def note_departure(self) -> None:
        """Count what leaves within one second."""
        now = self._clock()
        with self._lock:
            self._departures = [moment for moment in self._departures if moment > now - 1.0] + [now]
            self.used.most_in_a_second = max(self.used.most_in_a_second, len(self._departures))

    def settle(self, exchange: Exchange, request: requests.PreparedRequest) -> None:
        """Count the answer; the server is left alone after many failures in a row."""
        # A server that does not implement a method does not fail (RFC 9110 section 15.6.2).
        failed = exchange.status is None or (
            exchange.status >= 500 and exchange.status != 501 and not exchange.throttled
        )
        with self._lock:
            self.used.answered += exchange.status is not None
            if is_at(exchange.path, *GIVE_CODES) and not exchange.ok and exchange.status is not None:
                self.used.device_codes -= 1
            if exchange.refused and self._asks_token(request):
                self._settle_login(exchange, request)
            self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
            if self._failures_in_a_row >= self.limits.server_errors_in_a_row and self.stop_reason is None:
                last = exchange.error or f"status {exchange.status}"
                self.stop_reason = f"stopped after {self._failures_in_a_row} failures in a row, the last one: {last}"

    def _settle_login(self, exchange: Exchange, request: requests.PreparedRequest) -> None:
        """Count a refused request for a token. One that is to come later was not looked at, and will be sent again."""
        if exchange.throttled and not self.shuts_out(exchange, request):
            self.used.wrong_passwords -= self._is_wrong_login(request)
            return
        self.used.wrong_passwords += self._is_right_login(request)
        self._count_refusal(exchange)

    def shuts_out(self, exchange: Exchange, request: requests.PreparedRequest) -> bool:
        """Whether a request for a token that may be refused met a shut door: one that says no time to come again."""
        locked = exchange.status in LOCKED and "retry-after" not in exchange.headers
        return locked and self._asks_token(request) and not self._is_right_login(request)

    def give_up(self, exchange: Exchange, request: requests.PreparedRequest) -> None:
        """Count an answer that asks for a longer wait than a run has."""
        if self._asks_token(request):
            with self._lock:
                self._count_refusal(exchange)
                self._lockout = exchange.status

    def _count_refusal(self, exchange: Exchange) -> None:
        self.used.refused_logins += 1
        self._lockout = exchange.status if exchange.status in LOCKED else self._lockout

    def forgive(self) -> None:
        """A kept connection was closed while idle, which is no failure."""
        with self._lock:
            self.used.retried += 1
            self._failures_in_a_row = 0

    def count_wait(self, delay: float) -> None:
        """Count what a 429 costs; a server that throttles on and on is left alone: `Stopped`."""
        most = self.limits.longest_waits
        with self._lock:
            self.used.waited_throttled += delay
            if most is not None and self.used.waited_throttled > most:
                why = f"the server throttles for more than {most:g} s"
                self.stop_reason = f"stopped: {why}: try a lower --rate"
                raise Stopped(self.stop_reason)
        self.used.waited += delay


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
