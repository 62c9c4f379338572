"""The kinds of fault: each a small piece of data with one method, `strike`.

When a fault strikes is not its business but that of its rule.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Protocol

import orjson

from veeam_mock.messages import NO_BODY, Fields, Reply
from veeam_mock.model.durations import FORM as DURATION_FORM
from veeam_mock.model.durations import SCHEMA as DURATION
from veeam_mock.model.durations import parse_duration
from veeam_mock.model.errors import AccessDenied, InvalidLogin, ModelError
from veeam_mock.model.randomness import Randomness

STATUS = {"type": "integer", "minimum": 200, "maximum": 599}
FIELD_NAME = {
    "pattern": r"^(?!(?i:content-length|transfer-encoding|connection)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
    "x-wanted": "keyed by names of header fields, without those that frame an answer",
}
"""A header field that a fault may set: not those that frame the answer, for which there are kinds of their own."""

FIELD_VALUE = {
    "type": "string",
    "pattern": r"^[\x20-\x7e]*$",
    "maxLength": 8000,
    "x-wanted": "the value of a header field: visible ASCII characters and blanks",
}
FIELDS = {"type": "object", "maxProperties": 50, "propertyNames": FIELD_NAME, "additionalProperties": FIELD_VALUE}
"""Clients read some hundred header fields, and Python's own 100, with those that every answer has."""

MOST_NAMES = 100
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_NAMES}
GARBAGE = "\x15\x03\x01\x00\x02\x02\x46 this is no HTTP\r\n"


class Refusing(Protocol):
    """Makes errors in the vendor's shape."""

    def plain(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
        """An error of this status."""

    def for_error(self, error: ModelError) -> Reply:
        """The reply for an error of the model."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What a fault may use: the shape of errors, chance, and which operation is struck."""

    refusals: Refusing
    randomness: Randomness
    operation_id: str | None


@dataclass(frozen=True)
class Fault(ABC):
    """A kind of fault. `needs_answer` says whether it spoils a good answer or stands in for one."""

    kind: ClassVar[str]
    summary: ClassVar[str]
    needs_answer: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Any]] = {}
    required: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def strike(self, reply: Reply, strike: Strike) -> Reply:
        """What becomes of `reply`: a good answer where `needs_answer`, else an empty one."""


def _delivered(reply: Reply, **changes: Any) -> Reply:
    return dataclasses.replace(reply, delivery=dataclasses.replace(reply.delivery, **changes))


@dataclass(frozen=True)
class Status(Fault):
    """Answer with this status, in the vendor's error shape unless `body` says otherwise.

    A `body` that is a string is sent as it is, as text; any other is sent as JSON.
    """

    kind = "status"
    summary = "an error of any status, message, body and headers"
    parameters = {
        "status": STATUS,
        "message": {"type": "string", "minLength": 1},
        "body": {},
        "headers": FIELDS,
        "retry_after": {"type": "integer", "minimum": 0},
    }
    required = ("status",)
    example = {"kind": "status", "status": 503, "retry_after": 30, "times": 2}

    status: int = 500
    message: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | None = None

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        struck = self._usual(strike)
        if self.status in NO_BODY:
            struck.content = None
        elif isinstance(self.body, str):
            struck.content, struck.body = None, self.body.encode()
            struck.headers["Content-Type"] = "text/plain; charset=utf-8"
        elif self.body is not None:
            struck.content = self.body
        if self.retry_after is not None:
            struck.headers["Retry-After"] = str(self.retry_after)
        struck.headers.replace(Fields(self.headers))
        return struck

    def _usual(self, strike: Strike) -> Reply:
        """How the server itself would say it."""
        message = self.message or phrase(self.status)
        if self.status == 401:
            usual = strike.refusals.for_error(AccessDenied("The access token is unknown or has been revoked"))
            if self.message:
                usual.content = strike.refusals.plain(401, self.message).content
            return usual
        if self.status == 400 and strike.operation_id == "getToken":
            return strike.refusals.for_error(InvalidLogin(message))
        return strike.refusals.plain(self.status, message)


def phrase(status: int) -> str:
    """What a status means, in words."""
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return f"Status {status}."


@dataclass(frozen=True)
class Delay(Fault):
    """Answer well, but late: after `delay`, or after a time between the two of a pair, each equally likely."""

    kind = "delay"
    summary = "a good answer, late"
    needs_answer = True
    parameters = {
        "delay": {
            "anyOf": [DURATION, {"type": "array", "items": DURATION, "minItems": 2, "maxItems": 2}],
            "x-wanted": f"{DURATION_FORM}, or a pair of them",
        }
    }
    required = ("delay",)
    example = {"kind": "delay", "delay": ["1s", "3s"]}

    delay: Any = 0

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        low, high = self.delay if isinstance(self.delay, list | tuple) else (self.delay, self.delay)
        seconds = strike.randomness.between(parse_duration(low), parse_duration(high))
        return _delivered(reply, delay=reply.delivery.delay + seconds)


@dataclass(frozen=True)
class Timeout(Fault):
    """Take the request and never answer."""

    kind = "timeout"
    summary = "no answer, ever; the connection stays open"
    example = {"kind": "timeout"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, ending="never")


@dataclass(frozen=True)
class Dribble(Fault):
    """Answer well, the body spread over a time."""

    kind = "dribble"
    summary = "a good answer, its body drop by drop"
    needs_answer = True
    parameters = {"over": DURATION}
    required = ("over",)
    example = {"kind": "dribble", "over": "5s"}

    over: Any = 0

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, dribble=parse_duration(self.over))


@dataclass(frozen=True)
class Reset(Fault):
    """Break the connection (TCP RST), over TLS too."""

    kind = "reset"
    summary = "the connection reset instead of an answer"
    example = {"kind": "reset"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, ending="reset")


@dataclass(frozen=True)
class Empty(Fault):
    """Close the connection in good order, without an answer."""

    kind = "empty"
    summary = "the connection closed without an answer"
    example = {"kind": "empty"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, ending="empty")


@dataclass(frozen=True)
class Truncate(Fault):
    """Announce the whole body, send half of it, and close."""

    kind = "truncate"
    summary = "less body than Content-Length announced"
    needs_answer = True
    example = {"kind": "truncate"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, ending="truncated")


@dataclass(frozen=True)
class Garbage(Fault):
    """Send bytes that are no HTTP, and close."""

    kind = "garbage"
    summary = "bytes that are no HTTP"
    example = {"kind": "garbage"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        return _delivered(reply, raw=GARBAGE.encode("latin-1"), ending="garbage")


@dataclass(frozen=True)
class MalformedJson(Fault):
    """Answer with the right status and media type, and a body that does not parse; an answer without one stays."""

    kind = "malformed-json"
    summary = "a body that is not JSON, well framed"
    needs_answer = True
    example = {"kind": "malformed-json"}

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        if reply.content is None:
            return reply
        return dataclasses.replace(reply, content=None, body=orjson.dumps(reply.content)[:-1] + b',"')


@dataclass(frozen=True)
class ContentType(Fault):
    """Answer well, under a wrong media type."""

    kind = "content-type"
    summary = "a good body under a wrong Content-Type"
    needs_answer = True
    parameters = {"content_type": FIELD_VALUE}
    example = {"kind": "content-type", "content_type": "text/plain"}

    content_type: str = "text/html; charset=utf-8"

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        reply.headers["Content-Type"] = self.content_type
        return reply


@dataclass(frozen=True)
class Spoil(Fault):
    """Set, remove or retype properties of the good answer; of each element when it is an array."""

    kind = "reply"
    summary = "properties of the good answer set, removed or retyped"
    needs_answer = True
    parameters = {
        "set": {"type": "object", "minProperties": 1, "maxProperties": MOST_NAMES},
        "remove": NAMES,
        "retype": NAMES,
    }
    example = {"kind": "reply", "set": {"expiresIn": -1}, "remove": ["message"], "retype": ["userCode"]}

    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    retype: tuple[str, ...] = ()

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        content = reply.content
        if isinstance(content, list):
            spoiled: object = [self._spoil(element) for element in content]
        else:
            spoiled = self._spoil(content)
        return dataclasses.replace(reply, content=spoiled)

    def _spoil(self, content: object) -> object:
        if not isinstance(content, dict):
            return content
        result = {name: value for name, value in content.items() if name not in self.remove}
        result.update({name: _retyped(result[name]) for name in self.retype if name in result})
        return {**result, **self.set}


def _retyped(value: object) -> object:
    """`value` as another JSON type, as a careless server sends it: text in an array, anything else as its text."""
    return [value] if isinstance(value, str) else orjson.dumps(value).decode()


@dataclass(frozen=True)
class Html(Fault):
    """The error page of a proxy in front of the server."""

    kind = "html"
    summary = "the HTML error page of a proxy"
    parameters = {"status": {**STATUS, "minimum": 400}}
    example = {"kind": "html", "status": 502}

    status: int = 502

    def strike(self, reply: Reply, strike: Strike) -> Reply:
        title = f"{self.status} {phrase(self.status).rstrip('.')}"
        body = f"<body><center><h1>{title}</h1></center></body>"
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n{body}\r\n</html>\r\n"
        return Reply(self.status, None, Fields({"Content-Type": "text/html"}), page.encode("ascii"))


TYPES: tuple[type[Fault], ...] = (
    Status,
    Delay,
    Timeout,
    Dribble,
    Reset,
    Empty,
    Truncate,
    Garbage,
    MalformedJson,
    ContentType,
    Spoil,
    Html,
)
BY_KIND: dict[str, type[Fault]] = {fault.kind: fault for fault in TYPES}
