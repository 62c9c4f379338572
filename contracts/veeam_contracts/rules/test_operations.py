"""Which operations there are at all: one finding for a missing one, and what depends on it is not tested."""

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import require_token


@pytest.mark.rule("operations.served")
def test_every_operation_is_served(api: Client, findings: Findings) -> None:
    require_token(api)
    for id, exchange in api.survey.asked.items():
        label = api.version.label(id)
        served = id not in api.survey.missing
        findings.check(served, f"an answer of {label}", f"status {exchange.status}", exchange)
