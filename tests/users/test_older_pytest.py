"""A pytest that is too old for the plugins runs as if they were not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AN_OLDER_PYTEST = "import pytest\npytest.__version__ = '{version}'\n"
"""A plugin that makes a pytest give another version; `nox -s older_pytest` tries real ones."""

TEST = """
def test_fixtures(request):
    from _pytest.fixtures import FixtureLookupError
    try:
        request.getfixturevalue("veeam_mock")
    except FixtureLookupError:
        return
    assert request.config.getoption("veeam_target") is None
    assert False, "served"
"""


def run(folder: Path, version: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the test under a pytest that gives this version."""
    folder.joinpath("older.py").write_text(AN_OLDER_PYTEST.format(version=version), "utf-8")
    folder.joinpath("test_it.py").write_text(TEST, "utf-8")
    plugins = ("older", "veeam_mock.pytest_plugin", "veeam_contracts.pytest_plugin")
    named = [argument for plugin in plugins for argument in ("-p", plugin)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *named, "-p", "no:cacheprovider", "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", ["6.2.5", "7.4.4", "8.3.5", "8.4.0rc1", "10.0.0"])
def test_the_plugins_step_aside_with_one_line_where_pytest_is_older_than_8_4(tmp_path: Path, version: str) -> None:
    result = run(tmp_path, version)
    older = not version.startswith(("8.4", "10."))
    warning = f"warning: veeam-devicecode-mock needs pytest 8.4 or later and this is {version}: "
    assert result.stdout.count(warning) == older, result.stdout
    assert result.returncode == (0 if older else 1), result.stdout
    assert ("served" in result.stdout) != older
    assert result.stderr == ""


def test_the_options_of_the_contracts_are_unknown_to_an_older_pytest(tmp_path: Path) -> None:
    result = run(tmp_path, "8.3.5", "--veeam-target", "https://localhost:4443")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --veeam-target" in result.stderr
    assert "Traceback" not in result.stderr
