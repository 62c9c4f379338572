"""What the command says while it serves; a stream that is not read, or cannot be written, holds nothing up."""

import contextlib
import os
import queue
import threading
from typing import TextIO

MOST_WAITING = 10_000
"""Lines that wait to be written; then new ones are lost."""

LAST_SECONDS = 0.5
"""How long the end of the command waits for lines to be written."""


def wants_colour(stream: TextIO | None) -> bool:
    """Whether `stream` is a terminal that shows colours, of a person who wants them (NO_COLOR)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if os.name == "nt" and "WT_SESSION" not in os.environ:  # an older console shows the codes
        return False
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


class Output:
    """Lines for `stream`, written by a thread of its own; `told` is where it is said once that some were lost.

    Either is None where it was closed before we came, and then nobody is there to miss anything.
    What a stream's encoding lacks is written as an escape. A stream that fails is tried again with each line.
    """

    def __init__(self, stream: TextIO | None, told: TextIO | None) -> None:
        self._stream = stream
        self._told = told
        self._waiting: queue.Queue[str | None] = queue.Queue(MOST_WAITING)
        self._lost = 0
        self._reason = "nobody read them"
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Have `line` written. Never waits, never raises."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def end(self) -> None:
        """Write what waits, as far as that goes within half a second, and say what was lost."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(LAST_SECONDS)
        lost = self._lost + (self._waiting.qsize() if self._thread.is_alive() else 0)
        if lost:
            with contextlib.suppress(OSError, ValueError):
                _write(self._told, f"veeam-mock: {lost} lines of the output were lost: {self._reason}.")

    def _write_all(self) -> None:
        while (line := self._waiting.get()) is not None:
            try:
                _write(self._stream, line)
            except (OSError, ValueError) as error:
                self._lost += 1
                self._reason = getattr(error, "strerror", None) or "the stream is closed"


def _write(stream: TextIO | None, line: str) -> None:
    """Write past the stream's buffer: what cannot be written must not wait there for the end of the process."""
    if stream is None:
        return
    data = f"{line}\n".encode(stream.encoding or "utf-8", "backslashreplace")
    try:
        handle = stream.fileno()
    except (OSError, ValueError, AttributeError):  # a stream that a test put in place
        stream.write(f"{line}\n")
        stream.flush()
        return
    while data:
        data = data[os.write(handle, data) :]
