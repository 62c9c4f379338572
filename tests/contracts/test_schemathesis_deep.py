"""schemathesis with all of its checks and 200 examples an operation finds nothing in the mock.

The tunings are those of docs/contracts.md, 'The mock under schemathesis alone'.
"""

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.config import HealthCheck, SchemathesisConfig

from veeam_contracts.paths import VERSIONS
from veeam_mock import create_app

EXAMPLES = 200
SEED = 20300101
JUDGED_BY_MORE_THAN_A_SCHEMA = ("getToken", "addOrganization", "updateOrganization")
"""Whether credentials or a code are good stands in no schema: a valid request is refused with 400 (RFC 6749)."""


def load() -> schemathesis.schemas.BaseSchema:
    """The document with all checks, of which each operation gets its examples, coverage cases and random cases."""
    schema = schemathesis.openapi.from_dict(
        VERSIONS[0].document, config=SchemathesisConfig(suppress_health_check=[HealthCheck.all])
    )
    refused = schema.config.checks.negative_data_rejection
    refused.expected_statuses = [*refused.expected_statuses, "413"]
    schema.app = create_app()
    schema.config.seed = SEED
    schema.config.generation.update(max_examples=EXAMPLES, database="none", with_security_parameters=False)
    return schema


schema = load()
CHECKS = schemathesis.specs.openapi.checks


@pytest.fixture(scope="module")
def token() -> Iterator[str]:
    """A login at the mock under test."""
    login = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    yield schema.app.test_client().post("/v4/Token", data=login).json["access_token"]


@pytest.mark.long
@schema.parametrize()
def test_schemathesis_finds_nothing_in_the_mock(case: schemathesis.Case, token: str) -> None:  # type: ignore[type-arg]
    id = case.operation.definition.raw["operationId"]
    excluded = [CHECKS.positive_data_acceptance] if id in JUDGED_BY_MORE_THAN_A_SCHEMA else []
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=excluded)
