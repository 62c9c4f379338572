"""The form of an answer: what stays when the values of one exchange are taken out of it."""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange
from veeam_contracts.asking.gate import NoAnswer

OF_THE_MOMENT = frozenset(
    {"date", "content-length", "content-encoding", "set-cookie", "age", "expires", "last-modified", "etag"}
)
"""Header fields that say nothing of the server's habits, or whose length is said by the framing. Whether an answer is
compressed depends on who asks; and a mock that said so of a plain body would not be understood."""

SECRET = "(secret)"
LONGEST_BODY = 4096
"""Characters of a refusal's body that are learned."""

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
TOKEN = re.compile(r"[A-Za-z0-9_.~+/-]{24,}=*")
LITERAL = frozenset({"token_type", "region", "type", "targetRegion", "verificationUrl", "verificationUri", "errorCode"})
"""Members whose text is a habit of the server, not a value of this exchange."""


def _without_escapes(text: str) -> str:
    """`text` with the escapes of JSON read, however many backslashes they have."""
    return re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


DECODINGS: tuple[Callable[[str], str], ...] = (str, _without_escapes, unquote, html.unescape)
"""The ways in which a server may have spelled a secret, a host or a name."""


@dataclass(frozen=True, slots=True)
class Form:
    """`headers` are by lower-case name, and `framing` says how the body's end is known. `body` is, for JSON that was
    meant, the shape of its value; for other bodies their text, with places for what belongs to this exchange.
    `members` are those of a refusal that is a JSON object, each with its text."""

    status: int
    framing: str
    headers: Mapping[str, str]
    body: Any
    members: tuple[tuple[str, str], ...] = ()

    def aspects(self) -> Iterator[tuple[str, str]]:
        """All that can differ, each by a name: of a refusal the names of members apart from their texts."""
        yield "status", str(self.status)
        yield "framing", self.framing
        for name, value in sorted(self.headers.items()):
            yield f"header {name}", value
        if not self.members:
            yield from _flattened("body", self.body)
            return
        yield "members of a refusal", ", ".join(name for name, _ in self.members)
        for number, (_, text) in enumerate(self.members):
            yield f"text {number + 1} of {len(self.members)}", text


def form_of(exchange: Exchange, client: Client) -> Form:
    """The form of an answer. It holds no secret, no host, and no name of a tenant."""
    places, mask = _places(exchange, client), client.secrets.alike(SECRET).conceal
    headers = {
        mask(name): _with_places(value, places, mask)
        for name, value in exchange.headers.items()
        if name not in OF_THE_MOMENT
    }
    framing = "content-length" if "content-length" in exchange.headers else headers.pop("transfer-encoding", "none")
    if exchange.ok and exchange.value is not NOT_JSON:
        body = _concealed(_shape(exchange.value, places), mask)
    else:
        # A mask writes out a carriage return, as a terminal obeys it; here it would be no JSON any more.
        text = exchange.text.replace("\r\n", "\n")
        body = _with_places(mask(text)[:LONGEST_BODY], places, mask)
    members = exchange.value if exchange.refused and isinstance(exchange.value, dict) else {}
    texts = tuple((mask(name), _with_places(str(text), places, mask)) for name, text in members.items())
    return Form(exchange.status or 0, framing, headers, body, texts)


def _concealed(shape: Any, mask: Callable[[str], str]) -> Any:
    """A shape without secrets in its texts and names, wherever a server put them."""
    if isinstance(shape, dict):
        return {mask(key): _concealed(below, mask) for key, below in shape.items()}
    if isinstance(shape, list):
        return [_concealed(below, mask) for below in shape]
    return mask(shape)


def _places(exchange: Exchange, client: Client) -> list[tuple[str, str]]:
    """What stands in this exchange for itself alone -> the place that is put there; the longest first."""
    parts = urlsplit(exchange.url)
    path = exchange.path.partition("?")[0]
    found = {parts.netloc: "{host}", parts.hostname or "": "{host}", path: "{path}"}
    found[client.target.login.username or ""] = "{user}"
    for item in _organizations(client):
        found |= {str(item.get(name)): "{organization}" for name in ("id", "name", "officeName") if item.get(name)}
    last = path.rpartition("/")[2]
    if path.count("/") > 2:
        found[last] = "{id}"
    return sorted(((text, place) for text, place in found.items() if len(text) > 2), key=lambda pair: -len(pair[0]))


def _organizations(client: Client) -> list[Any]:
    """The organizations; none where a server does not list them."""
    try:
        return client.organizations()
    except NoAnswer:
        return []


def _with_places(text: str, places: list[tuple[str, str]], mask: Callable[[str], str]) -> str:
    """`text` as a template: braces of its own are doubled. It is read as written, or, where that brings to light what
    must not be shown, as decoded."""
    known_texts = [known.lower() for known, _ in places]
    for decode in DECODINGS:
        plain = decode(text)
        if mask(plain) != plain or any(known in plain.lower() for known in known_texts):
            text = mask(plain)
            break
    pattern = "|".join(re.escape(known) for known, _ in places) or "(?!)"
    stand_in = {known.lower(): place for known, place in places}
    parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    return "".join(stand_in.get(part.lower()) or _generic(part) for part in parts)


def _generic(text: str) -> str:
    text = text.replace("{", "{{").replace("}", "}}")
    text = HTTP_DATE.sub("{http-date}", text)
    text = DATE_TIME.sub("{time}", text)
    text = UUID.sub("{uuid}", text)
    return TOKEN.sub("{token}", text)


def _shape(value: Any, places: list[tuple[str, str]], name: str = "") -> Any:
    """The shape of a JSON value: members in their order, kinds of values, the form of dates and codes."""
    if isinstance(value, dict):
        return {key: _shape(below, places, key) for key, below in value.items()}
    if isinstance(value, list):
        return [_shape(value[0], places, name)] if value else []
    if isinstance(value, str):
        return value if name in LITERAL and not DATE_TIME.search(value) else _text_shape(value, places)
    if isinstance(value, bool) or value is None:
        return f"({json.dumps(value)})" if value is None else "(boolean)"
    return "(number)" if isinstance(value, float) else "(integer)"


def _text_shape(value: str, places: list[tuple[str, str]]) -> str:
    if HTTP_DATE.fullmatch(value):
        return "(http-date)"
    if DATE_TIME.fullmatch(value):
        return "(" + re.sub(r"\d", "0", value) + ")"
    if UUID.fullmatch(value):
        return "(uuid)"
    if re.fullmatch(r"[A-Z0-9-]{6,12}", value):
        return f"(code of {len(value)})"
    known = next((place for text, place in places if text.lower() == value.lower()), None)
    return known or ("(address)" if re.match(r"https?://", value) else "(path)" if value.startswith("/") else "(text)")


def _flattened(where: str, body: Any) -> Iterator[tuple[str, str]]:
    if isinstance(body, dict):
        yield f"{where} members", ", ".join(body)
        for key, below in body.items():
            yield from _flattened(f"{where}.{key}", below)
    elif isinstance(body, list):
        for below in body:
            yield from _flattened(f"{where}[]", below)
    else:
        yield where, str(body)
