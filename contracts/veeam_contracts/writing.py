"""The files that a run leaves: reports and profiles, and bodies that are too long for a line of curl."""

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from veeam_mock.files import is_of_the_system, write_file

PATIENCE = 10.0
"""Seconds that a pipe gets to be read."""


def write_output(path: Path, text: str, patience: float = PATIENCE) -> None:
    """Write `text` to `path`, whole or not at all, and through no link.

    `OSError` where that cannot be, also for a pipe that nobody reads within `patience`, in seconds.
    """
    problems: list[OSError] = []

    def write() -> None:
        try:
            write_file(path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            problems.append(error)

    writer = threading.Thread(target=write, name="report", daemon=True)
    writer.start()
    writer.join(patience)
    if writer.is_alive():
        raise OSError(f"nobody read it within {patience:g} s")
    if problems:
        raise problems[0]


class Bodies:
    """Bodies of requests beside the first of `reports` that is a file, each in a file that is named by what it holds.

    Nowhere where there is no such report.
    """

    def __init__(self, reports: Iterable[Path] = ()) -> None:
        files = (path for path in reports if not is_of_the_system(path) and (path.is_file() or not path.exists()))
        first = next(files, None)
        self._folder = None if first is None else first.with_name(f"{first.stem}-bodies")

    def keep(self, body: bytes) -> str | None:
        """The file of a body, which is written; None where it cannot be."""
        if self._folder is None:
            return None
        place = self._folder / f"{hashlib.sha256(body).hexdigest()[:16]}.bin"
        try:
            self._folder.mkdir(exist_ok=True)
            write_file(place, body)
        except OSError:  # The line of curl has what fits of the body, and the report, which lies beside, says more.
            return None
        return str(place)
