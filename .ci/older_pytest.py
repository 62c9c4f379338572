"""Run by nox under a pytest that is too old for the plugins: they are there, and have stepped aside."""

import pytest


def test_the_plugins_stepped_aside(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("veeam-mock")
    assert not pytestconfig.pluginmanager.has_plugin("veeam_mock.fixtures")
    assert not pytestconfig.pluginmanager.has_plugin("veeam_contracts.running.plugin")
