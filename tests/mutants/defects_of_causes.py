"""Planted defects that make other rules show nothing: what is refused for another reason must not count for them."""

from mutants.defects import defect
from mutants.harness import Answer, Ask, Server, say

LAST = 150


@defect("token", "token.alive")
def a_token_that_dies_after_150_calls(server: Server, ask: Ask) -> Answer:
    if ask.token and server.count(ask.token) > LAST:
        return say(401)
    return server.answer(ask)
