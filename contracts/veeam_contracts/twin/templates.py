"""Texts of answers as templates: what belongs to one exchange makes room for places, and what is secret is gone."""

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote, urlsplit

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.document import properties_of

SECRET = "(secret)"

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
TOKEN = re.compile(r"(?<![\w.~+/-])(?!//)[A-Za-z0-9_.~+/-]{24,}=*")
"""What looks like a token, and is not the rest of an address."""


WORDS = re.compile(r"[A-Z]?[a-z]{2,15}(?:\.?[A-Z][a-z]{2,15}|\.[A-Z]{2,5}(?=\.))+")
"""Words that are written as one, such as `ParameterValidationFailure` and `Veeam.Archiver.REST.TargetRegion`."""

OF_TWO = r"192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])"
"""The first two numbers of private, link-local and shared addresses (RFC 1918, RFC 3927, RFC 6598)."""

OF_SOMEBODY = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), "{user}"),
    (
        re.compile(r"(?:[\w-]{1,63}\.){1,8}(?:onmicrosoft\.[a-z]{2,3}|onmschina\.cn)", re.IGNORECASE),
        "{tenant}",
    ),
    (re.compile(rf"(?<![\w.])(?:10\.\d{{1,3}}|{OF_TWO})(?:\.\d{{1,3}}){{2}}(?!\.?\d)"), "{host}"),
    (re.compile(r"(?<![\w:])(?:f[cd][0-9a-f]{2}|fe80):[0-9a-f:]{2,34}(?![\w:])", re.IGNORECASE), "{host}"),
)
"""What names a person, a tenant or a machine of a network of its own, whoever it is. Names have the lengths that mail
and DNS allow (RFC 5321 section 4.5.3.1, RFC 1035 section 2.3.4): without an end, a long word costs its square."""

LONGEST_TEXT = 48 * 1024
"""Characters of a text that are learned: there is room for a stack trace."""

LOOKED_AT = 8 * LONGEST_TEXT
"""Characters of a text of which a template is made, before that is cut: no half of a name is at its end."""

PLAIN_NAME = re.compile(r"\W?\w+")
"""The name of a member as programs have it: it is taken as it is, unless all of it is the name of an organization."""

BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
"""What a template says with braces."""

SHORTEST = 3
"""Characters of what makes room for a place: shorter texts are in every sentence."""


def _without_escapes(text: str) -> str:
    """`text` with the escapes of JSON read, however many backslashes they have."""
    text = re.sub(r"\\+/", "/", text)
    return re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


DECODINGS: tuple[Callable[[str], str], ...] = (_without_escapes, unquote, html.unescape)
"""What reads the ways in which a server may have spelled a secret, a host or a name."""


MOST_READINGS = 4
"""How often a text is decoded: nobody spells a name in one way within another so often, unless to keep us busy."""


def _decoded(text: str) -> set[str]:
    """`text` as it reads where something in it was spelled in one way, or in one within another."""
    once = {decode(text) for decode in DECODINGS} - {text}
    return once | {decode(plain) for plain in once for decode in DECODINGS}


def cut(template: str, most: int) -> str:
    """The beginning of a template: at most so many characters, and no half of a place at their end."""
    across = (found.start() for found in BRACES.finditer(template) if found.start() < most < found.end())
    return template[: next(across, most)]


class Names:
    """The names of organizations; a text is looked through for all of them at once, however many there are."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = {name.lower() for name in names if len(name) >= SHORTEST}
        self._lengths = set(map(len, self._names))
        self.found_in = cache(self._found_in)

    def __contains__(self, value: str) -> bool:
        return value.lower() in self._names

    def _found_in(self, text: str) -> frozenset[str]:
        """The names that stand in a text in lower case."""
        if len(self._names) <= len(self._lengths) * len(text):
            return frozenset(name for name in self._names if name in text)
        parts = (text[at : at + length] for length in self._lengths for at in range(len(text) - length + 1))
        return frozenset(part for part in parts if part in self._names)


LONG_NAME = 8
"""Characters of a name of an organization that is one within a word as well; a shorter one may be a syllable."""

NO_NAMES = Names()
OF_A_NAME, OF_AN_ID = "{tenant}", "{organization}"


@dataclass(frozen=True, slots=True)
class Places:
    """What stands in an exchange for itself alone, each with its place, and the names that may stand in any; `mask`
    hides secrets, and `described` are the names of members that the description has."""

    known: tuple[tuple[str, str], ...]
    mask: Callable[[str], str]
    names: Names = NO_NAMES
    described: frozenset[str] = frozenset()
    _templates: dict[str, str] = field(default_factory=dict, compare=False)

    def of(self, value: str) -> str | None:
        """The name of the place that stands for all of `value`; None for none."""
        own = next((place for text, place in self.known if text.lower() == value.lower()), None)
        return own[1:-1] if own else "organization" if value in self.names else None

    def template(self, text: str) -> str:
        """`text` as a template: braces of its own are doubled. It is read as written, or, where that brings to light
        what must not be shown, as decoded."""
        if text not in self._templates:
            self._templates[text] = cut(self._template(self.mask(text)[:LOOKED_AT]), LONGEST_TEXT)
        return self._templates[text]

    def member(self, name: str) -> str:
        """The name of a member, in which parentheses stand for what may not be shown: it is no template."""
        name = self.mask(name)
        if name in self.described or (PLAIN_NAME.fullmatch(name) and name not in self.names):
            return name
        return BRACES.sub(lambda found: found[0][0] if found[1] is None else f"({found[1]})", self.template(name))

    def _template(self, text: str) -> str:
        for _ in range(MOST_READINGS):
            plain = self._read(text)
            if plain is None:
                break
            text = plain
        found = self._found_in(text.lower())
        stand_in = dict(found)
        parts = re.split(f"({_any_of(found)})", text, flags=re.IGNORECASE)
        return "".join(stand_in.get(part.lower()) or _generic(part) for part in parts)

    def _read(self, text: str) -> str | None:
        """`text` decoded such that the most comes to light that was not seen; None where nothing does."""
        seen = {plain: self._size_in(plain) for plain in sorted(_decoded(text))}
        best = max(seen, key=seen.__getitem__, default=text)
        return self.mask(best) if seen.get(best, 0) > self._size_in(text) else None

    def _size_in(self, text: str) -> int:
        """How many characters of a text make room for places."""
        patterns = (
            re.compile(_any_of(self._found_in(text.lower())), re.IGNORECASE),
            *(each for each, _ in OF_SOMEBODY),
        )
        return sum(found.end() - found.start() for pattern in patterns for found in pattern.finditer(text))

    def _found_in(self, text: str) -> list[tuple[str, str]]:
        """What stands in a text in lower case, the longest first."""
        own = {known.lower(): place for known, place in self.known if known.lower() in text}
        named = {name: OF_AN_ID if UUID.fullmatch(name) else OF_A_NAME for name in self.names.found_in(text)}
        return sorted({**named, **own}.items(), key=_by_length)


def _any_of(found: Iterable[tuple[str, str]]) -> str:
    """A pattern of what makes room for places. A word does so where it stands by itself, but as the name of a member of
    JSON, and a method in capitals."""
    patterns = []
    for known, place in found:
        if place == "{method}":
            patterns.append(rf"(?-i:(?<![A-Za-z]){re.escape(known.upper())}(?![A-Za-z]))")
        elif known.isalnum() and (place != OF_A_NAME or len(known) < LONG_NAME):
            patterns.append(rf"(?<![A-Za-z0-9_]){re.escape(known)}(?![A-Za-z0-9_]|\"\s*:)")
        else:
            patterns.append(re.escape(known))
    return "|".join(patterns) or "(?!)"


def names_of(client: Client) -> Names:
    """The names of the organizations of a server; none where it does not list them."""
    try:
        listed = client.organizations()
    except (NoAnswer, Refused):
        return NO_NAMES
    members = ("id", "name", "officeName")
    return Names(str(item[name]) for item in listed for name in members if item.get(name))


def places_in(exchange: Exchange, client: Client, conceal: Callable[[str], str], names: Names) -> Places:
    """What stands in an exchange for itself alone: what was asked, who asked, and what the server calls its own.
    `conceal` hides secrets in a text, and `names` are those of its organizations."""
    parts = urlsplit(exchange.url)
    path = exchange.path.partition("?")[0]
    found = {parts.netloc: "{host}", parts.hostname or "": "{host}", path: "{path}"}
    found |= {exchange.method: "{method}"} if not exchange.ok else {}
    found[client.target.login.username or ""] = "{user}"
    found = {text: place for text, place in found.items() if text not in names}
    last = path.rpartition("/")[2] if path.count("/") > 2 else ""
    found |= {last: "{id}", f"?{parts.query}": "{query}", **_sent(exchange)}
    for name, place in (("userCode", "{code}"), ("verificationUrl", "{address}"), ("verificationUri", "{address}")):
        if exchange.ok and isinstance(exchange.member(name), str):
            found[exchange.member(name)] = place
    known = sorted(((text, place) for text, place in found.items() if len(text) >= SHORTEST), key=_by_length)
    codes = {text for text, place in known if place == "{code}"}
    return Places(tuple(known), lambda text: _concealed(text, conceal, codes), names, properties_of(client.version))


def _by_length(pair: tuple[str, str]) -> int:
    return -len(pair[0])


def _concealed(text: str, conceal: Callable[[str], str], codes: set[str]) -> str:
    """`text` without secrets, but for the code of this exchange as it is, which makes room for its place; and without
    half characters, which no file can hold."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    parts = re.split("|".join(f"({re.escape(code)})" for code in codes), text) if codes else [text]
    return "".join(part if part in codes else conceal(part) for part in parts if part)


def region_of(exchange: Exchange) -> str:
    """The region that a request named; empty without one."""
    return next((named for named, place in _sent(exchange).items() if place == "{region}"), "")


def _sent(exchange: Exchange) -> dict[str, str]:
    """What a body of JSON named, by its place."""
    try:
        value = json.loads(exchange.request_body or b"")
    except (ValueError, RecursionError):
        return {}
    named = value if isinstance(value, dict) else {}
    places = (("targetRegion", "{region}"), ("userCode", "{code}"))
    return {named[name]: place for name, place in places if isinstance(named.get(name), str)}


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
