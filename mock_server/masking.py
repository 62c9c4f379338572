"""Keeping secrets out of everything that is written down: the journal, logs, answers of the control API."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from mock_server.exchange import Headers
from mock_server.model.tokens import ACCESS_PREFIX, REFRESH_PREFIX
from mock_server.secret_names import MASK, SECRET_HEADERS, SECRET_NAMES, is_secret

_NAMES = "|".join(SECRET_NAMES)
_TOKEN = f"{re.escape(ACCESS_PREFIX)}|{re.escape(REFRESH_PREFIX)}"
_PATTERN = re.compile(
    rf'(?P<json>"(?:{_NAMES})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[\[{{].*|[^\s,}}\]"][^,}}\]]*)'
    rf"|(?P<form>(?:^|(?<=[?&\s'\"]))(?:{_NAMES})=)[^&\s\"]*"
    rf"|(?P<token>{_TOKEN})[A-Za-z0-9]+",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def _masked(found: re.Match[str]) -> str:
    if found["json"]:
        return f'{found["json"]}"{MASK}"'
    return (found["form"] or found["token"]) + MASK


class Masker:
    """Masks secrets: the values of secret names in JSON and in forms, this server's tokens, and `literals`."""

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._wanted = sorted({form for text in literals for form in _forms(text) if form}, key=len, reverse=True)
        self._literals = re.compile("|".join(map(re.escape, self._wanted))) if self._wanted else None

    def text(self, text: str) -> str:
        """`text` without secrets."""
        if not self._suspects(text):
            return text
        masked = _PATTERN.sub(_masked, text)
        return masked if self._literals is None else self._literals.sub(MASK, masked)

    def body(self, body: bytes) -> bytes:
        """A body without secrets; bytes that are no UTF-8 are shown as escapes."""
        if not self._suspects(body.decode("latin-1")):
            return body
        return self.text(body.decode("utf-8", "backslashreplace")).encode()

    def headers(self, headers: Headers) -> Headers:
        """Header fields without secrets in their values."""
        return {name: self.text(value) for name, value in headers.items()}

    def _suspects(self, text: str) -> bool:
        """Whether `text` may hold a secret: a quick look that saves a slow one.

        In every text in which `_PATTERN` finds something stands one of these words, in lower case.
        """
        lower = text.lower()
        return (
            ("_" in lower and ("_token" in lower or "_secret" in lower or "admin_key" in lower))
            or "password" in lower
            or "assertion" in lower
            or "application" in lower
            or ("-" in lower and "mock-" in lower)
            or (bool(self._wanted) and any(word in text for word in self._wanted))
        )

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, wherever in it they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(element) for element in value]
        if isinstance(value, dict):
            return {name: MASK if is_secret(name) else self.value(element) for name, element in value.items()}
        return value


def _forms(text: str) -> set[str]:
    """How a secret looks as it is, in an address, in a form, in JSON, and read as latin-1."""
    encoded = {quote(text), quote(text, safe=""), quote_plus(text)}
    lower = {re.sub("%..", lambda found: found[0].lower(), form) for form in encoded}
    plain = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return encoded | lower | plain | {form.encode().decode("latin-1") for form in plain}


def without_credentials(headers: Headers) -> Headers:
    """Header fields, by lower-case name, in which credentials are masked; the scheme word stays."""
    named = SECRET_HEADERS & headers.keys()
    return {**headers, **{name: _credentials(headers[name]) for name in named}} if named else headers


def _credentials(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme.isalpha() else MASK
