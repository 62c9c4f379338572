"""What schemathesis generates with its defaults, sent to the server of `mutants.alone`."""

import schemathesis
from schemathesis.config import HealthCheck, SchemathesisConfig

from mutants.alone import ALONE
from veeam_contracts.document import WRITES

EXAMPLES = 10

schema = schemathesis.openapi.from_wsgi(
    "/swagger/docs/v4", ALONE, config=SchemathesisConfig(suppress_health_check=[HealthCheck.all])
)
schema.config.generation.update(max_examples=EXAMPLES, no_shrink=True, database="none")
schema.config.phases.stateful.enabled = False
schema.config.seed = 1


@schema.exclude(operation_id=sorted(WRITES)).parametrize()
def test_api(case: schemathesis.Case) -> None:  # type: ignore[type-arg]
    ALONE.send(case)
