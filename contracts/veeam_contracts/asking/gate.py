"""The one way to the server: every request passes here, is admitted or refused, paced, sent and written down.

The gate is a transport adapter of requests, so that generated cases cannot go round it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import Timeout

from veeam_contracts.asking.admission import Admission, BudgetSpent
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.journal import MOST_BYTES, Ending, Journal
from veeam_contracts.asking.pace import TokenBucket, Windows, retry_after
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.target import Target, base_path
from veeam_contracts.asking.wire import TIMED_OUT, ReadTimeout, Silence, Transport, explain, read_within


class NoAnswer(Exception):
    """No whole answer came; `exchange` is what is known of it."""

    def __init__(self, exchange: Exchange, secrets: Secrets) -> None:
        super().__init__(secrets.mask(f"{exchange.method} {exchange.path}: {exchange.error}"))
        self.exchange = exchange


class Gate(BaseAdapter):
    """Sends through `inner` what `admission` lets out, and writes it into `journal`.

    The time of a run counts from `began`, as `clock` says it, or from now.
    """

    def __init__(
        self,
        inner: BaseAdapter,
        admission: Admission,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        began: float | None = None,
    ) -> None:
        super().__init__()
        self.admission, self.journal = admission, journal
        self._inner, self._clock, self._sleep = inner, clock, sleep
        limits = admission.limits
        self._end = None if limits.seconds is None else (clock() if began is None else began) + limits.seconds
        self._bucket = TokenBucket(limits.rate, limits.burst, clock, self._pause)
        self._logins = Windows(limits.logins, clock, self._pause)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send when allowed. Raises `Refused` or `NoAnswer`; waits out 429, and 503 with a `Retry-After`."""
        waited = 0.0
        while True:
            exchange, response = self._send_once(request, options)
            if response is None:
                raise NoAnswer(exchange, self.journal.secrets)
            if not exchange.throttled or self.admission.shuts_out(exchange, request):
                return response
            self.admission.used.throttled += 1
            delay = retry_after(exchange.headers.get("retry-after", ""))
            waited += delay
            if waited > self.admission.limits.longest_wait:
                self.admission.give_up(exchange, request)
                return response
            self.admission.count_wait(delay)
            self._pause(delay)

    def _pause(self, seconds: float) -> None:
        """Sleep. Raises `BudgetSpent` at once where the run would be over before that."""
        if seconds > self._left():
            raise BudgetSpent(self._time_spent())
        self._sleep(seconds)

    def _left(self) -> float:
        """Seconds that are left of the run."""
        return float("inf") if self._end is None else self._end - self._clock()

    def _time_spent(self) -> str:
        return f"the time of {self.admission.limits.seconds:g} s is spent"

    def in_time(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """The exchanges, to be looked at: a server may answer so much that to look takes longer than to ask.

        Raises `BudgetSpent` where the run has been over for more than `TO_LOOK` of its time.
        """
        for exchange in exchanges:
            if -self._left() > TO_LOOK * (self.admission.limits.seconds or 0.0):
                raise BudgetSpent(self._time_spent())
            yield exchange

    def await_burst(self) -> None:
        """Sleep until a burst may go at once."""
        self._bucket.fill()

    def close(self) -> None:
        self._inner.close()

    def _send_once(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> tuple[Exchange, requests.Response | None]:
        if self._left() <= 0:
            raise BudgetSpent(self._time_spent())
        if self.journal.is_full:
            raise BudgetSpent(f"the answers of this run have {MOST_BYTES // 2**20} MB, which is all that is kept")
        self._admit(request)
        opened = self._opened()
        exchange, response = self._transmit(request, options)
        if response is None and self._opened() == opened is not None and exchange.dropped:
            self.journal.forgive(exchange)
            self.admission.forgive()
            self._admit(request)
            exchange, response = self._transmit(request, options)
        return exchange, response

    def _opened(self) -> int | None:
        """Connections opened so far. A drop on an older one is no fault: RFC 9112 section 9.3."""
        if not isinstance(self._inner, HTTPAdapter):
            return None
        pools = self._inner.poolmanager.pools
        return sum(int(pools[key].num_connections) for key in list(pools.keys()))

    def _admit(self, request: requests.PreparedRequest) -> None:
        self.admission.admit(request)
        self.admission.used.waited += self._bucket.wait()
        if self.admission.is_paced_login(request):
            self.admission.used.waited += self._logins.wait()
        self.admission.note_departure()

    def _transmit(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> tuple[Exchange, requests.Response | None]:
        start = self._clock()
        response: requests.Response | None = None
        error: Silence | None = None
        allowed = min(_seconds(options.get("timeout")), max(SHORTEST, self._left()))
        try:
            limit = Timeout(total=allowed)
            response = self._inner.send(request, **{**options, "stream": True, "timeout": limit})
            read_within(response, start + allowed, self._clock)
        except requests.RequestException as failure:
            response, error = None, explain(failure)
        except ReadTimeout:
            response, error = None, TIMED_OUT
        if response is None and self._left() <= 0:
            raise BudgetSpent(self._time_spent())  # It may have come in the time that an answer has.
        ending = Ending(response, error, self._clock() - start, start)
        exchange = self.journal.record(request, self.admission.path_of(request), ending)
        if response is not None:
            response.exchange = exchange  # type: ignore[attr-defined]
        self.admission.settle(exchange, request)
        return exchange, response


TO_LOOK = 0.05
"""The share of the time of a run that there is after it to look through what was answered."""

SHORTEST = 0.01
"""Seconds that a request has at the least: none is no number that sockets take."""


def _seconds(timeout: Any) -> float:
    """The time limit of one answer, as requests was told it."""
    seconds = timeout[1] if isinstance(timeout, tuple) else timeout
    return 60.0 if seconds is None else float(seconds)


class _Session(requests.Session):
    """Follows no redirect. `requests` reads the address of one even where it shall not, and fails at an odd one."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No answer leads elsewhere."""
        return None


class Line:
    """One run's way to one target, which the clients of all versions share: the limits are those of the whole run."""

    def __init__(self, target: Target, **timing: Any) -> None:
        self.target = target
        self.secrets = Secrets()
        self.secrets.hide(target.login.password, "$VEEAM_PASSWORD")
        self.secrets.hide(target.login.token, "$VEEAM_TOKEN")
        inner = target.adapter or Transport(pool_connections=1, pool_maxsize=64)
        self.started = timing.get("clock", time.monotonic)()
        self.clock: Callable[[], float] = timing.get("clock", time.monotonic)
        self.admission = Admission(target.limits, target.login.password, base_path(target.url), self.clock)
        self.records = Journal(self.secrets)
        self.gate = Gate(inner, self.admission, self.records, **timing)
        self.http = self._session()

    def _session(self) -> requests.Session:
        session, target = _Session(), self.target
        session.trust_env = False
        # A login kept in a cookie would open what is asked for without a token.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        session.verify, session.cert = target.verify, target.cert
        if target.proxy:
            session.proxies = {"http": target.proxy, "https": target.proxy}
        session.mount("http://", self.gate)
        session.mount("https://", self.gate)
        return session

    def send(
        self, method: str, path: str, headers: Mapping[str, str | None], body: bytes | None, query: Mapping[str, str]
    ) -> Exchange:
        """One exchange; the path is sent as it stands, and redirects are not followed."""
        parted = "&" if "?" in path else "?"
        url = self.target.url.rstrip("/") + path + (f"{parted}{urlencode(query)}" if query else "")
        request = self.http.prepare_request(requests.Request(method, url, headers=headers, data=body))
        request.url = url
        if "Transfer-Encoding" in headers:
            del request.headers["Content-Length"]  # Of the two, only one may be there (RFC 9112 section 6.2).
        timeout = (self.target.timeout, self.target.timeout)
        settings = self.http.merge_environment_settings(url, {}, None, None, None)
        response = self.http.send(request, allow_redirects=False, timeout=timeout, **settings)
        exchange: Exchange = response.exchange  # type: ignore[attr-defined]
        return exchange

    def close(self) -> None:
        """Give all connections back."""
        self.http.close()
