"""The questions of `x-ambiguities`, put to the server. Never a failure."""

import pytest

from contracts.document import questions
from contracts.expectations import require_token
from contracts.findings import Findings
from contracts.observations import PROBES
from contracts.session import Session


@pytest.mark.rule("observed.questions")
@pytest.mark.parametrize("question", list(questions()))
def test_which_reading(api: Session, findings: Findings, question: str) -> None:
    require_token(api)
    reading, evidence = PROBES[question](api)
    findings.observe(question, reading, evidence)
