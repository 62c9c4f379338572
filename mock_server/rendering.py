"""A reply as the bytes of HTTP/1.1 (RFC 9112)."""

from functools import lru_cache
from http import HTTPStatus

from mock_server.exchange import Headers, Reply

STATUS_LINES = {status: f"HTTP/1.1 {status} " for status in range(100, 600)}
STATUS_LINES.update({status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus})
BODYLESS = frozenset({204, 304})

NO_HEAD: tuple[Headers | None, bytes] = (None, b"")
_latest_heads: dict[tuple[int, bool, bool], tuple[Headers | None, bytes]] = {}
"""The last head of each kind, with its header fields: within a second most answers have the same, and to compare them
costs less than to hash them."""


def render(reply: Reply, method: str, *, keep_alive: bool, old: bool = False) -> bytes:
    """The answer to a request of this method; an `old` client speaks HTTP/1.0, which knows no chunks."""
    body = reply.body if method != "HEAD" else b""
    chunked = "Content-Length" not in reply.headers and reply.status not in BODYLESS and not old
    if chunked and method != "HEAD":
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    kind = (reply.status, keep_alive, chunked)
    known, head = _latest_heads.get(kind, NO_HEAD)
    if reply.headers != known:
        head = _head(*kind, (*reply.headers.items(),))
        _latest_heads[kind] = reply.headers.copy(), head
    if reply.cookies:
        cookies = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in reply.cookies)
        head = head[:-2] + cookies.encode("latin-1") + head[-2:]
    return head + body


@lru_cache(maxsize=128)
def _head(status: int, keep_alive: bool, chunked: bool, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The head of an answer but its cookies."""
    lines = [STATUS_LINES[status], *(f"{name}: {value}" for name, value in headers)]
    if not keep_alive and not any(name == "Connection" for name, _ in headers):
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")
