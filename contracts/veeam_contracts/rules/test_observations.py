"""The questions of `x-ambiguities`, put to the server. Never a failure."""

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.document import questions
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import require_token
from veeam_contracts.rules.probes import PROBES

OBSERVED_BY_OTHERS = frozenset({"refresh-rotation"})
"""What a rule of its own observes: `token.refresh-spent`."""


@pytest.mark.rule("observed.questions")
@pytest.mark.parametrize("question", [question for question in questions() if question not in OBSERVED_BY_OTHERS])
def test_which_reading(api: Client, findings: Findings, question: str) -> None:
    require_token(api)
    reading, evidence = PROBES[question](api)
    findings.observe(question, reading, evidence)
