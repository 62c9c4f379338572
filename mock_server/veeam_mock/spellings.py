"""Finds secrets in foreign text, however they are spelled there.

A text is read in several ways: as it is, without blanks, and with the escapes of JSON, of percent encoding (RFC 3986)
and of HTML undone, over one another. In each reading a secret is looked for as it is, as UTF-8 that was taken for
latin-1, as hexadecimal digits, and as the middle of base64 (RFC 4648).
"""

import html
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

CASELESS = 8
"""Characters from which on a secret is found in other case too: a shorter one might be a word."""

DEEPEST = 4
"""Encodings over one another that are undone."""

LONGEST = 64 * 1024
"""Characters of a text in which a secret under escapes is given its place; a longer text is hidden whole."""

SHORTEST = 4
"""Characters from which on another form of a secret is looked for: a shorter one would be found everywhere."""


BEGINNINGS = ("\\", "%")
"""What makes an escape of the first characters of a secret that it happens to stand before."""

LONGEST_ESCAPE = 12
CUT_ESCAPE = re.compile(
    r"(?:\\(?:x[0-9a-fA-F]?|u\{[0-9a-fA-F]{0,6}|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?"
    r"|%[0-9a-fA-F]?|&(?:#[xX]?)?[0-9a-zA-Z]{0,8})\Z"
)
"""The beginning of an escape at the end of a text that some bound has cut."""


class Span(NamedTuple):
    """Where a secret stands in a text, and the label that is shown in its place."""

    start: int
    end: int
    label: str


class Escape(NamedTuple):
    """One way of spelling: what an escape looks like, and what it stands for."""

    pattern: re.Pattern[str]
    undo: "Callable[[str], Undone]"

    def read(self, text: str) -> str:
        """`text` with the escapes undone, each kind of them once: a body may have a hundred thousand."""
        known: dict[str, str] = {}

        def undone(found: re.Match[str]) -> str:
            run = found.group()
            if run not in known:
                known[run] = self.undo(run)[0]
            return known[run]

        return self.pattern.sub(undone, text)


Undone = tuple[str, Sequence[int]]
"""What an escape stands for, and the offsets in it at which each character begins, and the last ends."""


class Placed(NamedTuple):
    """A text as it was read; each of its characters is spelled from `starts` to `ends` in the text that came."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Spellings:
    """Texts to be hidden, each with a label."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._caseless: dict[str, str] = {}
        self._longest = 0

    def add(self, secret: str, label: str) -> None:
        """Look for `secret` from now on; an empty one is nowhere."""
        if not secret:
            return
        forms, digits = _forms(secret), _digits(secret)
        self._exact |= dict.fromkeys([*forms, *digits, *_encoded(secret)], label)
        for form in [*digits, *forms] if len(secret) >= CASELESS else digits:
            self._caseless.setdefault(_lower(form), label)
        self._longest = max(map(len, self._exact))

    def spans(self, text: str) -> list[Span]:
        """Where secrets stand in `text`, in order, those that overlap as one."""
        if not self._exact and not self._caseless:
            return []
        found = set(self._occurrences(Placed(text, range(len(text)), range(1, len(text) + 1))))
        for read, escapes in readings(text):
            label = self._label_in(read)
            if escapes and label is not None:
                if len(text) > LONGEST:
                    return [Span(0, len(text), label)]
                found.update(self._occurrences(_placed(text, escapes)))
        return united(found)

    def _label_in(self, text: str) -> str | None:
        for forms, read in ((self._exact, text), (self._caseless, _lower(text))):
            tail = self._tail(read)
            for form, label in forms.items():
                if form in read or (form[:CASELESS] in tail and _cut_off(form, read) != -1):
                    return label
        return None

    def _occurrences(self, placed: Placed) -> Iterator[Span]:
        for forms, read in ((self._exact, placed.text), (self._caseless, _lower(placed.text))):
            tail = self._tail(read)
            for form, label in forms.items():
                at = read.find(form)
                while at != -1:
                    end = at + len(form)
                    shown = self._exact.get(placed.text[at:end], label)
                    yield Span(placed.starts[at], placed.ends[end - 1], shown)
                    at = read.find(form, at + 1)
                at = _cut_off(form, read) if form[:CASELESS] in tail else -1
                if at != -1:
                    yield Span(placed.starts[at], placed.ends[-1], label)

    def _tail(self, text: str) -> str:
        """The end of a text, in which a secret begins that some bound has cut."""
        return text[-(self._longest + LONGEST_ESCAPE) :]


def united(spans: Iterable[Span]) -> list[Span]:
    """The spans in order; those that overlap are one, which has the label of the longest."""
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged.pop()
            label = span.label if span.end - span.start > longest else last.label
            longest = max(longest, span.end - span.start)
            merged.append(Span(last.start, max(last.end, span.end), label))
        else:
            longest = span.end - span.start
            merged.append(span)
    return merged


def replaced(text: str, spans: Sequence[Span]) -> str:
    """`text` with the labels in place of the spans, which are in order and apart."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], span.label]
        at = span.end
    return "".join([*parts, text[at:]])


def readings(text: str) -> Iterator[tuple[str, tuple[Escape, ...]]]:
    """The ways to read `text`, each once, and which escapes were undone for it, in order."""
    seen: set[str] = set()
    for escape, most in CHAINS:
        read = text
        undone: tuple[Escape, ...] = ()
        for _ in range(most + 1):
            for last, after in ((read, undone), (BLANK.read(read), (*undone, BLANK))):
                if last not in seen:
                    seen.add(last)
                    yield last, after
            before, read, undone = read, escape.read(read), (*undone, escape)
            if read == before:
                break


def _cut_off(form: str, text: str) -> int:
    """Where the beginning of a secret stands at the end of a text that some bound has cut; -1 where none does."""
    if len(form) <= CASELESS:
        return -1
    begin = form[:CASELESS]
    at = text.find(begin, max(0, len(text) - len(form) - LONGEST_ESCAPE + 1))
    while at != -1:
        end = CUT_ESCAPE.sub("", text[at:])
        if form.startswith(text[at:]) or (len(end) < len(form) and form.startswith(end)):
            return at
        at = text.find(begin, at + 1)
    return -1


def _lower(text: str) -> str:
    """`text` in lower case, each character in its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _forms(secret: str) -> set[str]:
    """What a reading may show of a secret. It is read as texts are: a part of it may look like an escape itself."""
    forms = {secret, secret.replace(" ", "+"), secret.encode("utf-8", "surrogatepass").decode("latin-1")}
    forms |= {read for read, _ in readings(secret) if len(read) >= SHORTEST}
    for before in BEGINNINGS:
        found = (read for read, _ in readings(before + secret))
        forms |= {read for read in found if len(read) >= CASELESS and not read.startswith(before)}
    return forms


def _bytes(secret: str) -> Iterator[bytes]:
    yield secret.encode("utf-8", "surrogatepass")
    if not secret.isascii() and all(character < "\u0100" for character in secret):
        yield secret.encode("latin-1")


def _digits(secret: str) -> set[str]:
    return {data.hex() for data in _bytes(secret) if len(data) >= SHORTEST}


def _encoded(secret: str) -> set[str]:
    """The characters of base64 that belong to the secret alone, wherever in the encoded data it begins."""
    found = set()
    for data in _bytes(secret):
        for before, first in ((0, 0), (1, 2), (2, 3)):
            whole = (before + len(data)) * 8 // 6
            for encode in (b64encode, urlsafe_b64encode):
                form = encode(bytes(before) + data)[first:whole].decode("ascii")
                found |= {form, form.replace("+", "")}
    return {form for form in found if len(form) >= SHORTEST}


def _placed(text: str, escapes: Sequence[Escape]) -> Placed:
    """`text` as it is read when the escapes are undone one after the other."""
    placed = Placed(text, range(len(text)), range(1, len(text) + 1))
    for escape in escapes:
        placed = _undone(placed, escape)
    return placed


def _undone(placed: Placed, escape: Escape) -> Placed:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for found in escape.pattern.finditer(placed.text):
        begin, end = found.span()
        text, offsets = escape.undo(found.group())
        parts += [placed.text[at:begin], text]
        starts += placed.starts[at:begin]
        ends += placed.ends[at:begin]
        starts += [placed.starts[begin + offset] for offset in offsets[:-1]]
        ends += [placed.ends[begin + offset - 1] for offset in offsets[1:]]
        at = end
    return Placed("".join([*parts, placed.text[at:]]), [*starts, *placed.starts[at:]], [*ends, *placed.ends[at:]])


_BACKSLASH = (
    r"(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+|\\U[0-9a-fA-F]{8}|\\u\{[0-9a-fA-F]{1,6}\}"
    r"|(?:\\\\)+|\\[nrtbf\"'/]|'\\''"
)
_PERCENT = r"(?:%[0-9a-fA-F]{2})+"
_NUMERIC = r"&#(?>[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})"
_ENTITY = rf"{_NUMERIC}(?:;|(?!\Z))|&[a-zA-Z]{{2,8}};"
"""A reference that ends with the text may be cut; in its midst HTML reads one without a semicolon too."""
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescaped(run: str) -> Undone:
    """Escapes of JSON, JavaScript and Python, and of a quote in a shell."""
    kind = run[1]
    if run == "'\\''":
        return _whole("'", run)
    if kind == "\\" and run[0] == "\\":
        return run[::2], range(0, len(run) + 1, 2)
    if kind == "x":
        return _of_bytes(bytes.fromhex(run.replace("\\x", "")), 4)
    if kind == "u" and "{" not in run:
        return _of_units(bytes.fromhex(run.replace("\\u", "")))
    if kind in "uU":
        number = int(run.strip("\\uU{}"), 16)
        return _whole(chr(number) if number <= 0x10FFFF else run, run)
    return _whole(CONTROLS.get(kind, kind), run)


def _whole(text: str, run: str) -> Undone:
    """One character in the place of `run`, which stays as it is where it stands for none."""
    return (text, (0, len(run))) if len(text) == 1 else (run, range(len(run) + 1))


def _of_bytes(data: bytes, width: int) -> Undone:
    """Bytes of UTF-8, each spelled by `width` characters; what is no UTF-8 is latin-1."""
    text = data.decode("utf-8", "surrogateescape")
    if len(text) == len(data):
        offsets: Sequence[int] = range(0, len(data) * width + 1, width)
    else:
        sizes = [len(character.encode("utf-8", "surrogateescape")) for character in text]
        offsets = _sums(sizes, width)
    return re.sub("[\udc80-\udcff]", lambda found: chr(ord(found.group()) - 0xDC00), text), offsets


def _of_units(data: bytes) -> Undone:
    """Units of UTF-16, each spelled by six characters."""
    text = data.decode("utf-16-be", "surrogatepass")
    return text, _sums([1 + (character > "\uffff") for character in text], 6)


def _sums(sizes: Sequence[int], width: int) -> list[int]:
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size * width)
    return offsets


def _of_entity(entity: str) -> Undone:
    """A numeric character reference stands for any character here: HTML would take another for a control character."""
    digits = entity[2:].removesuffix(";")
    if entity[1] != "#":
        return _whole(html.unescape(entity), entity)
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return _whole(chr(number) if number <= 0x10FFFF else entity, entity)


def _of_any(run: str) -> Undone:
    """Whichever of the escapes it is."""
    match run[0]:
        case "%":
            return _of_bytes(bytes.fromhex(run.replace("%", "")), 3)
        case "&":
            return _of_entity(run)
    return _unescaped(run)


BLANK = Escape(
    re.compile(r"[\s+\x00-\x1f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u00ad]+"), lambda blanks: ("", (0,))
)
"""Blanks, one that a form wrote as a plus, and characters that nobody sees."""

CHAINS = (
    (Escape(re.compile(f"{_BACKSLASH}|{_PERCENT}|{_ENTITY}"), _of_any), DEEPEST),
    (Escape(re.compile(_BACKSLASH), _of_any), 2),
    (Escape(re.compile(_PERCENT), _of_any), 2),
    (Escape(re.compile(_ENTITY), _of_any), 2),
)
"""What is undone, and how often over: each where it stands, or one kind alone, as a secret may look like an escape."""
