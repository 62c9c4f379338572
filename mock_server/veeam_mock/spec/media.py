"""Bytes of a body as a value: JSON, forms, and what the `Content-Type` says of them. No description is known here."""

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import orjson

from veeam_mock.messages import FORM, Request
from veeam_mock.spec.tolerance import without_trailing_commas

MULTIPART = "multipart/form-data"
MOST_FORM_FIELDS = 100
LONGEST_MEDIA_TYPE = 200
LONGEST_NAME = 60
UTF8_BOM = b"\xef\xbb\xbf"


class Media(NamedTuple):
    """A media type and its charset, both in lower case; `field` is the header field as it came, cut."""

    type: str
    charset: str
    field: str


def read_body(request: Request) -> object:
    """The value of a body as any operation would read it, with all that is forgiven; `ValueError` when it has none."""
    media = media_of(request)
    if media.type == FORM:
        return parse_form(request.body)
    if media.type == MULTIPART:
        return parse_multipart(request.body, media)
    return parse_json(request.body, [], is_tolerant=True)


def parse_json(body: bytes, notes: list[str], *, is_tolerant: bool) -> object:
    """The value of JSON, and what was forgiven in `notes`; `ValueError` when it is none."""
    body = body.removeprefix(UTF8_BOM)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    try:
        forgiven = without_trailing_commas(body.decode("utf-8"))
        value = orjson.loads(forgiven.text)
    except ValueError:
        raise ValueError(f"is not JSON: {reason}") from None
    if not is_tolerant:
        raise ValueError(f"is not JSON: {forgiven.notes[0].partition(': ')[2]}")
    notes += forgiven.notes
    return value


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form; `ValueError` when it is none, or has one twice."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FORM_FIELDS
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except ValueError:
        raise ValueError(f"has more than {MOST_FORM_FIELDS} fields") from None
    return _once(pairs)


def parse_multipart(body: bytes, media: Media) -> dict[str, str]:
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
        raise ValueError(f"has {repr(repeated[:LONGEST_NAME])} more than once")
    return dict(pairs)


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
