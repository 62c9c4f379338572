"""A fake Veeam Backup for Microsoft Office 365 server that gives device codes, and fails on demand."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veeam_mock.control.client import ControlFailure
    from veeam_mock.control.records import Exchange, FaultRecord, IssuedCode
    from veeam_mock.door.wsgi import create_app
    from veeam_mock.servers.client_failures import WouldHang
    from veeam_mock.servers.intercepted import InterceptedServer
    from veeam_mock.servers.live import MockServer
    from veeam_mock.settings.settings import Settings, SettingsError

__all__ = [
    "ControlFailure",
    "Exchange",
    "FaultRecord",
    "InterceptedServer",
    "IssuedCode",
    "MockServer",
    "Settings",
    "SettingsError",
    "WouldHang",
    "create_app",
]

_HOMES = {
    "ControlFailure": "control.client",
    "Exchange": "control.records",
    "FaultRecord": "control.records",
    "InterceptedServer": "servers.intercepted",
    "IssuedCode": "control.records",
    "MockServer": "servers.live",
    "Settings": "settings.settings",
    "SettingsError": "settings.settings",
    "WouldHang": "servers.client_failures",
    "create_app": "door.wsgi",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
