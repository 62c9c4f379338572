"""Rules that show only over many calls."""

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import expect_code, require_token

ROUNDS, ROUNDS_LIVE = 20, 5


@pytest.mark.rule("stability.series")
def test_a_series_of_calls(api: Client, findings: Findings) -> None:
    require_token(api)
    for _ in range(ROUNDS_LIVE if api.target.limits.live else ROUNDS):
        expect_code(findings, api.device_code())
        for path in (api.path_of("getServiceInstance"), api.path_of("getOrganizations")):
            exchange = api.get(path)
            findings.check(exchange.status == 200, f"200 for {path}", f"status {exchange.status}", exchange)


@pytest.mark.rule("stability.connections")
def test_a_kept_connection_and_a_new_one_answer_alike(api: Client, findings: Findings) -> None:
    require_token(api)
    for new in (False, True, True, False):
        kind = "a new connection" if new else "a kept connection"
        expect_code(findings, api.device_code(new_connection=new), f"on {kind}")
        exchange = api.get(api.path_of("getServiceInstance"), new_connection=new)
        findings.check(exchange.status == 200, f"200 on {kind}", f"status {exchange.status}", exchange)
