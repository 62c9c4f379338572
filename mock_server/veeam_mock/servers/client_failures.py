"""What `requests` meets instead of a good answer, made of what urllib3 raises when it happens on a real connection."""

import io
from http.client import BadStatusLine, RemoteDisconnected

import requests
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError

from veeam_mock.messages import DRIBBLE_STEPS, Delivery, Reply

Body = bytes | io.BufferedReader


class WouldHang(RuntimeError):
    """The server never answers and the client set no timeout: in real life it would wait for ever."""


class Broken(Exception):
    """The connection broke before an answer came; `error` is urllib3's."""

    def __init__(self, error: HTTPError) -> None:
        super().__init__(str(error))
        self.error = error


def body_of(reply: Reply, timeout: float | None, pool: HTTPConnectionPool, method: str | None) -> Body:
    """The body that the client reads, which may fail while it does so, as the delivery says. Nothing waits.

    `timeout` is the client's read timeout in seconds. Raises `Broken` when not even a head comes, and `WouldHang`.
    """
    delivery = reply.delivery
    error = _failure(delivery, timeout, pool)
    if error is not None:
        raise Broken(error)
    if timeout is not None and delivery.dribble / DRIBBLE_STEPS > timeout:
        return io.BufferedReader(_Silence(ReadTimeoutError(pool, "", "Read timed out.")))
    body = b"" if method == "HEAD" else reply.body
    if delivery.ending == "truncated":
        body = body[: len(body) - max(1, len(body) // 2)]
    return body


def _failure(delivery: Delivery, timeout: float | None, pool: HTTPConnectionPool) -> HTTPError | None:
    if delivery.ending == "never" and timeout is None:
        raise WouldHang("the fault 'timeout' never answers, and this request set no timeout: it would wait for ever")
    if timeout is not None and (delivery.ending == "never" or delivery.delay > timeout):
        return ReadTimeoutError(pool, "", f"Read timed out. (read timeout={timeout})")
    if delivery.ending == "garbage":
        first_line = delivery.raw[: delivery.raw.find(b"\n") + 1].decode("latin-1")
        return ProtocolError("Connection aborted.", BadStatusLine(first_line))
    if delivery.ending == "reset":
        return ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
    if delivery.ending == "empty":
        closed = RemoteDisconnected("Remote end closed connection without response")
        return ProtocolError("Connection aborted.", closed)
    return None


class _Silence(io.RawIOBase):
    """A body of which nothing comes in time."""

    def __init__(self, error: HTTPError) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise self._error


def as_requests(error: HTTPError, request: requests.PreparedRequest) -> requests.ConnectionError | requests.ReadTimeout:
    """What `HTTPAdapter.send` makes of urllib3's error."""
    if isinstance(error, ReadTimeoutError) and not isinstance(error, MaxRetryError):
        return requests.ReadTimeout(error, request=request)
    return requests.ConnectionError(error, request=request)
