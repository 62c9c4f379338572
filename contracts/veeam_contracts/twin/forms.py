"""The form of an answer: what stays when the values of one exchange are taken out of it."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange, is_sendable, listed_in
from veeam_contracts.twin.samples import words_beside_codes
from veeam_contracts.twin.shapes import flattened, names_in, shape_of
from veeam_contracts.twin.templates import SECRET, Names, Places, places_in

OF_THE_MOMENT = frozenset({"date", "content-length", "set-cookie", "age", "expires", "last-modified", "etag"})
"""Header fields that say nothing of the server's habits, or whose length is said by the framing."""

OF_THE_WIRE = frozenset({"transfer-encoding", "connection", "content-encoding"})
"""Header fields of which the framing, the connection and the compression tell."""

K = TypeVar("K")

ORDER = "order of a list"
"""The aspect of what is listed."""

GIVEN = ("userCode", "access_token")
"""Members with what may be given to good requests alone."""

KEPT = "kept"
NOT_COMPRESSED = "none"


@dataclass(frozen=True, slots=True)
class Form:
    """`headers` are by lower-case name, and `framing` says how the body's end is known. `body` is, for JSON that was
    meant, the shape of its value; for other bodies their text, with places for what belongs to this exchange.
    `members` are those of a refusal that is a JSON object, each with its text. `connection` is what became of it, and
    how that was said: `kept`, `keep-alive`, `close`, or `http/1.0`, which ends it without a word. `listed` is what the
    items of a list are, in its order; `text` is the body as a template where `body` is a shape and the caller asked for
    it, else empty; `gives` says whether a code or a token is given."""

    status: int
    framing: str
    headers: Mapping[str, str]
    body: Any
    members: tuple[tuple[str, str], ...] = ()
    connection: str = KEPT
    compression: str = NOT_COMPRESSED
    listed: tuple[str, ...] = ()
    text: str = field(default="", compare=False)
    gives: bool = field(default=False, compare=False)

    def aspects(self) -> Iterator[tuple[str, str]]:
        """All that can differ, each by a name: of a refusal the names of members apart from their texts."""
        yield "status", str(self.status)
        yield "framing", self.framing
        yield "connection", self.connection
        yield "compression", self.compression
        for name, value in sorted(self.headers.items()):
            yield f"header {name}", value
        if self.listed:
            yield ORDER, "; ".join(self.listed)
        if not self.members:
            yield from flattened("body", self.body)
            return
        yield "members of a refusal", ", ".join(name for name, _ in self.members)
        for number, (_, text) in enumerate(self.members):
            yield f"text {number + 1} of {len(self.members)}", text


def forms_in(exchanges: Mapping[K, Exchange], client: Client, names: Names, texts: Collection[K] = ()) -> dict[K, Form]:
    """The forms of answers. They hold no secret, no host, and no name of a tenant, of which `names` are those known.
    Those of `texts` have the text of their body beside its shape.

    All that is secret is known when the last of them has come; and what is looked for costs, so that it is once.
    """
    words = words_beside_codes(client.journal)
    conceal = cache(client.secrets.alike(SECRET, words).conceal)
    places = {key: places_in(exchange, client, conceal, names) for key, exchange in exchanges.items()}
    return {key: _form_of(exchange, places[key], with_text=key in texts) for key, exchange in exchanges.items()}


def _form_of(exchange: Exchange, places: Places, *, with_text: bool = False) -> Form:
    mask, template = places.mask, places.template
    left_out = OF_THE_MOMENT | OF_THE_WIRE
    headers = {mask(name): template(value) for name, value in exchange.headers.items() if name not in left_out}
    if exchange.headers.get("retry-after", "").strip().isdecimal():
        headers["retry-after"] = "{seconds}"
    if _asks_to_close(exchange):
        headers.pop("keep-alive", None)
    if "keep-alive" in headers:  # Some servers count the requests down that a connection may still bring.
        headers["keep-alive"] = re.sub(r"max=\d+", "max=100", headers["keep-alive"])
    has_shape = exchange.ok and exchange.value is not NOT_JSON
    # A mask writes out a carriage return, as a terminal obeys it; here it would be no JSON any more.
    text = template(exchange.text.replace("\r\n", "\n")) if with_text or not has_shape else ""
    body = shape_of(exchange.value, places) if has_shape else text
    members = exchange.value if exchange.refused and isinstance(exchange.value, dict) else {}
    texts = tuple((places.member(name), template(str(text))) for name, text in members.items())
    compression = template(exchange.headers.get("content-encoding", NOT_COMPRESSED)).lower()
    listed = names_in(listed_in(exchange.value), places) if exchange.ok else ()
    status, framing, connection = exchange.status or 0, _framing(exchange), _connection(exchange)
    gives = exchange.ok and any(is_sendable(exchange.member(name)) for name in GIVEN)
    text = text if has_shape else ""
    return Form(status, framing, headers, body, texts, connection, compression, listed, text, gives)


def _framing(exchange: Exchange) -> str:
    """How the end of the body is known; `none` where the connection ends with it, or there is no body."""
    if "content-length" in exchange.headers:
        return "content-length"
    return "chunked" if "chunked" in exchange.headers.get("transfer-encoding", "").lower() else "none"


def _asks_to_close(exchange: Exchange) -> bool:
    return str(exchange.request_headers.get("Connection", "")).lower() == "close"


def _connection(exchange: Exchange) -> str:
    if _asks_to_close(exchange):
        return "as asked"
    said = exchange.headers.get("connection", "").lower()
    if "close" in said:
        return "close"
    if "keep-alive" in said:
        return "keep-alive"
    return KEPT if exchange.http > 10 else "http/1.0"
