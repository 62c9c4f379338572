"""What pytest loads at its start: the options and rules of the contracts, where this pytest can have them.

It stands on nothing newer than pytest 6: an older pytest than is needed runs on as if this were not installed. That
it does is said once for the distribution, by the plugin of the mock.
"""

import pytest

OLDEST = (8, 4)
"""The oldest pytest that is served, as major and minor version."""


def _is_too_old() -> bool:
    return tuple(int(part) for part in pytest.__version__.split(".")[:2]) < OLDEST


def pytest_addoption(pluginmanager: "pytest.PytestPluginManager") -> None:
    """Load the plugin proper."""
    if not _is_too_old():
        pluginmanager.import_plugin("veeam_contracts.running.plugin")
