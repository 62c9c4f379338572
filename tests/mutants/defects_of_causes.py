"""Planted defects that make other rules show nothing: what is refused for another reason must not count for them."""

from mutants.defects import defect
from mutants.harness import Answer, Ask, Behaviour, Server, say
from veeam_contracts.paths import NEWEST, is_at

LAST = 150


@defect("token", "token.alive")
def a_token_that_dies_after_150_calls(server: Server, ask: Ask) -> Answer:
    if ask.token and server.count(ask.token) > LAST:
        return say(401)
    return server.answer(ask)


def without(operation_id: str) -> Behaviour:
    """A server that does not have this operation."""

    def behave(server: Server, ask: Ask) -> Answer:
        missing = is_at(ask.path, operation_id) and ask.method == NEWEST.places[operation_id][0]
        return say(404) if missing else server.answer(ask)

    behave.__name__ = f"without_{operation_id}"
    return behave


OPERATIONS = ("getOrganizations", "getOrganization", "getDeviceCode", "getOrganizationDeviceCode", "getServiceInstance")
for operation in OPERATIONS:
    defect("operations", "operations.served", alone=True)(without(operation))
