"""What no report may show: passwords, tokens, device codes. Each gets a label that keeps apart what differs."""

import json
import re
import threading
from urllib.parse import quote, quote_plus, unquote_plus

SHORTEST = 4
"""Characters from which on a value is hidden everywhere; a shorter one would hide half of every sentence."""

PASSWORD_FIELD = re.compile(
    r"(?<!\w)password=(?!\$VEEAM_|<)(?P<field>[^&\s\"'\\<>]+)"
    r"|(?P<name>\"password\\?\"\s*:\s*\\?\")(?!\$VEEAM_|<)(?P<member>(?:[^\"\\]|\\[^\"])+)",
    re.I,
)
"""A password by its name, in a form or in JSON: however short it is, here it can be told from a word."""


UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey, what turns the direction of a line, and halves of characters, which JSON can name."""


class Secrets:
    """Values and their labels. Safe to use from several threads."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def hide(self, value: object, label: str) -> None:
        """Show `label` wherever `value` would stand; one that is too short only where its name stands before it."""
        if not isinstance(value, str) or not value:
            return
        with self._lock:
            if len(value) < SHORTEST:
                self._short[value] = label
                return
            for form in _forms(value):
                self._labels[form] = label
            self._pattern = None

    def hide_numbered(self, value: object, kind: str) -> None:
        """Show `<kind N>` wherever `value` would stand, with a number of its own."""
        if isinstance(value, str) and len(value) >= SHORTEST and value not in self._labels:
            with self._lock:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                number = self._counts[kind]
            for form in {value, value.lower()} if kind == "code" else {value}:
                self.hide(form, f"<{kind} {number}>")

    def mask(self, text: str) -> str:
        """`text` without any of the values, and such that a file can hold it and no terminal obeys it."""
        return UNSHOWABLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), self.conceal(text))

    def conceal(self, text: str) -> str:
        """`text` without any of the values, and with all else as it is."""
        if self._pattern is None:
            with self._lock:
                longest_first = sorted(self._labels, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        masked = self._pattern.sub(lambda found: self._labels[found.group()], text)
        return PASSWORD_FIELD.sub(self._replace_password, masked)

    def _replace_password(self, found: re.Match[str]) -> str:
        if found["field"] is not None:
            return "password=" + self._short.get(unquote_plus(found["field"]), "<a password>")
        return found["name"] + self._short.get(found["member"], "<a password>")


def _forms(value: str) -> set[str]:
    """A value as it stands in texts, addresses, forms and JSON."""
    return {
        value,
        quote(value, safe="", errors="replace"),
        quote_plus(value, errors="replace"),
        json.dumps(value)[1:-1],
    }
