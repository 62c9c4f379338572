"""What no report may show: passwords, tokens, device codes. Each gets a label that keeps apart what differs."""

import json
import re
import threading
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Characters from which on a value is worth hiding; a shorter one would hide half of every sentence."""


class Secrets:
    """Values and their labels. Safe to use from several threads."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def hide(self, value: object, label: str) -> None:
        """Show `label` wherever `value` would stand; what is no text, or too short, is left alone."""
        if not isinstance(value, str) or len(value) < SHORTEST:
            return
        with self._lock:
            for form in {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}:
                self._labels[form] = label
            self._pattern = None

    def hide_numbered(self, value: object, kind: str) -> None:
        """Show `<kind N>` wherever `value` would stand, with a number of its own."""
        if isinstance(value, str) and value not in self._labels:
            with self._lock:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                number = self._counts[kind]
            self.hide(value, f"<{kind} {number}>")

    def mask(self, text: str) -> str:
        """`text` without any of the values."""
        if self._pattern is None:
            with self._lock:
                longest_first = sorted(self._labels, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        return self._pattern.sub(lambda found: self._labels[found.group()], text)
