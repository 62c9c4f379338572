"""The fixtures of the rules, and the run that begins when the first of them is collected."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.document import describe
from veeam_contracts.judging.catalogue import BY_ID
from veeam_contracts.judging.findings import Findings
from veeam_contracts.judging.rule import ALSO
from veeam_contracts.paths import GIVE_CODES
from veeam_contracts.running.items import label_of, rule_of
from veeam_contracts.running.plugin import run_of
from veeam_contracts.running.run import FINDINGS_KEY

if TYPE_CHECKING:
    from veeam_contracts.rules.cases import Share


GENERATED = {
    "test_generated.py": ("generated.accepted", "generated.refused"),
    "test_also.py": ("also.read", "also.protected"),
}
"""The modules whose tests come from documents, ours and those that the user gives, with their rules."""

MAKERS = ("test_valid", "test_invalid", "test_read")
"""What makes the tests of one document: which documents, versions and rules are wanted is not known before the run."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Generate no cases of rules that are not asked for: that takes longer than most rules."""
    rules = GENERATED.get(collection_path.name, ())
    return True if rules and not any(map(run_of(config).options.selects, rules)) else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Make the run; configure what is generated for it, which happens while the tests are collected."""
    run = run_of(parent.config)
    if module_path.name in GENERATED:
        from veeam_contracts.rules.cases import configure

        configure(run.options, run.versions)


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: Any
) -> list[pytest.Item | pytest.Collector] | None:
    """Make the tests of each document: of those of the versions that are checked, and of those of the user."""
    if collector.name not in GENERATED or name not in MAKERS:
        return None
    from veeam_contracts.rules.cases import schemas

    make = partial(collector.ihook.pytest_pycollect_makeitem, collector=collector)
    documents = schemas(name, run_of(collector.config).versions)
    return [make(name=f"{name}_{of}", obj=schema.parametrize()(obj())) for of, schema in documents]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try every rule once for each version that is checked."""
    if "api" in metafunc.fixturenames:
        versions = run_of(metafunc.config).versions
        metafunc.parametrize("api", versions, indirect=True, scope="session", ids=str)
    if "path" in metafunc.fixturenames:
        documents = run_of(metafunc.config).options.further
        paths = [path for document in documents for path in document.protected]
        metafunc.parametrize("path", paths or [""], ids=str)


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> Client:
    """The client of a version of the server, logged in."""
    return run_of(request.config).open_client(request.param)


@pytest.fixture
def findings(api: Client, request: pytest.FixtureRequest) -> Findings:
    """Where a rule writes what it found out."""
    run = run_of(request.config)
    rule, told = rule_of(request.node), run.told_in(api.version)
    found = Findings(api.secrets, api.target.curl_options, rule, told, chosen=run.chosen, keep=run.bodies.keep)
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
    rule = BY_ID[rule_of(request.node)]
    gives_codes = rule.id == "generated.accepted" and operation in GIVE_CODES
    left = len(items) - items.index(request.node)
    return Share(api, left, gives_codes=gives_codes, further=rule.group == ALSO)
