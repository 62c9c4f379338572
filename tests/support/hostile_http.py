"""A server whose every answer has one element that is hostile: dripped, endless, enormous or malformed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import repeat

ELEMENTS = {
    "version": (b"HTTP/1", b"", b" 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "status": (b"HTTP/1.1 2", b"0", b"0 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "reason": (b"HTTP/1.1 200 O", b"K", b"\r\nContent-Length: 2\r\n\r\n{}"),
    "header name": (b"HTTP/1.1 200 OK\r\nX", b"x", b": y\r\nContent-Length: 2\r\n\r\n{}"),
    "header value": (b"HTTP/1.1 200 OK\r\nX: ", b"y", b"\r\nContent-Length: 2\r\n\r\n{}"),
    "header fields": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"Content-Length: 2\r\n\r\n{}"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "interim header": (
        b"HTTP/1.1 103 Early Hints\r\n",
        b"X: y\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ),
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: ", b"0", b"2\r\n\r\n{}"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1", b",1", b"]"),
    "chunk size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0", b"2\r\n{}\r\n0\r\n\r\n"),
    "chunk extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=", b"b", b"\r\n{}\r\n0\r\n\r\n"),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n",
        b"2\r\n,1\r\n",
        b"1\r\n]\r\n0\r\n\r\n",
    ),
    "trailer name": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX", b"x", b": y\r\n\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n", b"\r\n"),
}
"""What comes before the element, what it is made of, and what comes after it."""

MALFORMED = b"\x00\xff\x1b[2J\r\x0b\xc2\x9b -99999999999999999999e9 \xed\xa0\x80"
ENORMOUS = 64 * 1024 * 1024
MANNERS = ("dripped", "endless", "enormous", "malformed")


def _pieces(part: bytes, manner: str) -> Iterator[bytes]:
    """The hostile element, in the pieces in which it is sent."""
    if manner == "malformed":
        return iter([MALFORMED])
    if manner == "dripped":
        return repeat(part or b" ")
    block = (part or b"9") * (65536 // len(part or b"9"))
    return repeat(block, ENORMOUS // len(block)) if manner == "enormous" else repeat(block)


@contextmanager
def answering(element: str, manner: str, pause: float = 0.02) -> Iterator[str]:
    """Serve such answers; the address. What is dripped comes piece by piece, `pause` seconds apart."""
    before, part, after = ELEMENTS[element]
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(30)
            while connection.recv(65536) and not ended.is_set():
                connection.sendall(before)
                for piece in _pieces(part, manner):
                    connection.sendall(piece)
                    if ended.wait(pause if manner == "dripped" else 0):
                        return
                connection.sendall(after)
                if element == "body":
                    return

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
