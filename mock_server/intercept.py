"""Interception: the pipeline behind `responses`, for code under test that uses `requests`. No socket, no thread."""

import re
from collections.abc import Callable
from contextlib import ContextDecorator
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import requests
import responses
from urllib3.exceptions import ProtocolError

from mock_server.control import Control
from mock_server.control_client import ControlClient, InProcess
from mock_server.exchange import Reply, Request
from mock_server.pages.paths import is_page
from mock_server.pipeline import Pipeline
from mock_server.settings import Settings

URL = "https://veeam.test:4443"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODY_LIMIT = 1024 * 1024
DRIBBLE_STEPS = 20

Answer = tuple[int, dict[str, str], bytes]


class WouldHang(RuntimeError):
    """The server never answers and the client set no timeout: in real life it would wait for ever."""


class InterceptedServer(ControlClient, ContextDecorator):
    """A server at `url` that exists for `requests` alone, as a context manager or a decorator.

    `with InterceptedServer(code_lifetime="5s") as veeam:` takes what the config file takes. Other addresses are reached
    as usual. Broken connections become the exceptions that `requests` raises for them, and nothing waits: a delay
    either fits into the client's timeout or exceeds it. Raises `SettingsError`.
    """

    def __init__(self, settings: Settings | None = None, *, url: str = URL, **options: Any) -> None:
        self.settings = settings or Settings(**options)
        self.url = url
        self._pipeline = Pipeline(self.settings)
        self._control = Control(self._pipeline)
        super().__init__(InProcess(self._control))
        self._mock: responses.RequestsMock | None = None

    def __enter__(self) -> "InterceptedServer":
        mine = re.escape(self.url) + r"(?:[/?]|$)"
        mock = responses.RequestsMock(assert_all_requests_are_fired=False)
        for method in METHODS:
            mock.add_callback(method, re.compile(mine), self._answer, content_type=None)
        mock.add_passthru(re.compile(f"(?!{mine})"))
        mock.start()
        self._mock = mock
        return self

    def __exit__(self, *exception: object) -> None:
        if self._mock is not None:
            self._mock.stop(allow_assert=False)
            self._mock = None

    def __repr__(self) -> str:
        return f"<InterceptedServer {self.url}>"

    @property
    def username(self) -> str:
        """A user who may log in."""
        return next(iter(self.settings.passwords))

    @property
    def password(self) -> str:
        """The password of `username`."""
        return self.settings.passwords[self.username]

    def restart_world(self, **changes: Any) -> None:
        """Start all worlds anew, with `changes` to the settings; raises `SettingsError`."""
        self._pipeline.restart(self.settings.replace(**changes))

    def _answer(self, prepared: requests.PreparedRequest) -> Answer:
        request = _read(prepared)
        if len(request.body) > BODY_LIMIT:
            reply = self._pipeline.refuse(request, 413, f"The body is larger than {BODY_LIMIT} bytes.")
        elif is_page(request.path):
            return self._page(request)
        else:
            reply = self._pipeline.answer(request)
        return _deliver(reply, prepared)

    def _page(self, request: Request) -> Answer:
        """The pages are Flask's, and rarely asked for here."""
        from mock_server.app import create_app

        client = create_app(pipeline=self._pipeline).test_client(use_cookies=False)
        target = f"{request.path}?{request.query}" if request.query else request.path
        page = client.open(
            target, method=request.method, headers=request.headers, data=request.body, base_url=request.origin
        )
        return page.status_code, dict(page.headers), page.data


def _read(prepared: requests.PreparedRequest) -> Request:
    address = urlsplit(prepared.url or "")
    return Request(
        prepared.method or "GET",
        address.path or "/",
        address.query,
        {**{name.lower(): value for name, value in prepared.headers.items()}, "host": address.netloc},
        _body(prepared.body),
        f"{address.scheme}://{address.netloc}",
    )


def _body(body: Any) -> bytes:
    """The bytes of a prepared body, which may be text, a file or chunks."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)


def _deliver(reply: Reply, prepared: requests.PreparedRequest) -> Answer:
    delivery = reply.delivery
    timeout = _read_timeout(prepared)
    if delivery.ending == "never":
        if timeout is None:
            raise WouldHang("the fault 'timeout' never answers, and this request set no timeout: it would hang")
        raise _read_timed_out(prepared, timeout)
    if timeout is not None and delivery.delay > timeout:
        raise _read_timed_out(prepared, timeout)
    broken = _BROKEN.get("garbage" if delivery.raw is not None else delivery.ending)
    if broken is not None:
        raise requests.exceptions.ConnectionError(broken(reply), request=prepared)
    if timeout is not None and delivery.dribble / DRIBBLE_STEPS > timeout:
        raise requests.exceptions.ConnectionError(f"Read timed out. (read timeout={timeout})", request=prepared)
    body = b"" if prepared.method == "HEAD" else reply.body
    if delivery.ending == "truncated":
        kept = len(body) - max(1, len(body) // 2)
        cut = ProtocolError(f"Connection broken: {IncompleteRead(body[:kept], len(body) - kept)!r}")
        raise requests.exceptions.ChunkedEncodingError(cut, request=prepared)
    return reply.status, reply.headers, body


def _reset(reply: Reply) -> Exception:
    return ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))


def _empty(reply: Reply) -> Exception:
    closed = RemoteDisconnected("Remote end closed connection without response")
    return ProtocolError("Connection aborted.", closed)


def _garbage(reply: Reply) -> Exception:
    line = (reply.delivery.raw or b"").partition(b"\n")[0].decode("latin-1")
    return ProtocolError("Connection aborted.", BadStatusLine(line))


_BROKEN: dict[str, Callable[[Reply], Exception]] = {"reset": _reset, "empty": _empty, "garbage": _garbage}


def _read_timeout(prepared: requests.PreparedRequest) -> float | None:
    """The client's read timeout in seconds; `responses` hands on what the client gave."""
    given = getattr(prepared, "req_kwargs", {}).get("timeout")
    if isinstance(given, tuple):
        given = given[1]
    return None if given is None else float(given)


def _read_timed_out(prepared: requests.PreparedRequest, timeout: float) -> requests.exceptions.ReadTimeout:
    host = urlsplit(prepared.url or "").netloc
    return requests.exceptions.ReadTimeout(f"{host}: Read timed out. (read timeout={timeout})", request=prepared)
