"""The strength of the contracts: every faulty server is blamed by a rule that names its defect, no lawful one is."""

import os

import pytest

from mutants.bank import MUTANTS, VARIANTS, Mutant, Variant
from mutants.harness import Server, broken, judge
from veeam_contracts.document import questions
from veeam_contracts.judging.catalogue import BY_ID
from veeam_contracts.judging.verdict import Outcome, Status

SEED = int(os.environ.get("VEEAM_CONTRACTS_SEED", "1"))
"""Another seed draws other codes and generates other cases."""

ONE_OF_A_KIND = list({mutant.group: mutant for mutant in MUTANTS if not mutant.generated}.values())
"""One mutant of each group, for a plain run of pytest."""


def named(servers: list[Mutant] | list[Variant] | tuple[Variant, ...]) -> list[object]:
    """As parameters with their names as ids."""
    return [pytest.param(server, id=server.name) for server in servers]


def blame(mutant: Mutant) -> None:
    """The contracts break, by a rule that names the defect."""
    verdict = judge(mutant.behave, dict(mutant.settings), seed=SEED, generated=mutant.generated, api=mutant.api)
    assert verdict.status == Status.BROKEN, verdict.reason
    assert broken(verdict) & set(mutant.rules), f"blamed only {sorted(broken(verdict))}"
    assert not mutant.alone or broken(verdict) <= set(mutant.rules), verdict.having(Outcome.FAILED)


@pytest.mark.parametrize("mutant", named(ONE_OF_A_KIND))
def test_a_faulty_server_of_each_kind_is_blamed(mutant: Mutant) -> None:
    blame(mutant)


@pytest.mark.long
@pytest.mark.parametrize("mutant", named(MUTANTS))
def test_every_faulty_server_is_blamed(mutant: Mutant) -> None:
    blame(mutant)


@pytest.mark.long
@pytest.mark.parametrize("variant", named(VARIANTS))
def test_no_lawful_server_is_blamed(variant: Variant) -> None:
    verdict = judge(variant.behave, dict(variant.settings), seed=SEED, generated=True, api=variant.api)
    wrong = [(r.rule.id, list(map(str, r.failures))) for r in verdict.having(Outcome.FAILED, Outcome.ERROR)]
    assert verdict.status == Status.CONFORMS, (verdict.reason, wrong)


def test_the_server_with_every_second_reading_is_not_blamed_and_each_reading_is_observed() -> None:
    variant = next(variant for variant in VARIANTS if variant.name == "every second reading at once")
    verdict = judge(variant.behave, dict(variant.settings), seed=SEED)
    assert verdict.status == Status.CONFORMS, verdict.reason
    seen = {observation.question: observation.reading for observation in verdict.observations}
    assert seen.items() >= dict(variant.settings["ambiguities"]).items()


@pytest.mark.parametrize("url", ["https://10.1.2.3:4443", "https://veeam:4443"])
def test_links_by_a_full_name_are_lawful_where_the_server_was_asked_by_a_shorter_one(url: str) -> None:
    verdict = judge(Server.answer, seed=SEED, url=url)
    assert "organizations.links" not in broken(verdict)
    assert "organizations.links" in {result.rule.id for result in verdict.having(Outcome.PASSED)}


def test_the_bank_is_large_and_names_rules_and_questions_that_exist() -> None:
    assert len(MUTANTS) >= 250
    assert len(VARIANTS) >= 90
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {rule for mutant in MUTANTS for rule in mutant.rules} <= set(BY_ID)
    settings = [variant.settings.get("ambiguities", {}) for variant in VARIANTS]
    for question, entry in questions().items():
        real = {
            name for name, reading in entry["readings"].items() if "no server but the mock" not in reading["source"]
        }
        assert {chosen.get(question) for chosen in settings} >= real, question
