"""What a server changes from answer to answer: no difference, be it in two comparisons or between it and its twin."""

import hashlib
from itertools import count
from pathlib import Path

import pytest

from mutants.harness import Answer, Ask, Behaviour, Server
from support.twins import client_of, differences, first, learn, plain
from veeam_contracts.twin.comparing import compare, record

NUMBERS = count(1)
"""Of all answers of all servers here, so that no two have the same."""


def drawn() -> str:
    """Another text each time, as an id of a request is."""
    return hashlib.sha256(str(next(NUMBERS)).encode()).hexdigest()[:16]


def id_of_a_request(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("X-Request-Id", drawn())


def time_that_it_took(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("X-Runtime", f"0.{next(NUMBERS):06d}")


def cache_that_was_hit(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_header("X-Cache", "HIT" if next(NUMBERS) % 3 else "MISS")


def field_that_is_there_at_times(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_header("Warning", '110 - "Response is Stale"') if next(NUMBERS) % 3 else answer


def number_in_a_refusal(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    told = {"message": f"Refused as request {next(NUMBERS)}.", "timestamp": 1_790_000_000_000 + next(NUMBERS)}
    return answer.with_json(told) if answer.status >= 400 else answer


def number_on_a_page(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    page = answer.with_body(f"<p>Refused. Incident {drawn()}</p>".encode()).with_header("Content-Type", "text/html")
    return page if answer.status >= 400 else answer


ASPECTS = {
    id_of_a_request: {"header x-request-id"},
    time_that_it_took: {"header x-runtime"},
    cache_that_was_hit: {"header x-cache"},
    field_that_is_there_at_times: set(),
    number_in_a_refusal: {"members of a refusal", "text 1 of 2", "text 2 of 2"},
    number_on_a_page: {
        *("body", "header content-type", "members of a refusal", "text 1 of 1", "text 1 of 2", "text 2 of 2"),
    },
}
"""Where each differs from a server without that; what is there at times tells nothing."""


@pytest.mark.parametrize("behave", first(1, ASPECTS), ids=lambda behave: behave.__name__)
def test_what_a_server_changes_itself_is_no_difference(behave: Behaviour, tmp_path: Path) -> None:
    real = record(client_of(behave, {}, "v4"))
    assert compare(real, record(client_of(behave, {}, "v4"))) == []
    assert differences(real, "v4", learn(behave, {}, "v4", tmp_path)) == []
    assert {found.aspect for found in compare(real, plain("v4"))} == ASPECTS[behave]


def test_the_words_of_a_text_that_changes_are_compared() -> None:
    def otherwise(server: Server, ask: Ask) -> Answer:
        answer = number_in_a_refusal(server, ask)
        return answer.with_members(message=f"Denied as request {next(NUMBERS)}.") if answer.status >= 400 else answer

    one, other = (record(client_of(behave, {}, "v4")) for behave in (number_in_a_refusal, otherwise))
    found = {(found.aspect, found.one, found.other) for found in compare(one, other)}
    assert found == {("text 1 of 2", "Refused as request 0.", "Denied as request 0.")}
