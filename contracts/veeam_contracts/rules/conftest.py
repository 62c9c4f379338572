"""The fixtures of the rules, and the run that begins when the first of them is collected."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.document import describe
from veeam_contracts.judging.findings import Findings
from veeam_contracts.paths import GIVE_CODES
from veeam_contracts.running.items import label_of, rule_of
from veeam_contracts.running.plugin import run_of
from veeam_contracts.running.run import FINDINGS_KEY

if TYPE_CHECKING:
    from veeam_contracts.rules.cases import Share


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Make the run; configure what is generated for it, which happens while the tests are collected."""
    run = run_of(parent.config)
    if module_path.name == "test_generated.py":
        from veeam_contracts.rules.cases import configure

        configure(run.options, run.versions)


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str) -> list[pytest.Item] | None:
    """Collect nothing that is generated for a version that is not checked."""
    if collector.name != "test_generated.py" or not name.startswith("test_"):
        return None
    wanted = {str(version) for version in run_of(collector.config).versions}
    return None if name.rpartition("_")[2] in wanted else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try every rule once for each version that is checked."""
    if "api" in metafunc.fixturenames:
        versions = run_of(metafunc.config).versions
        metafunc.parametrize("api", versions, indirect=True, scope="session", ids=str)


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> Client:
    """The client of a version of the server, logged in."""
    return run_of(request.config).open_client(request.param)


@pytest.fixture
def findings(api: Client, request: pytest.FixtureRequest) -> Findings:
    """Where a rule writes what it found out."""
    run = run_of(request.config)
    rule, told = rule_of(request.node), run.told_in(api.version)
    found = Findings(api.secrets, api.target.curl_options, rule, told, chosen=run.chosen)
    request.node.stash[FINDINGS_KEY] = found
    return found


@pytest.fixture
def share(api: Client, request: pytest.FixtureRequest) -> "Share":
    """What this operation may use of the rest of the budget: shared out over the operations that still come."""
    from veeam_contracts.judging.findings import not_tested
    from veeam_contracts.rules.cases import Share
    from veeam_contracts.rules.expectations import require_token

    operation = describe(api.version).operation_at(label_of(request.node))
    if api.target.limits.live and operation == "getToken":
        not_tested("logins are never generated for a live server")
    require_token(api)
    if operation is not None:
        api.survey.require(operation)
        if "{restoreSessionId}" in api.version.places[operation][1] and api.target.restore_session_id is None:
            not_tested("no restore session of this server is known")
    api.organization_id()
    items = [item for item in request.session.items if "share" in getattr(item, "fixturenames", ())]
    gives_codes = rule_of(request.node) == "generated.accepted" and operation in GIVE_CODES
    return Share(api, len(items) - items.index(request.node), gives_codes=gives_codes)
