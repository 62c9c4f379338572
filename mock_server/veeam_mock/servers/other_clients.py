"""What clients other than `requests` are told while a server is there for `requests` alone."""

import socket
import threading
from collections.abc import Callable
from typing import Any

_taken: list[tuple[str, int | None]] = []
"""Host and port of each server that is there for `requests` alone; the same one may stand here several times."""

_lock = threading.Lock()
_look_up: Callable[..., Any] = socket.getaddrinfo


def tell(host: str, port: int | None) -> None:
    """From now on, whoever looks up this address is told to take a live server."""
    global _look_up
    with _lock:
        if not _taken:
            _look_up, socket.getaddrinfo = socket.getaddrinfo, _tell_or_look_up
        _taken.append((host, port))


def be_silent(host: str, port: int | None) -> None:
    """Take back one `tell` of this address."""
    with _lock:
        _taken.remove((host, port))
        if not _taken and socket.getaddrinfo is _tell_or_look_up:
            socket.getaddrinfo = _look_up


def _tell_or_look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    if (_name(host), port) in _taken:
        raise socket.gaierror(
            socket.EAI_NONAME,
            f"{_name(host)}:{port} is there for clients that use requests alone; "
            "for any other client take the fixture veeam_server, or MockServer. "
            "Another mock of requests, such as moto's, has to be started before this one",
        )
    return _look_up(host, port, *arguments, **options)


def _name(host: object) -> object:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host
