"""Bytes of a body as a value: JSON, forms, and what the `Content-Type` says of them. No description is known here."""

import binascii
import quopri
import re
from collections.abc import Callable, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import orjson

from veeam_mock.messages import FORM, Request
from veeam_mock.spec.tolerance import without_trailing_commas

MULTIPART = "multipart/form-data"
MOST_FORM_FIELDS = 100

LONGEST_PART_HEAD = 1024
"""Bytes of a part of a form before its content: it says a name, and perhaps a type."""

BLANK_LINE = re.compile(rb"^\r?\n", re.MULTILINE)
TRANSFER_ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64": binascii.a2b_base64,
    "quoted-printable": quopri.decodestring,
}
"""How the content of a part may be written (RFC 7578 section 4.7); others write it as it is."""

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
    """A form as RFC 7578 writes it; its parts are fields, and no files. What is too much is refused unread."""
    return _once([_field(part) for part in _parts(body, _boundary(media))])


def _boundary(media: Media) -> str:
    """What stands between the parts (RFC 2046 section 5.1.1)."""
    head = Message()
    head["Content-Type"] = media.field
    boundary = head.get_boundary()
    if not boundary:
        raise ValueError(f"is not {MULTIPART}: its boundary is missing")
    return boundary


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the lines of the boundary, up to its last one."""
    parts: list[bytes] = []
    begin: int | None = None
    delimiter = re.escape(f"--{boundary}".encode("latin-1", "replace"))
    for found in re.finditer(rb"^%b(--)?[ \t]*\r?(?:\n|\Z)" % delimiter, body, re.MULTILINE):
        if begin is not None:
            parts.append(body[begin : found.start()].removesuffix(b"\n").removesuffix(b"\r"))
        if len(parts) > MOST_FORM_FIELDS:
            raise ValueError(f"has more than {MOST_FORM_FIELDS} fields")
        begin = None if found[1] else found.end()
        if found[1]:
            break
    if begin is not None:
        parts.append(body[begin:])
    if not parts:
        raise ValueError(f"is not {MULTIPART}: no line is its boundary")
    return parts


def _field(part: bytes) -> tuple[str, str]:
    """Name and value of a part."""
    blank = BLANK_LINE.search(part)
    head = part[: blank.end() if blank else None]
    if len(head) > LONGEST_PART_HEAD:
        raise ValueError(f"has a part with more than {LONGEST_PART_HEAD} bytes before its content")
    message = BytesHeaderParser().parsebytes(head)
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str) or message.get_content_maintype() in ("multipart", "message"):
        raise ValueError("has a part without a name")
    content = part[len(head) :]
    decode = TRANSFER_ENCODINGS.get(str(message.get("Content-Transfer-Encoding", "")).strip().lower())
    try:
        return name, (decode(content) if decode else content).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except binascii.Error:
        raise ValueError("has a part that is not base64, as it says") from None


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
