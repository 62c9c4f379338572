"""The live log: one line for each exchange, for people or as JSON."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from veeam_mock.journal.journal import Entry, Told
from veeam_mock.messages import Request
from veeam_mock.secrecy.showing import CI_COMMAND, printable

GREEN, YELLOW, RED = "32", "33", "31"
"""Colours as a terminal has them (ECMA-48, Select Graphic Rendition)."""


def text_line(told: Told, *, colour: bool = False) -> str:
    """The exchange as a person reads it; the time is that of the world's clock, UTC.

    A refusal ends with what it says. What a terminal would obey is written as escapes.
    """
    entry = told.entry
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%H:%M:%S")
    outcome = f"\x1b[{_colour_of(entry.status)}m{entry.outcome}\x1b[0m" if colour else entry.outcome
    took = "" if told.took is None else f"{told.took * 1000:.1f} ms"
    rest = (entry.summary(), told.client, took, told.words)
    return f"{at}  {outcome}  {printable('  '.join(filter(None, rest)))}"


def _colour_of(status: int | None) -> str:
    if status is None or status >= 500:
        return RED
    return YELLOW if status >= 400 else GREEN


def json_line(told: Told) -> str:
    """The exchange as one JSON object."""
    entry = told.entry
    line = orjson.dumps(
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
            "client": told.client or None,
            "milliseconds": None if told.took is None else round(told.took * 1000, 3),
            "message": told.words or None,
        }
    ).decode()
    shown = "".join(c if c.isprintable() else _escaped_in_json(c) for c in line)
    return CI_COMMAND.sub(lambda found: _escaped_in_json(found.group()), shown)


def _escaped_in_json(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def unasked_line(form: str, at: float, words: str) -> str:
    """In `form`, why a client came and asked nothing; `at` is Unix seconds, UTC."""
    told = Told(Entry(0, "", at, None, Request("", ""), None, {}, b"", "no-request", (), (), 0), words=words)
    if form == "json":
        return json_line(told)
    return printable(f"{datetime.fromtimestamp(at, UTC).strftime('%H:%M:%S')}  no request: {words}")


def logger(form: str, write: Callable[[str], None], *, colour: bool = False) -> Callable[[Told], None]:
    """A listener for the journal that writes each exchange in `form` (`text` or `json`), in colour for a terminal."""

    def listen(told: Told) -> None:
        write(json_line(told) if form == "json" else text_line(told, colour=colour))

    return listen
