"""The tokens and codes in an answer, wherever a server puts them: what no report may show must be found first.

A server under test may answer in any shape: nested, in another case, as a list, cut short, as a form. What parses is
walked through; texts are searched for names with a value behind them, as it stands in JSON, forms, XML and headers.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from veeam_contracts.asking.exchange import NOT_JSON, Exchange

Sighting = tuple[str, str]
"""The kind of a secret, and its value."""

KINDS = {
    "token": ("accesstoken", "refreshtoken", "idtoken", "token", "bearer"),
    "code": ("usercode", "devicecode"),
    "password": ("password", "clientsecret"),
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}
"""Names in lower case without what is between words: `access_token`, `AccessToken` and `access-token` are one."""

NAMED = re.compile(
    r"(?P<name>(?:access|refresh|id)[_-]?token|(?:user|device)[_-]?code)"
    r"\\*[\"']?\s*[:=>]\s*\\*[\"']?(?P<value>[^\s\"'\\&,;<>{}\[\]]+)",
    re.I,
)
"""A name and its value in a text that is no JSON, or not quite."""

OF_LINKS = frozenset({"href", "uri", "method", "rel"})
"""Members that say where a link leads, and how, whatever the link is called: `{"deviceCode": {"method": "POST"}}`."""

SECRET_FIELD = re.compile(r"token|api-?key|secret|set-cookie|authorization", re.I)
"""Names of header fields whose value is a secret."""

CODE = re.compile(r"(?<![\w-])(?=[0-9]*[A-Z])[A-Z0-9]{8,9}(?![\w-])")
"""What looks like a user code (RFC 8628 section 6.1; the page's example has 9 characters)."""

TOKEN = re.compile(r"[\w.~+/=-]{20,}")
"""What looks like a token (RFC 6750 section 2.1, `b64token`)."""


SHORTEST = {"code": 4, "token": 8, "password": 8}
"""Characters from which on a value is no word of a sentence, as in `"token": "expired"`."""


WORDS = frozenset({"true", "false", "null", "none", "get", "head", "post", "put", "patch", "delete", "options"})
"""Values that are no secrets, whatever name stands before them: `_actions.deviceCode.method` is `POST`."""


def sightings(exchange: Exchange) -> Iterator[Sighting]:
    """Every secret in an answer: what a name says, and in an answer with tokens or a code what looks like one."""
    named = [(kind, value) for kind, value in _named(exchange) if _is_long(kind, value)]
    yield from (pair for pair in named if exchange.ok or pair[0] != "password")
    yield from _in_headers(exchange)
    if exchange.gives_code:
        yield from (("code", code) for code in CODE.findall(exchange.text))
    if exchange.ok and exchange.is_token and "token" not in dict(named):
        yield from (("token", token) for token in TOKEN.findall(exchange.text))


def _is_long(kind: str, value: str) -> bool:
    is_address = kind == "code" and "/" in value
    return len(value) >= SHORTEST[kind] and value.lower() not in WORDS and not is_address


def _named(exchange: Exchange) -> Iterator[Sighting]:
    if exchange.value is NOT_JSON:
        yield from _in_text(exchange.text)
        return
    rest: list[tuple[str | None, Any]] = [(None, exchange.value)]
    while rest:
        kind, value = rest.pop()
        if isinstance(value, dict):
            rest += [(None if name in OF_LINKS else kind_of(name) or kind, member) for name, member in value.items()]
        elif isinstance(value, list):
            rest += [(kind, item) for item in value]
        elif kind is not None and value is not None and not isinstance(value, bool):
            yield kind, str(value)
        elif isinstance(value, str):
            yield from _in_text(value)


def _in_headers(exchange: Exchange) -> Iterator[Sighting]:
    """What a header field says that it holds, by its name or in its value: `X-Auth-Token`, or a `Location` with one."""
    for name, value in exchange.headers.items():
        if SECRET_FIELD.search(name) and _is_long("token", value):
            yield "token", value
        yield from ((kind, found) for kind, found in _in_text(value) if _is_long(kind, found))


def kind_of(name: str) -> str | None:
    """The kind of secret that a member of this name holds; None for none."""
    return KIND_OF.get(re.sub(r"[^a-z]", "", name.lower()))


def _in_text(text: str) -> Iterator[Sighting]:
    for found in NAMED.finditer(text):
        kind = KIND_OF[re.sub("[^a-z]", "", found["name"].lower())]
        yield kind, found["value"]
        yield kind, unquote_plus(found["value"])
