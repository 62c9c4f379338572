"""What no report may show: passwords, tokens, device codes. Each gets a label that keeps apart what differs."""

import re
import threading
from collections.abc import Container
from urllib.parse import unquote_plus

from veeam_mock.secrecy.showing import printable
from veeam_mock.secrecy.spellings import Span, Spellings, replaced, united

SHORTEST = 4
"""Characters from which on a value is hidden everywhere; a shorter one would hide half of every sentence."""

PASSWORD_FIELD = re.compile(
    r"(?<!\w)password=(?!\$VEEAM_|<)(?P<field>[^&\s\"'\\<>]+)|\"password\\?\"\s*:\s*\\?\"(?!\$VEEAM_|<)(?P<member>(?:[^\"\\]|\\[^\"])+)",
    re.I,
)
"""A password by its name, in a form or in JSON: however short it is, here it can be told from a word."""

UNKNOWN = "<a password>"

WIDEST = 18
"""Characters that spell one of a value at the most: an escape of JSON, each of its characters percent-encoded."""


class Secrets:
    """Values and their labels. Safe to use from several threads."""

    def __init__(self) -> None:
        self._spellings = Spellings()
        self._values: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._longest = 0
        self._lock = threading.Lock()

    def hide(self, value: object, label: str) -> None:
        """Show `label` wherever `value` would stand; one that is too short only where its name stands before it."""
        if not isinstance(value, str) or not value:
            return
        with self._lock:
            if len(value) < SHORTEST:
                self._short[value] = label
            else:
                self._values[value] = label
                self._spellings.add(value, label)
                self._longest = max(self._longest, len(value))

    def hide_numbered(self, value: object, kind: str) -> None:
        """Show `<kind N>` wherever `value` would stand, with a number of its own."""
        if isinstance(value, str) and len(value) >= SHORTEST and value not in self._values:
            with self._lock:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                number = self._counts[kind]
            for form in {value, value.lower()} if kind == "code" else {value}:
                self.hide(form, f"<{kind} {number}>")

    def alike(self, label: str, words: Container[str] = ()) -> "Secrets":
        """All that is hidden here, under one label; but for `words`, in capital letters, that were taken for codes."""
        other = Secrets()
        with self._lock:
            values = [value for value, own in self._values.items() if not (_is_code(own) and value.upper() in words)]
            values += self._short
        for value in values:
            other.hide(value, label)
        return other

    def mask(self, text: str) -> str:
        """`text` on one line without any of the values, and such that a file can hold it and no reader obeys it."""
        return printable(self.conceal(" ".join(text.split())))

    def excerpt(self, text: str, most: int) -> str:
        """As `mask`, of the beginning of a text: at most so many characters, and no half of a value at their end."""
        text = " ".join(text.split())
        room = WIDEST * self._longest
        looked_at = text[: 12 * most + 2 * room]
        end = len(text) if looked_at == text else len(looked_at) - room
        spans = [span for span in self.spans(looked_at) if span.start < end]
        end = max([end, *(span.end for span in spans)])
        shown = printable(replaced(looked_at[:end], spans))
        return shown if end == len(text) and len(shown) <= most else f"{shown[:most]}…"

    def conceal(self, text: str) -> str:
        """`text` without any of the values, and with all else as it is."""
        return replaced(text, self.spans(text))

    def spans(self, text: str) -> list[Span]:
        """Where values stand in `text`, in order and apart, each with its label."""
        with self._lock:
            spans = self._spellings.spans(text)
        named = [span for span in map(self._named, PASSWORD_FIELD.finditer(text)) if span not in spans]
        return united([*spans, *named])

    def _named(self, found: re.Match[str]) -> Span:
        value = found["field"] if found["member"] is None else found["member"]
        known = unquote_plus(value) if found["member"] is None else value
        return Span(*found.span("field" if found["member"] is None else "member"), self._short.get(known, UNKNOWN))


def _is_code(label: str) -> bool:
    return label.startswith("<code ")
