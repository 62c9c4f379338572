"""The names whose values are secrets, wherever they stand: in JSON, in forms, in header fields."""

from collections.abc import Iterator
from typing import Any

MASK = "***"
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-admin-key", "x-api-key"})
SECRET_NAMES = (
    "password",
    "access_token",
    "refresh_token",
    "assertion",
    "integration_token",
    "client_secret",
    "admin_key",
    "authCode",
    "applicationSecret",
    "applicationCertificate",
    "applicationCertificatePassword",
)
DEEPEST = 10
"""Levels of a JSON value that are shown."""

_LOWER_NAMES = frozenset(name.lower() for name in SECRET_NAMES) | SECRET_HEADERS


def is_secret(name: str) -> bool:
    """Whether a name, or the last step of a JSON Pointer, is that of a secret."""
    return name.rpartition("/")[2].lower() in _LOWER_NAMES


def written(value: Any, most: int) -> str:
    """A JSON value as a person writes it, what stands under the name of a secret masked, and cut below `DEEPEST`.

    Of a long one at least the first `most` characters, and little more: it may have a million.
    """
    parts: list[str] = []
    size = 0
    for part in _parts(value, most, DEEPEST):
        parts.append(part)
        size += len(part)
        if size > most:
            break
    return "".join(parts)


def _parts(value: Any, most: int, levels: int) -> Iterator[str]:
    """What `repr` writes, piece by piece."""
    if isinstance(value, dict | list) and levels == 0:
        yield repr("…")
    elif isinstance(value, dict):
        yield "{"
        for number, (name, each) in enumerate(value.items()):
            yield f"{', ' if number else ''}{_beginning(name, most)}: "
            yield from _parts(MASK if is_secret(str(name)) else each, most, levels - 1)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, each in enumerate(value):
            yield ", " if number else ""
            yield from _parts(each, most, levels - 1)
        yield "]"
    else:
        yield _beginning(value, most)


def _beginning(value: Any, most: int) -> str:
    return repr(value[: most + 1] if isinstance(value, str) else value)
