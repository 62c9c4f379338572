"""The body of a request: which media types an operation takes, and how their bytes become a value."""

from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesParser
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from veeam_mock.messages import FORM, JSON, Request
from veeam_mock.spec.schema import Schema, Violation, shorten
from veeam_mock.spec.tolerance import Shape, without_trailing_commas

MULTIPART = "multipart/form-data"
MOST_FORM_FIELDS = 100
LONGEST_MEDIA_TYPE = 200
UTF8_BOM = b"\xef\xbb\xbf"


class Media(NamedTuple):
    """A media type and its charset, both in lower case; `field` is the header field as it came, cut."""

    type: str
    charset: str
    field: str


class Tolerance(NamedTuple):
    """What is read although no standard asks for it: sloppy JSON, and a form as multipart."""

    json: bool
    multipart: bool


class ReadBody(NamedTuple):
    """The value of a body, what is wrong with it, and what was forgiven."""

    value: Any
    violations: list[Violation]
    forgiven: list[str]


NOTHING = ReadBody(None, [], [])


class BodyReader(NamedTuple):
    """Reads the bodies that come with one head. `unreadable` says why none can be read, `missing` what is wrong without
    one."""

    described: "Body"
    media: Media
    tolerance: Tolerance
    unreadable: Violation | None
    missing: Violation | None

    def read(self, body: bytes) -> ReadBody:
        """The value of `body` and what is wrong with it. Never raises."""
        refusal = self.unreadable if body else self.missing
        if refusal is not None:
            return ReadBody(None, [refusal], [])
        return self.described.read(body, self.media, self.tolerance) if body else NOTHING


class Body:
    """A body as the document describes it: one schema, as plain JSON Schema, for each media type."""

    def __init__(self, schemas: Mapping[str, tuple[Schema, Mapping[str, Any]]], required: bool) -> None:
        self._schemas = {media: compiled for media, (compiled, _) in schemas.items()}
        self._shapes = {media: Shape(plain) for media, (_, plain) in schemas.items()}
        self._required = required
        self.media_types = tuple(schemas)

    def __bool__(self) -> bool:
        return bool(self._schemas)

    def reader(self, request: Request, tolerance: Tolerance) -> BodyReader:
        """What reads the bodies of requests that have the head of `request`."""
        media, encoding = media_of(request), refuse_encoding(request)
        unreadable = encoding or self.refuse_media(media, tolerance)
        return BodyReader(self, media, tolerance, unreadable, encoding or self.refuse_none())

    def refuse_none(self) -> Violation | None:
        """What is wrong without a body."""
        served = " or ".join(self.media_types)
        return Violation("body", f"is required, as {served}", "required") if self._required else None

    def refuse_media(self, media: Media, tolerance: Tolerance) -> Violation | None:
        """What is wrong with the media type of a body."""
        if media.type == MULTIPART and FORM in self._schemas and tolerance.multipart:
            return None
        if media.type not in self._schemas:
            given = f"{media.type[:60]!r}" if media.type else "no media type"
            expected = " or ".join(self.media_types)
            return Violation("header.Content-Type", f"{given} was sent, expected {expected}", "media")
        if media.charset not in ("utf-8", "utf8", "us-ascii"):
            said = f"charset {media.charset[:40]!r} is not served, send UTF-8"
            return Violation("header.Content-Type", said, "media")
        return None

    def read(self, body: bytes, media: Media, tolerance: Tolerance) -> ReadBody:
        """The value of `body`, whose media type is not refused, and what is wrong with it."""
        if media.type == JSON:
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                return self._read_closely(body, media, tolerance)
            if self._schemas[JSON].is_valid(value) and self._shapes[JSON].is_plain(value):
                return ReadBody(value, [], [])
        return self._read_closely(body, media, tolerance)

    def _read_closely(self, body: bytes, media: Media, tolerance: Tolerance) -> ReadBody:
        is_form_in_parts = media.type == MULTIPART and MULTIPART not in self._schemas
        name = FORM if is_form_in_parts else media.type
        notes = [f"header.Content-Type: a form was sent as {MULTIPART}"] if is_form_in_parts else []
        try:
            value = self._parse(body, media, notes, tolerance)
        except ValueError as error:
            return ReadBody(None, [Violation("body", str(error), "syntax")], notes)
        violations = self._schemas[name].violations(value, "body")
        shape = self._shapes[name]
        if not violations and (name == FORM or shape.is_plain(value)):
            return ReadBody(value, violations, notes)
        found: list[str] = []
        mended = shape.mend(value, found)
        if not found or (name == FORM and not violations):
            return ReadBody(value, violations, notes)
        left = self._schemas[name].violations(mended, "body")
        if tolerance.json:
            return ReadBody(mended, left, [*notes, *found])
        return ReadBody(value, violations if left else [_as_violation(note) for note in found], notes)

    def _parse(self, body: bytes, media: Media, notes: list[str], tolerance: Tolerance) -> object:
        """The value of a body; None for media types that are not looked into."""
        if media.type == FORM:
            return _parse_form(body)
        if media.type == MULTIPART and MULTIPART not in self._schemas:
            return _parse_multipart(body, media)
        if not media.type.endswith("json"):
            return None
        try:
            return orjson.loads(body.removeprefix(UTF8_BOM))
        except orjson.JSONDecodeError as error:
            return _parse_sloppy(body, error, notes, tolerance)


def _as_violation(note: str) -> Violation:
    where, _, message = note.partition(": ")
    return Violation(where, message, "strict")


def _parse_sloppy(body: bytes, error: ValueError, notes: list[str], tolerance: Tolerance) -> object:
    try:
        forgiven = without_trailing_commas(body.removeprefix(UTF8_BOM).decode("utf-8"))
        value = orjson.loads(forgiven.text)
    except ValueError:
        raise ValueError(f"is not JSON: {error}") from None
    if not tolerance.json:
        raise ValueError(f"is not JSON: {forgiven.notes[0].partition(': ')[2]}")
    notes += forgiven.notes
    return value


def _parse_form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FORM_FIELDS
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except ValueError:
        raise ValueError(f"has more than {MOST_FORM_FIELDS} fields") from None
    return _once(pairs)


def _parse_multipart(body: bytes, media: Media) -> dict[str, str]:
    """A form as RFC 7578 writes it; its parts are fields, and no files."""
    head = f"Content-Type: {media.field}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser().parsebytes(head + body)
    if not message.is_multipart():
        raise ValueError(f"is not {MULTIPART}: its boundary is missing")
    return _once(list(_fields(message)))


def _fields(message: Message) -> Iterator[tuple[str, str]]:
    parts = message.get_payload()
    if len(parts) > MOST_FORM_FIELDS:
        raise ValueError(f"has more than {MOST_FORM_FIELDS} fields")
    for part in parts:
        name = part.get_param("name", header="content-disposition") if isinstance(part, Message) else None
        if not isinstance(part, Message) or not isinstance(name, str) or part.is_multipart():
            raise ValueError("has a part without a name")
        content = part.get_payload(decode=True)
        try:
            yield name, content.decode("utf-8") if isinstance(content, bytes) else ""
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8") from None


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in pairs]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"has {shorten(repeated)} more than once")
    return dict(pairs)


def refuse_encoding(request: Request) -> Violation | None:
    """What is wrong with the encoding of a body."""
    encoding = request.headers.get("content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        return Violation("header.Content-Encoding", f"{encoding[:40]!r} is not served, send it as it is", "media")
    return None


def media_of(request: Request) -> Media:
    """What the `Content-Type` of a request says."""
    return parse_media(request.headers.get("content-type", "")[:LONGEST_MEDIA_TYPE])


@lru_cache(maxsize=256)
def parse_media(content_type: str) -> Media:
    """What a `Content-Type` says; without a charset it means UTF-8 (RFC 8259 section 8.1)."""
    media_type, _, parameters = content_type.partition(";")
    charset = "utf-8"
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return Media(media_type.strip().lower(), charset, content_type)
