"""Rules of what becomes of a device code. They write, so they run on the bundled mock alone, which plays the person."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange, listed_in
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.rules.expectations import CODE, About, code_of, expect_refusal, require_token, violations

NOBODYS_CODE = "ZZZZZZZZZ"
RIVALS = 8
REGION, OTHER_REGION = "Worldwide", "China"


class Person:
    """The one who types codes, and the client that spends them."""

    def __init__(self, api: Client, decide: Callable[[str, str], object]) -> None:
        self._api = api
        self._decide = decide
        self._named = 0

    def code(self, decision: str | None = None, region: str = REGION) -> str:
        """A fresh code of `region`, on which the person decided `approve`, `deny` or `expire`; None for not yet."""
        code = code_of(self._api.device_code(region, query=self._api.organization_query() if region == REGION else {}))
        if code is None and region != REGION:
            not_tested(f"a code of {region} is refused without an organization")
        if code is None:
            not_tested("no call gave a device code", see="code.status")
        if not CODE.fullmatch(code):
            not_tested("nobody can type the code", see="code.user-code")
        if decision is not None:
            try:
                self._decide(code, decision)
            except LookupError:
                not_tested("the server does not know the code that it gave, so that nobody can approve it")
        return code

    def add(self, code: str, region: str = REGION) -> Exchange:
        """Spend `code` for an organization that nobody has added."""
        self._named += 1
        name = f"contract-{self._api.random.randrange(10**12)}-{self._named}.onmicrosoft.com"
        settings = {"useApplicationOnlyAuth": True, "officeOrganizationName": name}
        return self._api.post_json(
            self._api.path_of("addOrganization"),
            {
                "type": "Office365",
                "region": region,
                "userCode": code,
                "newApplicationName": "contract",
                "isExchangeOnline": True,
                "exchangeOnlineSettings": settings,
            },
        )


@pytest.fixture
def person(api: Client) -> Person:
    require_token(api)
    if api.target.decide is None:
        not_tested("it writes, and nobody here can approve a code of this server")
    return Person(api, api.target.decide)


def expect_added(api: Client, findings: Findings, exchange: Exchange) -> str | None:
    """The answer is the organization that was added; its id."""
    success = api.version.success_of("addOrganization")
    seen = f"status {exchange.status}"
    if not findings.check(exchange.status == success, f"{success}", seen, exchange, like="life.approved"):
        return None
    wrong = violations(api, "addOrganization", exchange.status or 0, exchange.value)
    findings.check(not wrong, "the organization as described", "; ".join(wrong), exchange)
    found = exchange.member("id")
    return found if isinstance(found, str) else None


@pytest.mark.rule("life.approved")
def test_an_approved_code_adds_an_organization(api: Client, findings: Findings, person: Person) -> None:
    added = person.add(person.code("approve"))
    found = expect_added(api, findings, added)
    if found is None:
        return
    listed: Any = api.get(api.path_of("getOrganizations"))
    ids = [str(item.get("id")).lower() for item in listed_in(listed.value)]  # In any case (RFC 9562 section 4).
    times = f"{ids.count(str(found).lower())} times"
    findings.check(times == "1 times", "the organization once in the list", times, listed, like="organizations.list")
    single = api.get(api.path_of("getOrganization", organizationId=found))
    same = single.member("name") == added.member("name")
    findings.check(same, "the organization under its id", f"status {single.status}", single)
    code = api.send("POST", api.path_of("getOrganizationDeviceCode", organizationId=found))
    findings.check(code_of(code) is not None, "a device code for it", f"status {code.status}", code)


@pytest.mark.rule("life.removed")
def test_a_removed_organization_is_gone(api: Client, findings: Findings, person: Person) -> None:
    found = expect_added(api, findings, person.add(person.code("approve")))
    if found is None:
        return
    removed = api.send("DELETE", api.path_of("deleteOrganization", organizationId=found))
    success = api.version.success_of("deleteOrganization")
    findings.check(not removed.body, "no body with its removal", "a body", removed)
    if not findings.check(removed.status == success, f"{success} for its removal", f"status {removed.status}", removed):
        return
    for exchange in (
        api.get(api.path_of("getOrganization", organizationId=found)),
        api.send("POST", api.path_of("getOrganizationDeviceCode", organizationId=found)),
    ):
        expect_refusal(findings, exchange, "an organization that was removed", About.ID)


@pytest.mark.rule("life.once")
def test_a_code_is_spent_once(api: Client, findings: Findings, person: Person) -> None:
    code = person.code("approve")
    expect_added(api, findings, person.add(code))
    for _ in range(2):
        expect_refusal(findings, person.add(code), "a code that was spent", About.ID)


@pytest.mark.rule("life.once-parallel")
def test_of_many_at_once_one_spends_a_code(findings: Findings, person: Person) -> None:
    code = person.code("approve")
    with ThreadPoolExecutor(RIVALS) as pool:
        tries = list(pool.map(lambda _: person.add(code), range(RIVALS)))
    won = [exchange for exchange in tries if exchange.ok]
    findings.check(len(won) == 1, f"one of {RIVALS} succeeds", f"{len(won)} did", tries[0])
    for exchange in tries:
        if exchange not in won:
            expect_refusal(findings, exchange, "a code that was spent", About.ID)


@pytest.mark.parametrize("decision", [None, "deny", "expire"], ids=["pending", "declined", "expired"])
@pytest.mark.rule("life.unapproved")
def test_a_code_that_nobody_approved(findings: Findings, person: Person, decision: str | None) -> None:
    expect_refusal(findings, person.add(person.code(decision)), "a code that is not approved", About.ID)


@pytest.mark.rule("life.unknown")
def test_a_code_that_nobody_was_given(findings: Findings, person: Person) -> None:
    expect_refusal(findings, person.add(NOBODYS_CODE), "a code that was never issued", About.ID)


@pytest.mark.rule("life.region")
def test_a_code_of_another_region(api: Client, findings: Findings, person: Person) -> None:
    code = person.code("approve", OTHER_REGION)
    expect_refusal(findings, person.add(code), f"a code of {OTHER_REGION} for an organization of {REGION}", About.ID)
    expect_added(api, findings, person.add(code, OTHER_REGION))


@pytest.mark.rule("life.purpose")
def test_a_code_of_a_restore(api: Client, findings: Findings, person: Person) -> None:
    session_id = api.target.restore_session_id
    if session_id is None or api.target.decide is None:
        not_tested("no restore session is known")
    path = api.path_of("getRestoreDeviceCode", restoreSessionId=session_id)
    code = code_of(api.post_json(path, {"targetRegion": REGION}))
    if code is None:
        not_tested("no call gave a device code for a restore")
    api.target.decide(code, "approve")
    expect_refusal(findings, person.add(code), "a code that was asked for a restore", About.ID)
