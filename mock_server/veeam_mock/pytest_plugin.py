"""What pytest loads at its start: the fixtures, where this pytest can have them.

It stands on nothing newer than pytest 6: an older pytest than is needed runs on as if this were not installed.
"""

import pytest

OLDEST = (8, 4)
"""The oldest pytest that is served, as major and minor version."""


def _is_too_old() -> bool:
    return tuple(int(part) for part in pytest.__version__.split(".")[:2]) < OLDEST


def pytest_addoption(pluginmanager: "pytest.PytestPluginManager") -> None:
    """Load the plugin proper."""
    if not _is_too_old():
        pluginmanager.import_plugin("veeam_mock.fixtures")


def pytest_report_header() -> str | None:
    """One line for the users of an older pytest."""
    if not _is_too_old():
        return None
    return (
        f"warning: veeam-devicecode-mock needs pytest 8.4 or later and this is {pytest.__version__}: "
        "its fixtures and options are left out"
    )
