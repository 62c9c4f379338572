"""Requests and replies as plain data, and their limits: what the doors hand on, and what they deliver."""

import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_to_bytes

Headers = dict[str, str]
"""Header fields by lower-case name; fields that came more than once are joined by a comma (RFC 9110 section 5.3)."""

NEXT_LINE = "\r\n"


FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

BODY_LIMIT = 1024 * 1024
"""Bytes of a request's body, at every door."""

HEADER_LIMIT = 64 * 1024
"""Bytes of a request line with its header fields, and of what else comes beside a body."""

BODY_TOO_LARGE = f"The body is larger than {BODY_LIMIT} bytes."


@dataclass(slots=True)
class Request:
    """`path` is as sent, percent-encoded, without the query; `origin` is scheme and host, such as `https://localhost`;
    `client` the address that it came from, empty within this process; `mount` the path below which clients find the
    server, such as `/veeam`, empty for the root. All but the body is its head. Its `repr` shows no query, no header
    fields and no body, which may hold secrets.
    """

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Headers = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    origin: str = "https://localhost:4443"
    client: str = ""
    mount: str = ""

    def with_body(self, body: bytes) -> "Request":
        """Another request with the same head, but for what it says of the length of a body."""
        headers = headers_for(self.headers, len(body)) if body else self.headers
        return Request(self.method, self.path, self.query, headers, body, self.origin, self.client, self.mount)

    @property
    def address(self) -> str:
        """The address of the server as the client sees it; what it links to begins so."""
        return self.origin + self.mount


def headers_for(headers: Headers, length: int) -> Headers:
    """The header fields of a request whose body has this length, if they say one: heads that differ in it are one."""
    told = headers.get("content-length")
    return headers if told is None or told.lstrip("0") == str(length) else {**headers, "content-length": str(length)}


NEXT_AFTER = "X-Next-After"
"""The header field of an answer of the control API that is a page: the id after which the next one begins."""

NO_BODY = frozenset({204, 205, 304})
"""Statuses of answers without a body (RFC 9110 section 6.4.1)."""

NO_LENGTH = frozenset({204, 304})
"""Statuses of answers that say nothing of a length, and come in no chunks (RFC 9110 section 8.6)."""

Ending = Literal["whole", "reset", "empty", "garbage", "truncated", "never"]


DRIBBLE_STEPS = 20
"""The most parts in which a body is spread over a time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply leaves the server.

    `delay` and `dribble` are seconds: before the first byte, and over which the body is spread. `ending` is what
    becomes of the connection: `whole` is an ordinary answer; `reset` breaks it (TCP RST) instead of answering; `empty`
    closes it without an answer; `truncated` closes it in the middle of the body; `garbage` sends `raw`
    in place of an answer and closes it; `never` leaves the client waiting.
    """

    delay: float = 0.0
    dribble: float = 0.0
    ending: Ending = "whole"
    raw: bytes = b""

    @property
    def needs_socket(self) -> bool:
        """Whether only a door that holds the connection can do this."""
        return self.ending != "whole"


AT_ONCE = Delivery()


@dataclass(frozen=True, slots=True)
class Manner:
    """How another server writes an answer. Empty is our own way.

    `framing` says how the end of the body is known: `content-length`, `chunked`, or `none` for the end of the
    connection. `connection` is what becomes of it, and how that is said: `keep-alive`, `close`, or `http/1.0`, which
    ends it without a word. `compression` is `gzip` or `deflate`, for clients that take it. `has_no_type`: no media type
    is said of the body.
    """

    framing: str = ""
    connection: str = ""
    compression: str = ""
    has_no_type: bool = False

    @property
    def closes(self) -> bool:
        """Whether the connection ends with the answer."""
        return self.framing == "none" or self.connection in ("close", "http/1.0")


OUR_OWN = Manner()


class Fields(Mapping[str, str]):
    """The header fields of an answer, found by name in any case (RFC 9110 section 5.1) and sent as they were given.

    As a mapping it has each name once, as it was first given, and the values of several fields joined by a comma
    (RFC 9110 section 5.3). Those of `Set-Cookie` cannot be joined: `all` and `pairs` tell them apart. Fields of one
    name are sent together, in their order.

    `lines` are the fields as they are sent, by lower-case name, several of one name in one text. What is done for each
    answer reads and writes there, which takes no call of a function.
    """

    __slots__ = ("lines",)

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """`given` may have a name more than once, in different cases."""
        lines: dict[str, str] = {}
        if given is not None:
            for name in given:
                key, line = name.lower(), f"{name}: {given[name]}"
                lines[key] = line if key not in lines else lines[key] + NEXT_LINE + line
        self.lines = lines

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> "Fields":
        """The fields with these names and values, any name as often as it comes."""
        fields = cls()
        for name, value in pairs:
            fields.add(name, value)
        return fields

    def copy(self) -> "Fields":
        """The same fields, to be changed."""
        copied = Fields()
        copied.lines = self.lines.copy()
        return copied

    def __getitem__(self, name: str) -> str:
        return ", ".join(value for _, value in _told(self.lines[name.lower()]))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.lines

    def __iter__(self) -> Iterator[str]:
        return (line.partition(": ")[0] for line in self.lines.values())

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"Fields({[*self.pairs()]})"

    def all(self, name: str) -> list[str]:
        """The values of all fields of this name."""
        line = self.lines.get(name.lower())
        return [] if line is None else [value for _, value in _told(line)]

    def pairs(self) -> list[tuple[str, str]]:
        """Name and value of each field."""
        return [pair for line in self.lines.values() for pair in _told(line)]

    def __setitem__(self, name: str, value: str) -> None:
        """Let this be the only field of its name, at the place of those that there were."""
        self.lines[name.lower()] = f"{name}: {value}"

    def add(self, name: str, value: str) -> None:
        """One more field, beside those of its name."""
        self.add_line(name.lower(), f"{name}: {value}")

    def add_line(self, key: str, line: str) -> None:
        """One more field, or several of one name, as they are sent (`lines`)."""
        self.lines[key] = line if key not in self.lines else self.lines[key] + NEXT_LINE + line

    def setdefault(self, name: str, value: str) -> None:
        """This field, unless there is one of its name."""
        self.lines.setdefault(name.lower(), f"{name}: {value}")

    def replace(self, others: "Fields") -> None:
        """All of `others`, in place of those of their names."""
        self.lines |= others.lines


NO_STORE = Fields({"Cache-Control": "no-store", "Pragma": "no-cache"})
"""What goes with answers to logins, and with codes (RFC 6749 section 5.1)."""


def _told(line: str) -> Iterator[tuple[str, str]]:
    """Names and values of the fields of one name."""
    for field_line in line.split(NEXT_LINE):
        name, _, value = field_line.partition(": ")
        yield name, value


@dataclass(slots=True)
class Reply:
    """`content` is the JSON value of the body until it is serialized.

    `more` is what follows the body, part by part, for as long as the client stays. Only the door that holds the
    connection delivers it; at all others the answer ends with the body.
    """

    status: int
    content: object = None
    headers: Fields = field(default_factory=Fields)
    body: bytes = b""
    delivery: Delivery = AT_ONCE
    manner: Manner = OUR_OWN
    more: AsyncGenerator[bytes, None] | None = None


def decode_segment(segment: str) -> str:
    """A percent-encoded path segment as text; bytes that are not UTF-8 become U+FFFD, which no path contains."""
    return unquote_to_bytes(segment).decode("utf-8", "replace")


def cookie_in(request: Request, name: str) -> str:
    """The value of a cookie that the client sent (RFC 6265 section 5.4); empty without one."""
    pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def takes(request: Request, encoding: str) -> bool:
    """Whether the client takes a body in this encoding, and says so (RFC 9110 section 12.5.3)."""
    listed = (part.partition(";") for part in request.headers.get("accept-encoding", "").lower().split(","))
    weights = {name.strip(): weight for name, _, weight in listed}
    return encoding in weights and not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weights[encoding])


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …`, the scheme word in any case (clients); None without one."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
