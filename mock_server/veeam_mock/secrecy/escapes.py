"""How a text may spell a character by an escape, and what each escape stands for: JSON, percent encoding, HTML."""

import html
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

DEEPEST = 4
"""Encodings over one another that are undone."""

Undone = tuple[str, Sequence[int]]
"""What an escape stands for, and the offsets in it at which each character begins, and the last ends."""


class Escape(NamedTuple):
    """One way of spelling: what an escape looks like, and what it stands for."""

    pattern: re.Pattern[str]
    undo: Callable[[str], Undone]

    def read(self, text: str) -> str:
        """`text` with the escapes undone, each kind of them once: a body may have a hundred thousand."""
        known: dict[str, str] = {}

        def undone(found: re.Match[str]) -> str:
            run = found.group()
            if run not in known:
                known[run] = self.undo(run)[0]
            return known[run]

        return self.pattern.sub(undone, text)


_NUMBERED = r"(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+|\\U[0-9a-fA-F]{8}|\\u\{[0-9a-fA-F]{1,6}\}"
_BACKSLASH = rf"{_NUMBERED}" r"|(?:\\\\)+|\\[nrtbf\"'/]|'\\''"
_PERCENT = r"(?:%[0-9a-fA-F]{2})+|(?:%u[0-9a-fA-F]{4})+"
"""That of JavaScript's `escape`, with four digits, too."""

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
        case "%" if run[1] == "u":
            return _of_units(bytes.fromhex(run.replace("%u", "")))
        case "%":
            return _of_bytes(bytes.fromhex(run.replace("%", "")), 3)
        case "&":
            return _of_entity(run)
    return _unescaped(run)


ESCAPING = "\\%&"
"""Characters one of which every escape has; a text without them is read as it is."""

NUMBERED = Escape(re.compile(_NUMBERED), _of_any)
"""Escapes that name a number: the backslash before one may be of a secret, and not escape it."""

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
