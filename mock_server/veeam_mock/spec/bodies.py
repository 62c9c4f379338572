"""The body of a request: which media types an operation takes, and how their bytes become a value."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from veeam_mock.messages import FORM, JSON, Request
from veeam_mock.spec.media import MULTIPART, Media, media_of, parse_form, parse_json, parse_multipart
from veeam_mock.spec.schema import Schema, Violation
from veeam_mock.spec.tolerance import Shape


class Tolerance(NamedTuple):
    """What is read although no standard asks for it: sloppy JSON, and a form as multipart."""

    json: bool
    multipart: bool


ReadBody = tuple[Any, Sequence[Violation], Sequence[str]]
"""The value of a body, what is wrong with it, and what was forgiven."""


class BodyReader(NamedTuple):
    """Reads the bodies that come with one head. `unreadable` says why none can be read, `missing` what is wrong without
    one. `plain` has what a body of JSON has to fit so that nothing is to be said of it."""

    described: "Body"
    media: Media
    tolerance: Tolerance
    unreadable: Violation | None
    missing: Violation | None
    plain: tuple[Schema, Shape] | None

    def read(self, body: bytes) -> ReadBody:
        """The value of `body` and what is wrong with it. Never raises."""
        refusal = self.unreadable if body else self.missing
        if refusal is not None:
            return None, [refusal], ()
        if not body:
            return None, (), ()
        if self.plain is not None:
            schema, shape = self.plain
            try:
                value = orjson.loads(body)
            except orjson.JSONDecodeError:
                return self.described.read(body, self.media, self.tolerance)
            if schema.is_valid(value) and shape.is_plain(value):
                return value, (), ()
        return self.described.read(body, self.media, self.tolerance)


class Body:
    """A body as the document describes it: one schema, as plain JSON Schema, for each media type."""

    def __init__(self, schemas: Mapping[str, tuple[Schema, Mapping[str, Any]]], required: bool) -> None:
        self._schemas = {media: compiled for media, (compiled, _) in schemas.items()}
        self._shapes = {media: Shape(plain) for media, (_, plain) in schemas.items()}
        self.media_types = tuple(schemas)
        served = " or ".join(schemas)
        self._missing = Violation("body", f"is required, as {served}", "required") if required else None

    def __bool__(self) -> bool:
        return bool(self._schemas)

    def reader(self, request: Request, tolerance: Tolerance) -> BodyReader | None:
        """What reads the bodies of requests that have the head of `request`; None where none is described."""
        if not self._schemas:
            return None
        media, encoding = media_of(request), refuse_encoding(request)
        unreadable = encoding or self.refuse_media(media, tolerance)
        plain = (self._schemas[JSON], self._shapes[JSON]) if media.type == JSON and JSON in self._schemas else None
        return BodyReader(self, media, tolerance, unreadable, encoding or self._missing, plain)

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
        is_form_in_parts = media.type == MULTIPART and MULTIPART not in self._schemas
        name = FORM if is_form_in_parts else media.type
        notes = [f"header.Content-Type: a form was sent as {MULTIPART}"] if is_form_in_parts else []
        try:
            value = self._parse(body, media, notes, tolerance)
        except ValueError as error:
            return None, [Violation("body", str(error), "syntax")], notes
        violations = self._schemas[name].violations(value, "body")
        shape = self._shapes[name]
        if not violations and (name == FORM or shape.is_plain(value)):
            return value, violations, notes
        found: list[str] = []
        mended = shape.mend(value, found)
        if not found or (name == FORM and not violations):
            return value, violations, notes
        left = self._schemas[name].violations(mended, "body")
        if tolerance.json:
            return mended, left, [*notes, *found]
        return value, violations if left else [_as_violation(note) for note in found], notes

    def _parse(self, body: bytes, media: Media, notes: list[str], tolerance: Tolerance) -> object:
        """The value of a body; None for media types that are not looked into."""
        if media.type == FORM:
            return parse_form(body)
        if media.type == MULTIPART and MULTIPART not in self._schemas:
            return parse_multipart(body, media)
        if not media.type.endswith("json"):
            return None
        return parse_json(body, notes, is_tolerant=tolerance.json)


def _as_violation(note: str) -> Violation:
    where, _, message = note.partition(": ")
    return Violation(where, message, "strict")


def refuse_encoding(request: Request) -> Violation | None:
    """What is wrong with the encoding of a body."""
    encoding = request.headers.get("content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        return Violation("header.Content-Encoding", f"{encoding[:40]!r} is not served, send it as it is", "media")
    return None
