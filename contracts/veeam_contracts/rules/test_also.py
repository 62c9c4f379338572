"""The rules of the documents that the user gives (`--also`): one test for each path that is read."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from schemathesis.core.transport import Response

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange, is_id, listed_in
from veeam_contracts.asking.survey import MISSING
from veeam_contracts.further import Ids
from veeam_contracts.judging.findings import Findings, Why, not_tested
from veeam_contracts.paths import VERSIONS
from veeam_contracts.rules.cases import Case, Share, judge_case, try_case
from veeam_contracts.running.items import label_of

NUMBER = re.compile(r"-?[0-9.]+")

BARRED = frozenset({401, 402, 403})
"""Statuses of what this user, or this license, may not read, which is no fault of the server."""


@pytest.fixture(scope="session")
def ids(api: Client) -> Ids:
    """The ids that lists showed so far, the organizations' among them."""
    found, organization = Ids(), api.organization_id()
    if organization is not None:
        for version in VERSIONS:
            found.note(version.path_of("getOrganizations").partition("?")[0], organization)
    return found


@pytest.fixture
def values(ids: Ids, request: pytest.FixtureRequest) -> dict[str, str]:
    """The values of the variables of the path that is read; a skip where no list has shown one."""
    path = label_of(request.node).removeprefix("GET ")
    found = ids.fill(path)
    if isinstance(found, str):
        not_tested(f"nothing is known that {found} has")
    return found


def test_read() -> Callable[..., None]:
    """Make a test of the reads of one document; `conftest.py` collects one for each."""

    @pytest.mark.rule("also.read")
    def test(case: Case, api: Client, findings: Findings, share: Share, ids: Ids, values: dict[str, str]) -> None:
        def judge(
            exchange: Exchange, findings: Findings, case: Case, response: Response, options: dict[str, Any]
        ) -> None:
            if exchange.status in BARRED:
                findings.cut(f"status {exchange.status}: this user may not read it", Why.TARGET)
            elif exchange.status in MISSING and not values:
                findings.check(False, "an operation that is served", f"status {exchange.status}", exchange)
            else:
                judge_case(exchange, findings, case, response, options)
            for item in listed_in(exchange.value)[:1] if exchange.ok else ():
                if is_id(item.get("id")) or type(item.get("id")) is int:
                    ids.note(exchange.path.partition("?")[0], str(item["id"]))

        # Where the document says that the path has a number, no text stands for it.
        generated = (case.path_parameters or {}).items()
        numbers = {name for name, value in generated if NUMBER.fullmatch(str(value))}
        fitting = {name: id for name, id in values.items() if name not in numbers or id.isdecimal()}
        try_case(api, findings, share, case, judge, **fitting)

    return test


@pytest.mark.rule("also.protected")
def test_nothing_is_read_without_a_token(
    path: str, api: Client, findings: Findings, share: Share, values: dict[str, str]
) -> None:
    if not path:
        not_tested("no given document protects what it reads")
    if not share.take():
        not_tested("the budget has no room for the documents of --also", Why.LIMITS)
    exchange = api.get(path.format_map(values), token=None)
    findings.check(not exchange.ok, "a refusal without a token", f"status {exchange.status}", exchange)
