"""What can go wrong between a request and its whole answer, and how it is said."""

import socket
import ssl
from collections.abc import Callable

import requests
from urllib3.exceptions import NameResolutionError

LARGEST_BODY = 10 * 1024 * 1024
CHUNK = 16
"""Bytes after which the time limit is looked at: few, for a server that sends one byte at a time."""


class ReadTimeout(Exception):
    """The answer was not complete in time."""


UNTRUSTED = "TLS: the certificate is not trusted"
NO_TLS = "TLS: no common ground"
UNKNOWN_NAME = "the name of the host is not known"
DROPPED = "the connection was closed or reset before a whole answer came"
TIMED_OUT = "no whole answer within the time limit"


def word_failure(failure: requests.RequestException) -> str:
    """Why no answer came, in words that need no knowledge of Python."""
    if isinstance(failure, requests.exceptions.SSLError):
        untrusted = any(isinstance(error, ssl.SSLCertVerificationError) for error in causes(failure))
        return f"{UNTRUSTED if untrusted else NO_TLS}: {innermost(failure)}"
    if isinstance(failure, requests.exceptions.ProxyError):
        return f"the proxy does not let it through: {innermost(failure)}"
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return "no connection within the time limit"
    if isinstance(failure, requests.exceptions.Timeout) or "timed out" in str(failure):
        return TIMED_OUT
    cause = innermost(failure)
    if any(isinstance(error, (socket.gaierror, NameResolutionError)) for error in causes(failure)):
        return f"{UNKNOWN_NAME}: {cause}"
    if "refused" in cause or "resolve" in cause or "unreachable" in cause or "No route" in cause:
        return f"no connection: {cause}"
    return DROPPED


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
    for chunk in response.iter_content(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if clock() > deadline or size > LARGEST_BODY:
            response.close()
            raise ReadTimeout
    response._content = b"".join(chunks)
