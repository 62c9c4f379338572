"""Interception: the pipeline behind `responses`, for code under test that uses `requests`. No socket, no thread."""

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Protocol, TypeVar, Unpack, cast
from urllib.parse import urlsplit

import requests
import responses
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, Retry, connection_from_url
from urllib3.exceptions import HTTPError

from veeam_mock.messages import Request
from veeam_mock.servers import other_clients
from veeam_mock.servers.client_failures import Body, Broken, as_requests, body_of
from veeam_mock.servers.local import LocalServer
from veeam_mock.settings.keywords import GivenSettings
from veeam_mock.settings.settings import Settings
from veeam_mock.spec.schema import shorten

URL = "https://veeam.test:4443"
DEFAULT_PORTS = {"http": 80, "https": 443}

Answer = tuple[int, list[tuple[str, str]], Body]
Function = TypeVar("Function", bound=Callable[..., Any])


class Registry(Protocol):
    """What takes responses: the module `responses`, or a `responses.RequestsMock`."""

    def add(self, response: responses.BaseResponse, /) -> Any:
        """Add one."""


class InterceptedServer(LocalServer):
    """A server at `url` that exists for `requests` alone, as a context manager or a decorator.

    `with InterceptedServer(code_lifetime="5s") as veeam:` takes what the config file takes; a decorated function finds
    the server as new at each call. Other addresses are reached as without it. Broken connections become the exceptions
    that `requests` raises for them, and nothing waits: a delay either fits into the client's timeout or exceeds it.
    Raises `SettingsError`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        url: str = URL,
        clock: Callable[[], float] | None = None,
        **options: Unpack[GivenSettings],
    ) -> None:
        __tracebackhide__ = True
        options.setdefault("host", origin_of(url, alone=True).host)
        super().__init__(settings or Settings(**options), clock)
        self._url = url.rstrip("/")
        self._pool = connection_from_url(self._url)
        self._interception: _Interception | None = None

    @property
    def url(self) -> str:
        """The address at which it exists for `requests`."""
        return self._url

    @property
    def ca_cert(self) -> None:
        """None: there is no certificate to trust, as no connection is made."""

    def __enter__(self) -> "InterceptedServer":
        if self._interception is not None:
            raise RuntimeError("this server is in use already; make another one, with another url")
        self._interception = _Interception(self._pool)
        self._interception.add(_Everything(self.url, self._answer))
        self._interception.start()
        other_clients.tell(self._pool.host, self._pool.port)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._interception is not None:
            other_clients.be_silent(self._pool.host, self._pool.port)
            self._interception.stop(allow_assert=False)
            self._interception = None

    def __call__(self, function: Function) -> Function:
        """Decorate a function, or a coroutine function."""

        @wraps(function)
        def intercepted(*args: Any, **options: Any) -> Any:
            self.restart_world()
            with self:
                return function(*args, **options)

        @wraps(function)
        async def intercepted_coroutine(*args: Any, **options: Any) -> Any:
            self.restart_world()
            with self:
                return await function(*args, **options)

        return cast(Function, intercepted_coroutine if inspect.iscoroutinefunction(function) else intercepted)

    def add_to(self, registry: Registry) -> None:
        """Answer as part of a mock of yours, for instance `veeam.add_to(responses)` under `@responses.activate`."""
        registry.add(_Everything(self.url, self._answer_or_raise))

    def __repr__(self) -> str:
        return f"<InterceptedServer {self.url}>"

    def _answer_or_raise(self, prepared: requests.PreparedRequest) -> Answer:
        try:
            return self._answer(prepared)
        except Broken as broken:
            raise as_requests(broken.error, prepared) from None

    def _answer(self, prepared: requests.PreparedRequest) -> Answer:
        reply = self.mock.answer(_read(prepared))
        return reply.status, reply.headers.pairs(), body_of(reply, _read_timeout(prepared), self._pool, prepared.method)


class Origin(NamedTuple):
    """Scheme, host and port; the host in lower case, the port written out (RFC 6454 section 4)."""

    scheme: str
    host: str
    port: int


def origin_of(url: str, *, alone: bool = False) -> Origin:
    """The origin of an http or https URL; `ValueError` for one without, and for one with more that is to be `alone`."""
    parts = urlsplit(url)
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or (alone and has_more):
        raise ValueError(f"url: {shorten(url)} is no address of a server such as {URL}, without user, path and query")
    return Origin(parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme])


class _Everything(responses.CallbackResponse):
    """Whatever is sent to one address, by any method."""

    def __init__(self, url: str, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        super().__init__("*", re.compile(re.escape(url)), answer, content_type=None)
        self._origin = origin_of(url)

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        """Whether a request is sent to this address, and why not."""
        try:
            fits = origin_of(str(request.url)) == self._origin
        except ValueError:
            fits = False
        return fits, "" if fits else "URL does not match"


class _Interception(responses.RequestsMock):
    """Passes on what is not ours to whoever sends at the moment it starts, and retries as the client's adapter does."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(assert_all_requests_are_fired=False, real_adapter_send=HTTPAdapter.send)
        self.add_passthru("")
        self._pool = pool

    def _on_request(
        self, adapter: HTTPAdapter, request: requests.PreparedRequest, *, retries: Retry | None = None, **options: Any
    ) -> requests.Response:
        retries = retries or adapter.max_retries
        try:
            return super()._on_request(adapter, request, retries=retries, **options)
        except Broken as broken:
            left = self._count(retries, request, broken.error)
        return self._on_request(adapter, request, retries=left, **options)

    def _count(self, retries: Retry, request: requests.PreparedRequest, error: HTTPError) -> Retry:
        """What is left of `retries` after an error; raises the error as `requests` does when nothing is."""
        try:
            return retries.increment(request.method, request.url, error=error, _pool=self._pool)
        except HTTPError as final:
            raise as_requests(final, request) from None


def _read(prepared: requests.PreparedRequest) -> Request:
    address = urlsplit(prepared.url or "")
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    return Request(
        prepared.method or "GET",
        address.path or "/",
        address.query,
        {**headers, "host": address.netloc},
        _body(prepared.body),
        f"{address.scheme}://{address.netloc}",
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body(body: Any) -> bytes:
    """The bytes of a prepared body, which may be text or chunks; `responses` has read a file already."""
    if isinstance(body, str):
        return body.encode()
    return b"".join(body or ()) if not isinstance(body, bytes | bytearray) else bytes(body)


def _read_timeout(prepared: requests.PreparedRequest) -> float | None:
    """The client's read timeout in seconds; `responses` hands on what the client gave."""
    given = getattr(prepared, "req_kwargs", {}).get("timeout")
    if isinstance(given, tuple):
        given = given[1]
    given = getattr(given, "read_timeout", given)
    return None if given is None else float(given)
