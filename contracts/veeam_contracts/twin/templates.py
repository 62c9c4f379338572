"""Texts of answers as templates: what belongs to one exchange makes room for places, and what is secret is gone."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer

SECRET = "(secret)"

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
TOKEN = re.compile(r"(?<![\w.~+/-])(?!//)[A-Za-z0-9_.~+/-]{24,}=*")
"""What looks like a token, and is not the rest of an address."""


WORDS = re.compile(r"[A-Z]?[a-z]{2,15}(?:\.?[A-Z][a-z]{2,15}|\.[A-Z]{2,5}(?=\.))+")
"""Words that are written as one, such as `ParameterValidationFailure` and `Veeam.Archiver.REST.TargetRegion`."""

OF_SOMEBODY = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "{user}"),
    (re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?:onmicrosoft\.[a-z]{2,3}|onmschina\.cn)", re.IGNORECASE), "{organization}"),
    (re.compile(r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}(?!\.?\d)"), "{host}"),
)
"""What names a person, a tenant or a machine of a network of its own, whoever it is."""

SHORTEST = 3
"""Characters of what makes room for a place: shorter texts are in every sentence."""


def _without_escapes(text: str) -> str:
    """`text` with the escapes of JSON read, however many backslashes they have."""
    text = re.sub(r"\\+/", "/", text)
    return re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


DECODINGS: tuple[Callable[[str], str], ...] = (str, _without_escapes, unquote, html.unescape)
"""The ways in which a server may have spelled a secret, a host or a name."""


@dataclass(frozen=True, slots=True)
class Places:
    """What stands in an exchange for itself alone, each with its place, the longest first; `mask` hides secrets."""

    known: tuple[tuple[str, str], ...]
    mask: Callable[[str], str]

    def of(self, value: str) -> str | None:
        """The name of the place that stands for all of `value`; None for none."""
        return next((place[1:-1] for text, place in self.known if text.lower() == value.lower()), None)

    def template(self, text: str) -> str:
        """`text` as a template: braces of its own are doubled. It is read as written, or, where that brings to light
        what must not be shown, as decoded."""
        known_texts = [known.lower() for known, _ in self.known]
        text = self.mask(text)
        for decode in DECODINGS:
            plain = decode(text)
            if any(known in plain.lower() for known in known_texts):
                text = self.mask(plain)
                break
        pattern = "|".join(re.escape(known) for known, _ in self.known) or "(?!)"
        stand_in = {known.lower(): place for known, place in self.known}
        parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
        return "".join(stand_in.get(part.lower()) or _generic(part) for part in parts)


def places_in(exchange: Exchange, client: Client, conceal: Callable[[str], str]) -> Places:
    """What stands in an exchange for itself alone: what was asked, who asked, and what the server calls its own.
    `conceal` hides secrets in a text."""
    parts = urlsplit(exchange.url)
    path = exchange.path.partition("?")[0]
    found = {parts.netloc: "{host}", parts.hostname or "": "{host}", path: "{path}"}
    found |= {exchange.method: "{method}"} if not exchange.ok else {}
    found[client.target.login.username or ""] = "{user}"
    for item in _organizations(client):
        found |= {str(item.get(name)): "{organization}" for name in ("id", "name", "officeName") if item.get(name)}
    if path.count("/") > 2:
        found[path.rpartition("/")[2]] = "{id}"
    found |= _sent(exchange)
    for name, place in (("userCode", "{code}"), ("verificationUrl", "{address}"), ("verificationUri", "{address}")):
        if exchange.ok and isinstance(exchange.member(name), str):
            found[exchange.member(name)] = place
    known = sorted(((text, place) for text, place in found.items() if len(text) >= SHORTEST), key=_by_length)
    codes = {text for text, place in known if place == "{code}"}
    return Places(tuple(known), lambda text: _concealed(text, conceal, codes))


def _by_length(pair: tuple[str, str]) -> int:
    return -len(pair[0])


def _concealed(text: str, conceal: Callable[[str], str], codes: set[str]) -> str:
    """`text` without secrets, but for the code of this exchange as it is, which makes room for its place."""
    parts = re.split("|".join(f"({re.escape(code)})" for code in codes), text) if codes else [text]
    return "".join(part if part in codes else conceal(part) for part in parts if part)


def _sent(exchange: Exchange) -> dict[str, str]:
    """What a body of JSON named, by its place."""
    try:
        value = json.loads(exchange.request_body or b"")
    except (ValueError, RecursionError):
        return {}
    named = value if isinstance(value, dict) else {}
    places = (("targetRegion", "{region}"), ("userCode", "{code}"))
    return {named[name]: place for name, place in places if isinstance(named.get(name), str)}


def _organizations(client: Client) -> list[Any]:
    """The organizations; none where a server does not list them."""
    try:
        return client.organizations()
    except NoAnswer:
        return []


def without_host(text: str, client: Client) -> str:
    """`text` without the address that is asked."""
    parts = urlsplit(client.target.url)
    for known in filter(None, (parts.netloc, parts.hostname)):
        text = re.sub(re.escape(known), "{host}", text, flags=re.IGNORECASE)
    return text


def _generic(text: str) -> str:
    text = text.replace("{", "{{").replace("}", "}}")
    for pattern, place in OF_SOMEBODY:
        text = pattern.sub(place, text)
    text = HTTP_DATE.sub("{http-date}", text)
    text = DATE_TIME.sub("{time}", text)
    text = UUID.sub("{uuid}", text)
    return TOKEN.sub(lambda found: found[0] if WORDS.fullmatch(found[0]) else "{token}", text)
