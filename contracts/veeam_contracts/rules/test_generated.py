"""Rules tried with what schemathesis generates, one test for each operation of a version."""

from collections.abc import Callable

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.paths import VERSIONS
from veeam_contracts.rules.cases import Case, Share, acceptable, try_case, unacceptable


def valid() -> Callable[..., None]:
    """A test of cases that are taken; schemathesis wants a function of its own for each schema."""

    @pytest.mark.rule("generated.accepted")
    def test(case: Case, api: Client, findings: Findings, share: Share) -> None:
        try_case(api, findings, share, case)

    return test


def invalid() -> Callable[..., None]:
    """A test of cases that are refused."""

    @pytest.mark.rule("generated.refused")
    def test(case: Case, api: Client, findings: Findings, share: Share) -> None:
        try_case(api, findings, share, case)

    return test


for version in VERSIONS:
    globals()[f"test_valid_{version}"] = acceptable(version).parametrize()(valid())
    globals()[f"test_invalid_{version}"] = unacceptable(version).parametrize()(invalid())
