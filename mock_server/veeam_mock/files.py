"""Files that are read whole, or written for others to read, and the folder that is the mock's own.

A file comes into place whole or not at all. Nothing is written through a link that somebody may have put there.
"""

import atexit
import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path

NAME = "veeam-mock"
OF_THE_SYSTEM = ("/dev/", "/proc/")
"""Where links lead to what is open already, such as `/dev/stdout`."""


def write_file(path: str | os.PathLike[str], content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `path`, with these permissions less those that the umask takes.

    A regular file, or nothing, is replaced at once by a fresh file; a device or a pipe is written into. `OSError` for a
    link, a folder, and whatever the system refuses.
    """
    place = Path(path)
    kind = _kind_of(place)
    if kind in (0, stat.S_IFREG):
        _put_in_place(place, content, mode)
    elif kind == stat.S_IFLNK and not is_of_the_system(place):
        raise OSError(errno.ELOOP, "this is a link, which is not followed; name the file itself")
    else:
        with open(place, "wb", buffering=0) as stream:
            stream.write(content)


def is_of_the_system(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is where a link leads to what is open already."""
    return os.fspath(path).startswith(OF_THE_SYSTEM)


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of a regular file. `OSError` when it cannot be read; `ValueError` when it has more than `most` bytes,
    is something else (a pipe or a device may never end), or has a name that no file can have."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most} bytes")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def is_pipe(path: str | os.PathLike[str]) -> bool:
    """Whether writing to `path` waits for somebody who reads."""
    return _kind_of(Path(path)) == stat.S_IFIFO


def _kind_of(place: Path) -> int:
    """What is at `place`, as a link where it is one; 0 for nothing."""
    try:
        return stat.S_IFMT(place.lstat().st_mode)
    except FileNotFoundError:
        return 0


def _put_in_place(place: Path, content: bytes, mode: int) -> None:
    fresh = place.with_name(f".{place.name[:100]}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        os.replace(fresh, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise


def own_folder() -> Path:
    """The folder of the certificate and of keys, for their owner alone.

    Where the user has no home, or none that can be written, it is one for this run, which is gone at its end.
    """
    home = _folder_at_home()
    return _folder_of_this_run() if home is None else home


def _folder_at_home() -> Path | None:
    import click

    folder = Path(click.get_app_dir(NAME))
    if not folder.is_absolute() or os.environ.get("HOME") == "":
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return folder if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else None


@cache
def _folder_of_this_run() -> Path:
    folder = tempfile.mkdtemp(prefix=f"{NAME}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
