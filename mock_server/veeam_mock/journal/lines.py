"""The live log: one line for each exchange, for people or as JSON."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from veeam_mock.journal.journal import Entry


def text_line(entry: Entry) -> str:
    """The exchange as a person reads it; the time is that of the world's clock, UTC."""
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%H:%M:%S")
    return f"{at}  {entry.summary()}"


def json_line(entry: Entry) -> str:
    """The exchange as one JSON object."""
    return orjson.dumps(
        {
            "at": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "world": entry.world or None,
            "method": entry.request.method,
            "path": entry.request.path,
            "query": entry.request.query,
            "operation": entry.operation,
            "status": entry.status,
            "outcome": entry.ending,
            "faults": entry.faults,
            "forgiven": entry.forgiven,
        }
    ).decode()


def logger(form: str, write: Callable[[str], None]) -> Callable[[Entry], None]:
    """A listener for the journal that writes each exchange in `form` (`text` or `json`)."""
    line = json_line if form == "json" else text_line

    def listen(entry: Entry) -> None:
        write(printable(line(entry)))

    return listen


def printable(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
