"""Finds secrets in foreign text, however they are spelled there.

A text is read in several ways: as it is, without blanks, and with the escapes of JSON, of percent encoding (RFC 3986)
and of HTML undone, over one another. In each reading a secret is looked for as it is, as UTF-8 that was taken for
latin-1, as digits (hexadecimal, quoted-printable of RFC 2045, octal), and as the middle of base64 (RFC 4648).
"""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from veeam_mock.secrecy.escapes import BLANK, CHAINS, ESCAPING, NUMBERED, Escape

CASELESS = 8
"""Characters from which on a secret is found in other case too: a shorter one might be a word."""

LONGEST = 64 * 1024
"""Characters of a text in which a secret under escapes is given its place; a longer text is hidden whole."""

SHORTEST = 4
"""Characters from which on another form of a secret is looked for: a shorter one would be found everywhere."""

LEAST_READ = 2
"""Characters from which on a reading of a secret is looked for: one that looks like an escape is longer itself."""

END = "<"
"""What stands behind a secret in no escape: where a text ends, an escape may be cut off."""

BEGINNINGS = ("\\", "%")
"""What makes an escape of the first characters of a secret that it happens to stand before."""

LONGEST_ESCAPE = 12
CUT_ESCAPE = re.compile(
    r"(?:\\(?:x[0-9a-fA-F]?|u\{[0-9a-fA-F]{0,6}|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?"
    r"|%(?:[0-9a-fA-F]|u[0-9a-fA-F]{0,3})?|&(?:#[xX]?)?[0-9a-zA-Z]{0,8})\Z"
)
"""The beginning of an escape at the end of a text that some bound has cut."""


class Span(NamedTuple):
    """Where a secret stands in a text, and the label that is shown in its place."""

    start: int
    end: int
    label: str


class Placed(NamedTuple):
    """A text as it was read; each of its characters is spelled from `starts` to `ends` in the text that came."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Spellings:
    """Texts to be hidden, each with a label."""

    def __init__(self) -> None:
        self._exact = _Forms()
        self._caseless = _Forms()

    def add(self, secret: str, label: str) -> None:
        """Look for `secret` from now on; an empty one is nowhere."""
        if not secret:
            return
        forms, digits = _forms(secret), _digits(secret)
        for form in [*forms, *_encoded(secret)]:
            self._exact.add(form, label)
        for form in [*digits, *forms] if len(secret) >= CASELESS else digits:
            if _lower(form) not in self._caseless.labels:
                self._caseless.add(_lower(form), label)

    def spans(self, text: str) -> list[Span]:
        """Where secrets stand in `text`, in order, those that overlap as one."""
        if not self._exact.labels and not self._caseless.labels:
            return []
        found = set(self._occurrences(Placed(text, range(len(text)), range(1, len(text) + 1))))
        for read, escapes in readings(text):
            label = self._label_in(read) if escapes else None
            if label is not None:
                if len(text) > LONGEST:
                    return [Span(0, len(text), label)]
                found.update(self._occurrences(_placed(text, escapes)))
        return united(found)

    def _label_in(self, text: str) -> str | None:
        for forms, read in ((self._exact, text), (self._caseless, _lower(text))):
            cut = forms.perhaps_cut_off(read)
            for form, label in forms.labels.items():
                if form in read or (form in cut and _cut_off(form, read) != -1):
                    return label
        return None

    def _occurrences(self, placed: Placed) -> Iterator[Span]:
        for forms, read in ((self._exact, placed.text), (self._caseless, _lower(placed.text))):
            for form, label in forms.labels.items():
                at = read.find(form)
                while at != -1:
                    end = at + len(form)
                    shown = self._exact.labels.get(placed.text[at:end], label)
                    yield Span(placed.starts[at], placed.ends[end - 1], shown)
                    at = read.find(form, at + 1)
            for form in forms.perhaps_cut_off(read):
                at = _cut_off(form, read)
                if at != -1:
                    yield Span(placed.starts[at], placed.ends[-1], forms.labels[form])


class _Forms:
    """Forms of secrets with their labels, and by how they begin: most texts end with the beginning of none."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self._by_begin: dict[str, list[str]] = {}
        self._longest = 0

    def add(self, form: str, label: str) -> None:
        if form not in self.labels and len(form) > CASELESS:
            self._by_begin.setdefault(form[:CASELESS], []).append(form)
            self._longest = max(self._longest, len(form))
        self.labels[form] = label

    def perhaps_cut_off(self, text: str) -> set[str]:
        """The forms that begin where `text` might have been cut."""
        end = text[max(0, len(text) - self._longest - LONGEST_ESCAPE + 1) :]
        if len(end) > len(self._by_begin):
            begins = {begin for begin in self._by_begin if begin in end}
        else:
            begins = self._by_begin.keys() & {end[at : at + CASELESS] for at in range(len(end))}
        return {form for begin in begins for form in self._by_begin[begin]}


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
    may_escape = any(character in text for character in ESCAPING)
    for escape, most in CHAINS if may_escape else ((NUMBERED, 0),):
        read = text
        undone: tuple[Escape, ...] = ()
        for _ in range(most + 1):
            for alone, how in ((read, undone), (NUMBERED.read(read), (*undone, NUMBERED))):
                if alone not in seen:
                    seen.add(alone)
                    yield alone, how
                    without_blanks = BLANK.read(alone)
                    if without_blanks not in seen:
                        seen.add(without_blanks)
                        yield without_blanks, (*how, BLANK)
            before, read, undone = read, escape.read(read), (*undone, escape)
            if read == before:
                break


def _cut_off(form: str, text: str) -> int:
    """Where the beginning of a secret stands at the end of a text that some bound has cut; -1 where none does."""
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
    forms |= {read.removesuffix(END) for read, _ in readings(secret + END) if len(read) >= LEAST_READ + len(END)}
    forms |= {read for read, _ in readings(secret) if len(read) >= LEAST_READ}
    for before in BEGINNINGS:
        found = (read for read, _ in readings(before + secret))
        forms |= {read for read in found if len(read) >= CASELESS and not read.startswith(before)}
    return forms


def _bytes(secret: str) -> Iterator[bytes]:
    yield secret.encode("utf-8", "surrogatepass")
    if not secret.isascii() and all(character < "\u0100" for character in secret):
        yield secret.encode("latin-1")


def _digits(secret: str) -> set[str]:
    """Every byte by its digits; blanks between them are no matter."""
    found = set()
    for data in _bytes(secret):
        if len(data) >= SHORTEST:
            found |= {data.hex(), data.hex(":"), data.hex("-"), "=" + data.hex("=")}
            found.add("".join(f"\\{byte:03o}" for byte in data))
    return found


def _encoded(secret: str) -> set[str]:
    """The characters of base64 that belong to the secret alone, wherever in the encoded data it begins.

    PowerShell encodes UTF-16.
    """
    found = set()
    for data in (*_bytes(secret), secret.encode("utf-16-le", "surrogatepass")):
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
