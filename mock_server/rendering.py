"""A reply as the bytes of HTTP/1.1 (RFC 9112)."""

from functools import lru_cache
from http import HTTPStatus

from mock_server.exchange import Reply

STATUS_LINES = {status: f"HTTP/1.1 {status} " for status in range(100, 600)}
STATUS_LINES.update({status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus})
BODYLESS = frozenset({204, 304})


def render(reply: Reply, method: str, *, keep_alive: bool, old: bool = False) -> bytes:
    """The answer to a request of this method; an `old` client speaks HTTP/1.0, which knows no chunks."""
    body = reply.body if method != "HEAD" else b""
    chunked = "Content-Length" not in reply.headers and reply.status not in BODYLESS and not old
    if chunked and method != "HEAD":
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    cookies = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in reply.cookies) if reply.cookies else ""
    head = _head(reply.status, (*reply.headers.items(),), keep_alive, chunked)
    return b"%s%s\r\n%s" % (head, cookies.encode("latin-1"), body)


@lru_cache(maxsize=128)
def _head(status: int, headers: tuple[tuple[str, str], ...], keep_alive: bool, chunked: bool) -> bytes:
    """The head of an answer but its cookies; within a second, most answers have the same."""
    lines = [STATUS_LINES[status], *(f"{name}: {value}" for name, value in headers)]
    if not keep_alive and not any(name == "Connection" for name, _ in headers):
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
