"""The names whose values are secrets, wherever they stand: in JSON, in forms, in header fields."""

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


def without_secrets(value: Any, levels: int = DEEPEST) -> Any:
    """A JSON value, what stands under the name of a secret masked, and cut below `levels`."""
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        return "…"
    if isinstance(value, list):
        return [without_secrets(element, levels - 1) for element in value]
    return {name: MASK if is_secret(str(name)) else without_secrets(each, levels - 1) for name, each in value.items()}
