"""A reply as the bytes of HTTP/1.1 (RFC 9112)."""

from http import HTTPStatus

from veeam_mock.messages import NO_LENGTH, Headers, Reply

STATUS_LINES = {status: f"HTTP/1.1 {status} " for status in range(100, 600)}
STATUS_LINES.update({status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus})

NO_HEAD: tuple[Headers | None, bytes] = (None, b"")
_latest_heads: dict[tuple[int, bool, bool], tuple[Headers | None, bytes]] = {}
"""The last head of each kind, and its header fields: within a second most answers have the same. A kind is a status,
whether the connection is kept, and whether the body comes in chunks. The order of fields means nothing (RFC 9110
section 5.3)."""


def render(reply: Reply, method: str, *, keep_alive: bool, old: bool = False) -> bytes:
    """The answer to a request of this method; an `old` client speaks HTTP/1.0, which knows no chunks."""
    body = reply.body if method != "HEAD" else b""
    chunked = "Content-Length" not in reply.headers and reply.status not in NO_LENGTH and not old
    if chunked and method != "HEAD":
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    kind = (reply.status, keep_alive, chunked)
    known, head = _latest_heads.get(kind, NO_HEAD)
    if reply.headers != known:
        head = _head(*kind, reply.headers)
        _latest_heads[kind] = reply.headers.copy(), head
    if reply.cookies:
        cookies = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in reply.cookies)
        head = head[:-2] + cookies.encode("latin-1") + head[-2:]
    return head + body


def _head(status: int, keep_alive: bool, chunked: bool, headers: Headers) -> bytes:
    """The head of an answer but its cookies."""
    lines = [STATUS_LINES[status], *(f"{name}: {value}" for name, value in headers.items())]
    if not keep_alive and "Connection" not in headers:
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")
