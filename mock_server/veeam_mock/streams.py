"""Standard output and error of a command: what cannot be written is lost, is told once, and changes nothing else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


class Lenient:
    """A stream that raises nothing where it cannot be written; the reasons are added to `losses`."""

    def __init__(self, stream: Any, losses: list[str]) -> None:
        self._stream = stream
        self._losses = losses

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        return Lenient(found, self._losses) if name == "buffer" else found

    def write(self, data: Any) -> int:
        """Write text, or bytes where the stream is one of bytes; what its encoding lacks as an escape."""
        try:
            return int(self._stream.write(data))
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            return self.write(data.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError) as error:
            self._lose(error)
            return len(data)

    def flush(self) -> None:
        """Write what waits."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        if isinstance(error, BrokenPipeError):  # who reads no more, as `head` does, misses nothing
            return
        self._losses.append(getattr(error, "strerror", None) or "the stream is closed")
        del self._losses[1:]


@contextmanager
def lenient_streams(command: str) -> Iterator[None]:
    """Let a command write to streams that are full, broken or closed as to any. They stay so until the process ends,
    as that writes once more what waits.
    """
    _open_closed()
    losses: list[str] = []
    out, err = Lenient(sys.stdout, losses), Lenient(sys.stderr, [])
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield
    finally:
        out.flush()
        if losses:
            err.write(f"{command}: some of the output was lost: {losses[0]}\n")
        err.flush()


def _open_closed() -> None:
    """Open what was closed before we came, so that no connection or report gets the number of a standard stream."""
    number = os.open(os.devnull, os.O_RDWR)
    while number <= 2:
        number = os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.dup(number), "w"))
    os.close(number)
