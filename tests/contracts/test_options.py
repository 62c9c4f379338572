"""The options of a run stand in one table: the command and the pytest plugin have the same."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from veeam_contracts.cli import command
from veeam_contracts.option_table import OPTIONS, Option


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_command_and_the_plugin_know_each_option(option: Option, pytestconfig: pytest.Config) -> None:
    assert f"--{option.name}" in CliRunner().invoke(command, ["check", "--help"]).output
    assert option.command_only or pytestconfig.getoption(f"veeam_{option.key}") is None


def test_the_plugin_imports_nothing_large_before_it_is_used() -> None:
    script = """
import sys, pytest
before = set(sys.modules)
import veeam_contracts.running.plugin
print(sorted(name for name in set(sys.modules) - before if not name.startswith("veeam_contracts")))
print(sorted(name for name in sys.modules if name.startswith("veeam_contracts.")))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    others, own = result.stdout.splitlines()
    assert (others, result.stderr) == ("[]", "")
    assert own == str(["veeam_contracts.option_table", "veeam_contracts.running", "veeam_contracts.running.plugin"])
