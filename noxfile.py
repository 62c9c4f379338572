"""The tests under every Python and pytest that is claimed: `nox`, or one of them: `nox -s tests-3.13`.

A Python that is not on this machine is named and its session counted as skipped; with `CI` set it is an error.
"""

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
OLDER_PYTESTS = ["7.4", "8.3"]
"""They are not served: the plugins step aside."""


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests but the long proofs. Arguments behind `--` go to pytest."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def oldest_pytest(session: nox.Session) -> None:
    """The fixtures and the contracts under the oldest pytest that is served."""
    session.install(".[test]", "pytest~=8.4.0")
    session.run("pytest", "tests/users/test_fixtures.py", "tests/contracts/test_pytest_door.py", *session.posargs)


@nox.session
@nox.parametrize("version", OLDER_PYTESTS)
def older_pytest(session: nox.Session, version: str) -> None:
    """A pytest that is too old runs as if the plugins were not there."""
    session.install(".", f"pytest~={version}.0")
    session.run("pytest", "-c", ".ci/older_pytest.ini", ".ci/older_pytest.py")
