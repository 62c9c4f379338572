"""What can go wrong between a request and its whole answer, and how it is said."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

LARGEST_BODY = 10 * 1024 * 1024
LARGEST_ANSWER = 2 * LARGEST_BODY
"""Bytes of an answer with all that frames it: head, answers before it, sizes of chunks, trailers."""

CHUNK = 65536
"""The most bytes that are taken at once. What has come is taken at once, so that a slow server is seen to be slow."""


class ReadTimeout(Exception):
    """The answer was not complete in time."""


class Cause(Enum):
    """Why no whole answer came; the value is how it is said."""

    UNTRUSTED = "TLS: the certificate is not trusted"
    NO_TLS = "TLS: no common ground"
    WANTS_CERTIFICATE = "TLS: the server wants a certificate of its callers"
    ANOTHER_NAME = "TLS: the certificate is for another name"
    PROXY = "the proxy does not let it through"
    UNKNOWN_NAME = "the name of the host is not known"
    NO_CONNECTION = "no connection"
    NO_CONNECTION_IN_TIME = "no connection within the time limit"
    DROPPED = "the connection was closed or reset before a whole answer came"
    UNREADABLE = "an answer that cannot be read"
    TIMED_OUT = "no whole answer within the time limit"


LATE = frozenset({Cause.NO_CONNECTION_IN_TIME, Cause.TIMED_OUT})
"""The causes that are a matter of time."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A request without a whole answer: why, and what the system says of it."""

    cause: Cause
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.cause.value}: {self.detail}" if self.detail else self.cause.value


TIMED_OUT = Silence(Cause.TIMED_OUT)


OTHER_NAME = frozenset({62, 64})
"""What OpenSSL calls X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


def explain(failure: requests.RequestException) -> Silence:
    """Why no answer came."""
    chain = causes(failure)
    detail = innermost(failure)
    if any("certificate required" in str(error).lower() for error in chain):
        return Silence(Cause.WANTS_CERTIFICATE, detail)
    if isinstance(failure, requests.exceptions.SSLError):
        refused = [error for error in chain if isinstance(error, ssl.SSLCertVerificationError)]
        if any(error.verify_code in OTHER_NAME for error in refused):
            return Silence(Cause.ANOTHER_NAME, detail)
        untrusted = bool(refused)
        return Silence(Cause.UNTRUSTED if untrusted else Cause.NO_TLS, detail)
    if isinstance(failure, requests.exceptions.ProxyError):
        return Silence(Cause.PROXY, detail)
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return Silence(Cause.NO_CONNECTION_IN_TIME)
    if any(isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError)) for error in chain):
        return TIMED_OUT
    if any(isinstance(error, (socket.gaierror, NameResolutionError)) for error in chain):
        return Silence(Cause.UNKNOWN_NAME, detail)
    if any(isinstance(error, NewConnectionError) for error in chain):
        return Silence(Cause.NO_CONNECTION, detail)
    if any(isinstance(error, (DecodeError, InvalidHeader)) for error in chain):
        return Silence(Cause.UNREADABLE, detail)
    return Silence(Cause.DROPPED)


def innermost(failure: BaseException) -> str:
    """The text of what caused `failure` in the end."""
    return str(causes(failure)[-1]).partition("(_ssl.c")[0].strip()


def causes(failure: BaseException) -> list[BaseException]:
    """`failure`, what caused it, and so on."""
    seen: list[BaseException] = [failure]
    while True:
        last = seen[-1]
        candidates = [last.__cause__, last.__context__, getattr(last, "reason", None), *last.args]
        found = next((c for c in candidates if isinstance(c, BaseException) and c not in seen), None)
        if found is None:
            return seen
        seen.append(found)


def read_within(response: requests.Response, deadline: float, clock: Callable[[], float]) -> None:
    """Read the whole body; `ReadTimeout` when it takes longer than until `deadline`, or is larger than is sane."""
    chunks: list[bytes] = []
    size = 0
    while chunk := _take(response):
        chunks.append(chunk)
        size += len(chunk)
        if clock() > deadline or size > LARGEST_BODY:
            response.close()
            raise ReadTimeout
    response._content = b"".join(chunks)


def _take(response: requests.Response) -> bytes:
    """What has come of the body; empty at its end. Fails as requests does."""
    try:
        taken: bytes | None = response.raw.read1(CHUNK, decode_content=True)
        return taken or b""
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error, request=response.request) from error
    except HTTPError as error:
        raise requests.ConnectionError(error, request=response.request) from error


class Bounded(io.RawIOBase):
    """What comes from a socket for one answer, head and all: so many bytes and seconds, in however many pieces.

    The time limit of a socket is for each piece alone, and the limits of `http.client` are for each line alone.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw, self._sock = raw, sock
        self._allowed = sock.gettimeout()
        self._end = None if self._allowed is None else time.monotonic() + self._allowed
        self._left = LARGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As the socket does. Raises `TimeoutError` at either bound."""
        if self._left <= 0:
            raise TimeoutError(f"an answer of more than {LARGEST_ANSWER} bytes")
        if self._end is None:
            return self._taken(buffer)
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        try:
            return self._taken(buffer)
        finally:
            if self._sock.fileno() != -1:
                self._sock.settimeout(self._allowed)

    def _taken(self, buffer: Any) -> int | None:
        taken: int | None = self._raw.readinto(buffer)
        self._left -= taken or 0
        return taken

    def close(self) -> None:
        self._raw.close()
        super().close()


class PatientResponse(http.client.HTTPResponse):
    """An answer of which all that came before it was read: a server may send any number of 1xx (RFC 9110 15.2)."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp: io.BufferedReader = io.BufferedReader(Bounded(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if found[1] == SWITCHING or not 100 <= found[1] < 200:
                return found
            http.client.parse_headers(self.fp)


SWITCHING = 101
"""The one 1xx that is final: another protocol begins, which nobody asked for."""


class Hurried(HTTPConnection):
    """A connection on which connecting, TLS and sending share one time limit, which is that of the whole answer.

    Sockets give each step, and each piece that TLS sends, the whole limit anew.
    """

    response_class = PatientResponse
    _end: float | None = None

    def connect(self) -> None:
        self._begin()
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        self._begin()
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        parts = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)] if isinstance(data, bytes) else [data]
        for part in parts:
            self._hurry(self.sock)
            super().send(part)

    def getresponse(self) -> Any:
        self._end = None
        return super().getresponse()

    def close(self) -> None:
        self._end = None
        super().close()

    def _begin(self) -> None:
        if self._end is None and isinstance(self.timeout, (int, float)):
            self._end = time.monotonic() + self.timeout

    def _hurry(self, sock: socket.socket | None) -> None:
        """Let the next step take no longer than is left. Raises `TimeoutError`."""
        if self._end is not None and sock is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            sock.settimeout(left)

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self._hurry(sock)
        return sock


class PatientHTTPConnection(Hurried, HTTPConnection):
    """A connection whose answers are read so."""


class PatientHTTPSConnection(Hurried, HTTPSConnection):
    """The same, with TLS."""


class PatientHTTPPool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls = PatientHTTPConnection


class PatientHTTPSPool(HTTPSConnectionPool):
    """The same, with TLS."""

    ConnectionCls = PatientHTTPSConnection


class Transport(HTTPAdapter):
    """The adapter of requests on such connections."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": PatientHTTPPool, "https": PatientHTTPSPool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": PatientHTTPPool, "https": PatientHTTPSPool}
        return manager
