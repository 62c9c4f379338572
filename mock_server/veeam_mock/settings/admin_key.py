"""The key of the control API: demanded wherever the mock listens beyond this machine."""

import os
import secrets
from pathlib import Path

from veeam_mock.files import own_folder, write_file
from veeam_mock.settings.addresses import is_loopback
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.schema import Violation


def with_admin_key(settings: Settings) -> Settings:
    """`settings` with a key where one is needed, made here unless they have one."""
    if settings.admin_key is not None or is_loopback(settings.host):
        return settings
    return settings.replace(admin_key=secrets.token_urlsafe(24))


def ensure_admin_key(settings: Settings) -> tuple[Settings, Path | None]:
    """`settings` with a key where one is needed, and the file that holds it if it was made here.

    Only the owner can read the file. Raises `SettingsError` when it cannot be written.
    """
    settings, given = with_admin_key(settings), settings.admin_key
    key = settings.admin_key
    if key is None or key == given:
        return settings, None
    path = own_folder() / f"admin-key-{os.getpid()}"
    try:
        write_file(path, f"{key}\n".encode("ascii"), 0o600)
    except OSError as error:
        reason = f"cannot be kept in {path}: {error.strerror or error}; give one by admin_key"
        raise SettingsError([Violation("admin_key", reason)]) from None
    return settings, path
