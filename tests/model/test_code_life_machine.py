"""The whole life of codes and organizations against a simple model of it, in random order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from veeam_mock import Settings, create_app
from veeam_mock.control.client import ControlClient, ControlFailure
from veeam_mock.control.transports import InProcess

LIFETIME = 900
ACCOUNTS = ("ada@one.test", "grace@two.test", "edsger@three.test")
SEEDED = {
    "00000000-0000-4000-8000-000000000001": ("tailspintoys.onmicrosoft.com", "Worldwide"),
    "00000000-0000-4000-8000-000000000002": ("wingtiptoys.partner.onmschina.cn", "China"),
}
SESSION = "00000000-0000-4000-8000-00000000a001"
REGIONS = ("Worldwide", "China", "USgovDefence", "USDefence")
CLOUD = {"USgovDefence": "USDefence"}
ERRORS = {"expired": "AADSTS70019", "denied": "AADSTS65004", "spent": "AADSTS54005", "pending": "AADSTS70016"}
WRONG = "The device code was issued for"
DONE = ""

pick = st.integers(0, 5)
region_names = st.sampled_from(REGIONS)
wanted_regions = st.one_of(st.none(), region_names)
wanted_names = st.one_of(st.none(), st.sampled_from(["one.test", "own.test"]))


@dataclass
class Code:
    region: str
    use: str
    organization: str | None
    expires: int
    approved_from: int | None
    decision: str = "pending"
    account: str | None = None


class Life(RuleBasedStateMachine):
    """The server on one side, `codes`, `organizations`, `now` and `auto` on the other. Times are seconds."""

    steps = 0
    store = "memory"

    def __init__(self) -> None:
        super().__init__()
        settings = Settings(token_lifetime="3650d", accounts=list(ACCOUNTS), store=self.store)
        self.app = create_app(settings)
        self.control = ControlClient(InProcess(self.app.extensions["veeam"].control))
        self.client = self.app.test_client()
        if self.store != "memory":  # another server, which knows of the first by the store alone
            self.client = create_app(settings).test_client()
            self.control.reset()
        self.begin()

    def begin(self) -> None:
        self.control.clock.freeze()
        self.control.clock.set("2135-01-01T00:00:00Z")
        form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
        token = self.client.post("/v4/Token", data=form).json["access_token"]  # type: ignore[index]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.codes: dict[str, Code] = {}
        self.organizations = dict(SEEDED)
        self.now = 0
        self.auto: int | None = None

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = self.client.open(f"/v4{path}", method=method, json=body, headers=self.headers)
        return answer.status_code, answer.json if answer.data else None

    def state(self, code: Code) -> str:
        if code.decision == "spent":
            return "spent"
        if self.now >= code.expires:
            return "expired"
        waited = code.approved_from is not None and self.now >= code.approved_from
        return "approved" if code.decision == "pending" and waited else code.decision

    def one(self, number: int) -> tuple[str, Code]:
        """One of the last three codes, so that a code meets several fates."""
        name = list(self.codes)[-3:][number % min(3, len(self.codes))]
        return name, self.codes[name]

    def fresh_account(self) -> str | None:
        names = {name for name, _ in self.organizations.values()}
        return next((account for account in ACCOUNTS if account.partition("@")[2] not in names), None)

    def issued(self, answer: tuple[int, Any], region: str, use: str, organization: str | None = None) -> None:
        status, content = answer
        assert (status, content["expiresIn"]) == (200, LIFETIME)
        approved_from = None if self.auto is None else self.now + self.auto
        self.codes[content["userCode"]] = Code(region, use, organization, self.now + LIFETIME, approved_from)

    @precondition(lambda self: len(self.codes) < 10)
    @rule(region=region_names)
    def issue(self, region: str) -> None:
        self.issued(self.call("POST", "/DeviceCode", {"targetRegion": region}), region, "add")

    @precondition(lambda self: self.organizations and len(self.codes) < 10)
    @rule(number=pick, region=region_names)
    def issue_for_organization_by_query(self, number: int, region: str) -> None:
        key = list(self.organizations)[number % len(self.organizations)]
        answer = self.call("POST", f"/DeviceCode?organizationId={key}", {"targetRegion": region})
        self.issued(answer, region, "add", key)

    @precondition(lambda self: self.organizations and len(self.codes) < 10)
    @rule(number=pick)
    def issue_for_organization(self, number: int) -> None:
        key = list(self.organizations)[number % len(self.organizations)]
        answer = self.call("POST", f"/Organizations/{key}/DeviceCode")
        self.issued(answer, self.organizations[key][1], "applications", key)

    @precondition(lambda self: len(self.codes) < 10)
    @rule(region=region_names)
    def issue_for_restore(self, region: str) -> None:
        path = f"/RestoreSessions/{SESSION}/organization/restoreDeviceCode"
        self.issued(self.call("POST", path, {"targetRegion": region}), region, "restore")

    @precondition(lambda self: self.codes)
    @rule(number=pick, account=st.sampled_from([None, *ACCOUNTS]))
    def approve(self, number: int, account: str | None) -> None:
        name, code = self.one(number)
        if self.decided(lambda: self.control.device_codes.approve(name, account), code):
            code.decision, code.account = "approved", account or self.fresh_account()

    @precondition(lambda self: self.codes)
    @rule(number=pick)
    def deny(self, number: int) -> None:
        name, code = self.one(number)
        if self.decided(lambda: self.control.device_codes.deny(name), code):
            code.decision = "denied"

    def decided(self, decide: Any, code: Code) -> bool:
        """Whether the decision was taken; it is refused in the order expired, denied, spent."""
        state = self.state(code)
        if state in ("pending", "approved"):
            decide()
            return True
        with pytest.raises(ControlFailure, match=ERRORS[state]):
            decide()
        return False

    @precondition(lambda self: self.codes)
    @rule(number=pick)
    def expire(self, number: int) -> None:
        name, code = self.one(number)
        if self.state(code) == "spent":
            with pytest.raises(ControlFailure, match=ERRORS["spent"]):
                self.control.device_codes.expire(name)
        else:
            self.control.device_codes.expire(name)
            code.expires = min(code.expires, self.now)

    @rule(seconds=st.sampled_from([1, 2, 3, 60, 299, 300, 600]))
    def advance(self, seconds: int) -> None:
        self.control.clock.advance(seconds)
        self.now += seconds

    @rule(seconds=st.sampled_from([None, 0, 3, 300, 900]))
    def approve_by_itself_after(self, seconds: int | None) -> None:
        self.control.change_settings(auto_approve=seconds)
        self.auto = seconds

    def expected(self, code: Code, uses: tuple[str, ...], region: str | None) -> str:
        """What spending a code is refused with; empty when it is spent."""
        state = self.state(code)
        if state != "approved":
            return ERRORS[state]
        same = region is None or CLOUD.get(code.region, code.region) == CLOUD.get(region, region)
        return DONE if code.use in uses and same else WRONG

    @precondition(lambda self: self.codes)
    @rule(number=pick, region=wanted_regions, name=wanted_names)
    def add(self, number: int, region: str | None, name: str | None) -> None:
        user_code, code = self.one(number)
        body = {"userCode": user_code, "newApplicationName": "Backup", "region": region, "name": name}
        status, content = self.call("POST", "/Organizations", body)
        error = self.expected(code, ("add",), region)
        if error:
            assert status == 400 and content["message"].startswith(error), content
            return
        account = code.account or self.fresh_account()
        wanted = name or (account.partition("@")[2] if account else f"{user_code.lower()}.onmicrosoft.com")
        if wanted in {known for known, _ in self.organizations.values()}:
            assert status == 409, content
            return
        assert (status, content["name"], content["region"]) == (200, wanted, region or code.region)
        self.organizations[content["id"]] = (wanted, region or code.region)
        code.decision = "spent"

    @precondition(lambda self: self.codes and self.organizations)
    @rule(number=pick, which=pick)
    def update(self, number: int, which: int) -> None:
        user_code, code = self.one(number)
        key = list(self.organizations)[which % len(self.organizations)]
        self.spend(code, "add", key, self.call("PUT", f"/Organizations/{key}", {"userCode": user_code}), 204)

    @precondition(lambda self: self.codes and self.organizations)
    @rule(number=pick, which=pick)
    def add_applications(self, number: int, which: int) -> None:
        user_code, code = self.one(number)
        key = list(self.organizations)[which % len(self.organizations)]
        answer = self.call("POST", f"/Organizations/{key}/Applications", {"userCode": user_code})
        self.spend(code, "applications", key, answer, 200)

    def spend(self, code: Code, use: str, key: str, answer: tuple[int, Any], good: int) -> None:
        """A code is spent for an organization, or refused for what is wrong with it."""
        status, content = answer
        error = self.expected(code, (use,), self.organizations[key][1])
        if not error and code.organization not in (None, key):
            error = WRONG
        if error:
            assert status == 400 and content["message"].startswith(error), content
            return
        assert status == good
        code.decision = "spent"

    @precondition(lambda self: self.organizations)
    @rule(number=pick)
    def delete(self, number: int) -> None:
        key = list(self.organizations)[number % len(self.organizations)]
        assert self.call("DELETE", f"/Organizations/{key}") == (200, None)
        del self.organizations[key]
        assert self.call("PUT", f"/Organizations/{key}", {})[0] == 404

    @precondition(lambda self: len(self.codes) >= 5)
    @rule()
    def reset(self) -> None:
        self.control.reset()
        self.begin()

    @invariant()
    def codes_are_as_in_the_model(self) -> None:
        type(self).steps += 1
        shown = {c["userCode"]: (c["state"], c["account"], c["region"]) for c in self.control.device_codes.list()}
        assert shown == {name: (self.state(c), c.account, c.region) for name, c in self.codes.items()}

    @invariant()
    def organizations_are_as_in_the_model(self) -> None:
        status, listed = self.call("GET", "/Organizations")
        assert (status, {o["id"]: (o["name"], o["region"]) for o in listed}) == (200, self.organizations)


@pytest.fixture(params=["memory", "redis"])
def life(request: pytest.FixtureRequest) -> Iterator[type[Life]]:
    Life.steps = 0
    Life.store = "memory" if request.param == "memory" else request.getfixturevalue("redis_server").url
    yield Life


CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_a_few_lives_are_as_in_the_model(life: type[Life]) -> None:
    few = settings(
        max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=CHECKS, derandomize=True
    )
    run_state_machine_as_test(life, settings=few)
    assert life.steps >= 100


@pytest.mark.long
def test_thousands_of_steps_are_as_in_the_model(life: type[Life]) -> None:
    many = settings(max_examples=120, stateful_step_count=80, deadline=None, suppress_health_check=CHECKS)
    run_state_machine_as_test(life, settings=many)
    assert life.steps >= 5_000
