"""A reply as the bytes of HTTP/1.1 (RFC 9112)."""

from http import HTTPStatus

from veeam_mock.messages import NO_LENGTH, OUR_OWN, Fields, Manner, Reply

STATUS_LINES = {status: f"HTTP/1.1 {status} " for status in range(100, 600)}
STATUS_LINES.update({status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus})

LAST_CHUNK = b"0\r\n\r\n"
END_OF_HEAD = ("", "")


def chunk(data: bytes) -> bytes:
    """`data` as a chunk (RFC 9112 section 7.1); the last one where it is empty."""
    return b"%x\r\n%s\r\n" % (len(data), data) if data else LAST_CHUNK


def _write_manner(lines: list[str], manner: Manner, fields: Fields, *, keep_alive: bool) -> bool:
    """Say in the head what becomes of the connection, as another server does; whether the body comes in no chunks."""
    if manner.connection == "http/1.0":
        lines[0] = lines[0].replace("HTTP/1.1", "HTTP/1.0", 1)
    elif manner.closes or not keep_alive:
        lines.append("Connection: close")
        if "keep-alive" in fields.lines:
            lines.remove(fields.lines["keep-alive"])
    elif manner.connection == "keep-alive":
        lines.append("Connection: keep-alive")
    return manner.connection == "http/1.0" or manner.framing == "none"


def render(reply: Reply, method: str, *, keep_alive: bool, old: bool = False) -> bytes:
    """The answer to a request of this method; an `old` client speaks HTTP/1.0, which knows no chunks."""
    fields, body = reply.headers.lines, reply.body if method != "HEAD" else b""
    lines = [STATUS_LINES[reply.status], *fields.values()]
    if reply.manner is not OUR_OWN:
        old = _write_manner(lines, reply.manner, reply.headers, keep_alive=keep_alive) or old
    elif not keep_alive and "connection" not in fields:
        lines.append("Connection: close")
    if "content-length" not in fields and reply.status not in NO_LENGTH and not old:
        lines.append("Transfer-Encoding: chunked")
        if method != "HEAD":
            body = (chunk(body) if body else b"") + LAST_CHUNK
    lines += END_OF_HEAD
    return "\r\n".join(lines).encode("latin-1") + body
