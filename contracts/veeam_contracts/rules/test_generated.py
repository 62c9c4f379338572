"""Rules tried with what schemathesis generates, one test for each operation."""

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.cases import ACCEPTABLE, MISTAKABLE, TAKEN, UNACCEPTABLE, Case, Share, try_case


@ACCEPTABLE.include(operation_id=TAKEN).parametrize()
@pytest.mark.rule("generated.accepted")
def test_valid(case: Case, api: Client, findings: Findings, share: Share) -> None:
    try_case(api, findings, share, case)


@UNACCEPTABLE.include(operation_id=MISTAKABLE).parametrize()
@pytest.mark.rule("generated.refused")
def test_invalid(case: Case, api: Client, findings: Findings, share: Share) -> None:
    try_case(api, findings, share, case)
