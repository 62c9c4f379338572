"""Keeping secrets out of everything that is written down: the journal, logs, answers of the control API."""

import json
import re
from collections.abc import Iterable
from typing import Any

from veeam_mock.messages import Headers
from veeam_mock.model.tokens import ACCESS_PREFIX, REFRESH_PREFIX
from veeam_mock.secrecy.secret_names import MASK, SECRET_HEADERS, SECRET_NAMES, is_secret
from veeam_mock.secrecy.spellings import Span, Spellings, replaced, united

ROOM = 18 * 1024
"""Bytes beyond what is shown of a body, in which a secret that begins there ends: a password has at most 1,024
characters, and one is spelled by at most 18."""

OTHERWISE = {" ": "+", "/": r"\/"}
"""What else stands for a character, in a form and in JSON."""


def _spelled(text: str) -> str:
    """A pattern of all ways to write `text`: as it is, percent-encoded (RFC 3986), as a form or JSON does, or in part.

    What is not ASCII may also have been read as latin-1, as header fields are.
    """
    return "".join(map(_spelled_character, text))


def _spelled_character(character: str) -> str:
    """The longest comes first: of `%25` the `%` alone would be masked, of an escaped backslash the half."""
    data = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    encoded = "".join(f"%{byte:02x}" for byte in data)
    as_it_is = {character, data.decode("latin-1"), json.dumps(character)[1:-1], OTHERWISE.get(character, character)}
    longest_first = sorted(as_it_is, key=len, reverse=True)
    return f"(?:(?i:{encoded}|{escaped})|{'|'.join(map(re.escape, longest_first))})"


_NAMES = "|".join(_spelled(name) for name in SECRET_NAMES)
_TOKEN = "|".join(_spelled(prefix) for prefix in (ACCESS_PREFIX, REFRESH_PREFIX))
_PATTERN = re.compile(
    rf'(?P<json>"(?:{_NAMES})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[\[{{].*|[^\s,}}\]"][^,}}\]]*)'
    rf"|(?P<form>(?:^|(?<=[?&\s'\"]))(?:{_NAMES})=)[^&\s\"]*"
    rf"|(?P<token>{_TOKEN})(?:[A-Za-z0-9]|%[0-9a-f]{{2}}|\\u[0-9a-f]{{4}})+",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def _span(found: re.Match[str]) -> Span:
    """Where the value stands, without its name or, for a token, its beginning."""
    before = found["json"] or found["form"] or found["token"]
    return Span(found.start() + len(before), found.end(), f'"{MASK}"' if found["json"] else MASK)


class Masker:
    """Masks secrets: the values of secret names in JSON and in forms, this server's tokens, and `literals`."""

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._literals = Spellings()
        self._has_literals = False
        for literal in filter(None, literals):
            self._literals.add(literal, MASK)
            self._has_literals = True

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return replaced(text, self._spans(text))

    def _spans(self, text: str) -> list[Span]:
        spans = self._literals.spans(text)
        return united([*spans, *map(_span, _PATTERN.finditer(text))]) if _suspects(text) else spans

    def body(self, body: bytes) -> bytes:
        """A body without secrets; bytes that are no UTF-8 are shown as escapes."""
        if not self._has_literals and not _suspects(body.decode("latin-1")):
            return body
        return self.text(body.decode("utf-8", "backslashreplace")).encode()

    def beginning(self, body: bytes, most: int) -> bytes:
        """At most so many bytes of the beginning of a body, without secrets, and without half of one at their end."""
        part = body[: most + 2 * ROOM]
        text = part.decode("utf-8", "backslashreplace")
        spans = self._spans(text)
        if len(part) < len(body):
            end = len(text) - ROOM
            end = max([end, *(span.end for span in spans if span.start < end)])
            text, spans = text[:end], [span for span in spans if span.end <= end]
        return replaced(text, spans).encode()[:most]

    def headers(self, headers: Headers) -> Headers:
        """Header fields without secrets in their values."""
        return {name: self.text(value) for name, value in headers.items()}

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, wherever in it they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(element) for element in value]
        if isinstance(value, dict):
            return {name: MASK if is_secret(name) else self.value(element) for name, element in value.items()}
        return value


def without_credentials(headers: Headers) -> Headers:
    """Header fields in which credentials are masked; the scheme word stays."""
    return {name: _credentials(text) if name.lower() in SECRET_HEADERS else text for name, text in headers.items()}


def _credentials(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme.isalpha() else MASK


def _suspects(text: str) -> bool:
    """Whether `text` may hold a secret: a quick look that saves a slow one.

    In every text in which `_PATTERN` finds something stands one of these words, in lower case, or a character that
    is written in another way than as it is.
    """
    lower = text.lower()
    return (
        ("_" in lower and ("_token" in lower or "_secret" in lower or "admin_key" in lower))
        or "password" in lower
        or "assertion" in lower
        or "application" in lower
        or "authcode" in lower
        or ("-" in lower and "mock-" in lower)
        or "%" in lower
        or "\\" in lower
    )
