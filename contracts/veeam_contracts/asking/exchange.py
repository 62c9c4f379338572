"""One request and its answer, as data, and as a line that a person can paste into a shell."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.wire import LATE, Cause, Silence
from veeam_contracts.paths import GIVE_CODES, is_at
from veeam_mock.secrecy.showing import CI_COMMAND

LONGEST_TOKEN = 32 * 1024
"""Characters; a server reads no head of more."""

EXCERPT = 400
"""Characters of a body that a report repeats."""

LARGE = 16 * 1024
"""Bytes of a body from which on what is worked out of it is kept for the last such body alone: a run keeps hundreds."""

LOOKED_AT = 256 * 1024
"""Characters of a body, and of the texts in it, that are searched for what no answer may show."""

MOST_VALUES = 1_000_000
"""Values of a JSON body; one with more is not read, as Python takes some hundred bytes for each."""

Keep = Callable[[bytes], str | None]
"""Keeps a body, and says in which file; None where it cannot."""


class NotJson:
    """What stands for the value of a body that is not JSON."""

    def __repr__(self) -> str:
        return "not JSON"


NOT_JSON = NotJson()


@dataclass(frozen=True)
class Exchange:
    """`status` is None when no answer came; then `error` says why. `elapsed` is in seconds, of the whole answer.

    `headers` of the answer are by lower-case name; `path` is that of the API, below the address of the target.
    """

    method: str
    url: str
    path: str
    request_headers: Mapping[str, str]
    request_body: bytes | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    elapsed: float = 0.0
    error: Silence | None = None
    generated: bool = False
    began: float = 0.0
    """When it was sent, in seconds by the clock of the run."""
    http: int = 11
    """The version of HTTP that the answer named: 10 or 11."""
    kept_idle: bool = False
    """Whether it failed on a connection that was opened earlier, which a server may have closed for idleness."""

    @property
    def value(self) -> Any:
        """The JSON value of the body; `NOT_JSON` when it is none, or has more than `MOST_VALUES`.

        It is not to be changed, as exchanges with one body share it.
        """
        return _value_of_large(self.body) if len(self.body) > LARGE else self._value

    @cached_property
    def _value(self) -> Any:
        return _value_of(self.body)

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace")

    @property
    def shown(self) -> str:
        """What somebody reads in an answer: the body, the texts in its JSON without their escapes, the header fields.

        Of the body and of the texts it is `LOOKED_AT` characters at the most, as of what is `plain`.
        """
        return f"{self.text[:LOOKED_AT]}\n{self.plain}"

    @property
    def plain(self) -> str:
        """The same where it means what it says: no text of JSON with its escapes, which look like something else."""
        return _plain_of(self) if len(self.body) > LARGE else self._plain

    @cached_property
    def _plain(self) -> str:
        return _plain_of(self)

    @property
    def charset(self) -> str:
        """The charset that the answer names, in lower case; empty without one."""
        given = self.headers.get("content-type", "").lower().partition("charset=")[2]
        return given.partition(";")[0].strip('" ')

    @property
    def media_type(self) -> str:
        """The media type of the answer without parameters, in lower case; empty without one."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def ok(self) -> bool:
        """Whether the answer is a success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_good(self) -> bool:
        """Whether the answer is a success with an object or a list: a page that asks for a login is none."""
        return self.ok and isinstance(self.value, dict | list)

    @property
    def dropped(self) -> bool:
        """Whether the connection ended before a whole answer came."""
        return self.error is not None and self.error.cause is Cause.DROPPED

    @property
    def late(self) -> bool:
        """Whether no whole answer came within the time limit."""
        return self.error is not None and self.error.cause in LATE

    @property
    def refused(self) -> bool:
        """Whether the answer is a refusal of the request (4xx)."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def throttled(self) -> bool:
        """Whether the server asks to wait (RFC 6585 section 4, RFC 9110 section 15.6.4)."""
        return self.status == 429 or (self.status == 503 and "retry-after" in self.headers)

    @property
    def is_token(self) -> bool:
        """Whether it went to the token path."""
        return is_at(self.path, "getToken")

    @property
    def gives_code(self) -> bool:
        """Whether one of the operations that give device codes answered with success."""
        return self.status == 200 and self.method == "POST" and is_at(self.path, *GIVE_CODES)

    def form_fields(self) -> list[tuple[str, str]]:
        """The fields of a form in the request."""
        if "form" not in self.request_headers.get("Content-Type", ""):
            return []
        return parse_qsl((self.request_body or b"").decode("utf-8", "replace"))

    def member(self, name: str) -> Any:
        """A member of the JSON object in the body; None when there is none."""
        return self.value.get(name) if isinstance(self.value, dict) else None

    def curl(self, secrets: Secrets, options: Sequence[str] = (), keep: Keep = lambda body: None) -> str:
        """The request as a curl line with more `options`, its secrets replaced by variables or labels.

        What does not fit into a line is read from the file that `keep` gives, or cut where it gives none.
        """
        parts = ["curl", "-sS", "-X", self.method]
        for name, value in self.request_headers.items():
            if name.lower() in ("authorization", "content-type"):
                parts += ["-H", _shell_word(f"{name}: {value}", secrets)]
        if self.request_body:
            parts += self._data(self.request_body, secrets, keep)
        if set(self.url) & set("[]{}"):
            parts.append("--globoff")
        parts += [option if option.startswith("--") else _quote(VARIABLE.split(option)) for option in options]
        return " ".join([*parts, _shell_word(self.url, secrets)])

    def _data(self, body: bytes, secrets: Secrets, keep: Keep) -> list[str]:
        text = body.decode("utf-8", "surrogateescape")
        if (len(text) > EXCERPT or "\0" in text) and not secrets.spans(text) and (file := keep(body)) is not None:
            return ["--data-binary", _shell_word(f"@{file}", secrets)]
        # Of what begins with @, `--data-binary` would read a file.
        return ["--data-raw" if body.startswith(b"@") else "--data-binary", _shell_word(text, secrets, EXCERPT)]

    def seen(self, secrets: Secrets) -> str:
        """The answer in a few words."""
        if self.status is None:
            return secrets.mask(f"no answer: {self.error}")
        body = secrets.excerpt(self.text, EXCERPT)
        if body.endswith("…"):
            body += f" ({len(self.body)} bytes)"
        media_type = secrets.mask(self.headers.get("content-type", "without Content-Type"))
        return f"{self.status} {media_type} {body}".rstrip()


def _texts_in(value: Any) -> Iterator[str]:
    """The texts in a JSON value, however deep."""
    rest = [value]
    while rest:
        last = rest.pop()
        if isinstance(last, str):
            yield last
        elif isinstance(last, (dict, list)):
            rest += last.values() if isinstance(last, dict) else last


def _value_of(body: bytes) -> Any:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        return NOT_JSON
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return NOT_JSON


_value_of_large = lru_cache(1)(_value_of)


def _plain_of(exchange: Exchange) -> str:
    fields = [(value, _decoded(value)) if "=?" in value else (value,) for value in exchange.headers.values()]
    texts = [exchange.text] if exchange.value is NOT_JSON else _texts_in(exchange.value)
    return "\n".join([*chain.from_iterable(fields), *_cut(texts)])


def _cut(texts: Iterable[str]) -> Iterator[str]:
    """The texts up to `LOOKED_AT` characters in all."""
    left = LOOKED_AT
    for text in texts:
        yield text[:left]
        left -= len(text)
        if left <= 0:
            return


def _decoded(field: str) -> str:
    """A header field without the encoding of RFC 2047, in which ASP.NET writes the paths of its source files."""
    try:
        return str(make_header(decode_header(field)))
    except (ValueError, LookupError, HeaderParseError):
        return ""


def _refuse_constant(name: str) -> Any:
    """NaN and Infinity, which Python reads, are no JSON (RFC 8259 section 6)."""
    raise ValueError(f"{name} is no number of JSON")


VARIABLE = re.compile(r"(\$VEEAM_(?:TOKEN|PASSWORD|PROXY))")
"""What a shell is to fill in: nothing else of what it is given may mean anything to it."""

PLAIN = re.compile(r"[\w :=./&+,@-]*")
"""What means nothing to a shell between double quotes, and can be read best there."""


def _shell_word(text: str, secrets: Secrets, most: int | None = None) -> str:
    """`text` for a shell, with labels for its secrets, which are looked for before it is cut to `most` characters."""
    parts, at, left = [], 0, len(text) if most is None else most
    for span in secrets.spans(text):
        parts += [text[at : span.start][:left], span.label]
        left -= span.start - at
        at = span.end
        if left <= 0:
            break
    rest = text[at:]
    parts.append(rest if len(rest) <= left else f"{rest[: max(left, 0)]}…")
    return _quote(parts)


def _quote(parts: Sequence[str]) -> str:
    """One word for a shell such as bash, byte for byte, that runs nothing, whoever wrote it.

    Every second part is a label, and only such a one may be a variable.
    """
    is_variable = [at % 2 == 1 and VARIABLE.fullmatch(part) is not None for at, part in enumerate(parts)]
    pairs = list(zip(parts, is_variable, strict=True))
    after = [*parts[1:], ""]
    if any(is_variable) and all(
        not re.match(r"\w", after[at]) if variable else PLAIN.fullmatch(part)
        for at, (part, variable) in enumerate(pairs)
    ):
        return f'"{"".join(parts)}"'
    return "".join(f'"{part}"' if variable else _literal(part) for part, variable in pairs if part) or "''"


def _literal(text: str) -> str:
    """`text` in single quotes, or as `$'…'` where a terminal or the log of a CI system would obey it or not show it."""
    if text.isprintable() and not CI_COMMAND.search(text):
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character == "#":
        return "\\x23"
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def is_sendable(token: Any) -> bool:
    """Whether a header can hold this token: characters that can be seen (RFC 6750 section 2.1 allows fewer)."""
    return isinstance(token, str) and len(token) <= LONGEST_TOKEN and re.fullmatch(r"[!-~]+", token) is not None


def listed_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list of organizations, whether it is an array or, as from v8 on, a page."""
    items = value.get("results") if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def is_id(value: Any) -> bool:
    """Whether a value can stand for a thing in a path."""
    return isinstance(value, str) and value.isprintable() and value != ""


def preference(item: Mapping[str, Any]) -> tuple[bool, str, str]:
    """Sorts organizations such that a list in another order leads to one of the same kind."""
    region = str(item.get("region")).lower()
    return region != "worldwide", region, str(item.get("type")).lower()
