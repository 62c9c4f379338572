"""Rules tried with what schemathesis generates, one test for each operation of a version."""

from collections.abc import Callable

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.cases import Case, Share, try_case


def test_valid() -> Callable[..., None]:
    """Make a test of cases that are taken; `conftest.py` collects one for each version that is checked."""

    @pytest.mark.rule("generated.accepted")
    def test(case: Case, api: Client, findings: Findings, share: Share) -> None:
        try_case(api, findings, share, case)

    return test


def test_invalid() -> Callable[..., None]:
    """Make a test of cases that are refused."""

    @pytest.mark.rule("generated.refused")
    def test(case: Case, api: Client, findings: Findings, share: Share) -> None:
        try_case(api, findings, share, case)

    return test
