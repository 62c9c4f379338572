"""HTTP by hand: bytes as they are, over TCP or TLS, and replies as they come."""

import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class WireReply:
    """One reply. Header fields by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """One connection; use it in a with statement. Reading gives up after 10 seconds."""

    def __init__(self, url: str, ca_cert: str | None = None) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._socket = socket.create_connection((parts.hostname, parts.port or 443), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Each piece goes when it is sent.
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_cert)
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def say_no_more(self) -> None:
        """Close the connection in this direction alone. For TCP alone."""
        self._socket.shutdown(socket.SHUT_WR)

    def ask(self, data: bytes) -> WireReply:
        """Send bytes and read one reply."""
        self.send(data)
        return self.read()

    def read(self, *, has_body: bool = True) -> WireReply:
        """Read one reply; `ConnectionError` when the connection ends before it does."""
        status, headers = self.read_head()
        body = b""
        if has_body and headers.get("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                body += chunk
        elif has_body:
            body = self._exactly(int(headers.get("content-length", 0)))
        return WireReply(status, headers, body)

    def read_head(self) -> tuple[int, dict[str, str]]:
        """Read the status and the header fields of one reply."""
        status_line = self._line()
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(status_line.split()[1]), headers

    def read_chunk(self) -> bytes:
        """Read one chunk of a body; the last one is empty."""
        chunk = self._exactly(int(self._line(), 16))
        self._line()
        return chunk

    def is_readable(self, *, within: float = 0) -> bool:
        """Whether bytes of the next reply are here, or come within that many seconds. For TCP alone."""
        return bool(select.select([self._socket], [], [], within)[0])

    def rest(self) -> bytes:
        """All bytes until the server closes the connection, in order or not."""
        try:
            return self._file.read()
        except ConnectionResetError:
            return b""

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError(f"the connection ended after {line!r}")
        return line.decode("latin-1").rstrip("\r\n")

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise ConnectionError(f"the connection ended {size - len(data)} bytes too early")
        return data


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether `condition` comes to hold within 10 seconds."""
    moment = threading.Event()
    return any(condition() or moment.wait(0.01) for _ in range(1000))
