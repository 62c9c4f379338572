"""The strength of the contracts: every faulty server is blamed by a rule that names its defect, no lawful one is."""

import os
from collections.abc import Iterator
from statistics import median

import pytest

from mutants.bank import MUTANTS, VARIANTS, Mutant, Variant
from mutants.harness import FakeTime, Server, broken, judge
from veeam_contracts.asking.target import LIVE
from veeam_contracts.document import questions
from veeam_contracts.judging.catalogue import BY_ID
from veeam_contracts.judging.verdict import Outcome, Status, Verdict

SEED = int(os.environ.get("VEEAM_CONTRACTS_SEED", "1"))
"""Another seed draws other codes and generates other cases."""

ONE_OF_A_KIND = list({mutant.group: mutant for mutant in MUTANTS if not mutant.generated}.values())
"""One mutant of each group, for a plain run of pytest."""


def named(servers: list[Mutant] | list[Variant] | tuple[Variant, ...]) -> list[object]:
    """As parameters with their names as ids."""
    return [pytest.param(server, id=server.name) for server in servers]


MOST_FINDINGS = 3
TELLING = 20
"""So many servers have a median that means something."""


@pytest.fixture(scope="module")
def findings() -> Iterator[list[int]]:
    """How many rules broke for each defect; half of them in one rule alone, over all that this process tried."""
    counts: list[int] = []
    yield counts
    assert len(counts) < TELLING or median(counts) == 1, sorted(counts)


def blame(mutant: Mutant, findings: list[int]) -> None:
    """The contracts break, by a rule that names the defect, and by few others."""
    verdict = judge(mutant.behave, dict(mutant.settings), seed=SEED, generated=mutant.generated, api=mutant.api)
    assert verdict.status == Status.BROKEN, verdict.reason
    assert broken(verdict) & set(mutant.rules), f"blamed only {sorted(broken(verdict))}"
    assert not mutant.alone or broken(verdict) <= set(mutant.rules), verdict.having(Outcome.FAILED)
    assert len(broken(verdict)) <= (1 if mutant.group == "operations" else MOST_FINDINGS), sorted(broken(verdict))
    findings.append(len(broken(verdict)))


@pytest.mark.parametrize("mutant", named(ONE_OF_A_KIND))
def test_a_faulty_server_of_each_kind_is_blamed(mutant: Mutant, findings: list[int]) -> None:
    blame(mutant, findings)


@pytest.mark.long
@pytest.mark.parametrize("mutant", named(MUTANTS))
def test_every_faulty_server_is_blamed(mutant: Mutant, findings: list[int]) -> None:
    blame(mutant, findings)


@pytest.mark.long
@pytest.mark.parametrize("variant", named(VARIANTS))
def test_no_lawful_server_is_blamed(variant: Variant) -> None:
    verdict = judge(variant.behave, dict(variant.settings), seed=SEED, generated=True, api=variant.api)
    wrong = [(r.rule.id, list(map(str, r.failures))) for r in verdict.having(Outcome.FAILED, Outcome.ERROR)]
    assert verdict.status == Status.CONFORMS, (verdict.reason, wrong)


@pytest.mark.long
@pytest.mark.parametrize("variant", named(VARIANTS))
def test_no_lawful_server_is_blamed_within_the_limits_for_live_ones(variant: Variant) -> None:
    verdict = judge_live(variant)
    wrong = [(r.rule.id, list(map(str, r.failures))) for r in verdict.having(Outcome.FAILED, Outcome.ERROR)]
    assert verdict.status == Status.CONFORMS, (verdict.reason, wrong, verdict.not_tested())


LENIENT = ("values that dotnet binds to an enum", "unknown methods are not implemented",
           "odd paths are redirected to the clean one as go does", "no organizations and one is required")  # fmt: skip
"""Lawful servers that use up what a live run may ask for, or answer much of it as somebody who fails."""


@pytest.mark.parametrize("variant", named([variant for variant in VARIANTS if variant.name in LENIENT]))
def test_a_lenient_server_conforms_within_the_limits_for_live_ones(variant: Variant) -> None:
    verdict = judge_live(variant)
    assert verdict.status == Status.CONFORMS, (verdict.reason, verdict.not_tested())


def judge_live(variant: Variant) -> Verdict:
    """The verdict on a lawful server that is treated as one of somebody else."""
    settings = dict(variant.settings)
    return judge(variant.behave, settings, seed=SEED, generated=True, api=variant.api, limits=LIVE, clock=FakeTime())


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
