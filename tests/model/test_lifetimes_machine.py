"""The whole model against a simple one: codes and tokens die at the tick, and not before."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from support.redis_server import RedisServer
from veeam_mock.api.worlds import Rooms, World, make_world
from veeam_mock.faults.parsing import FaultParser
from veeam_mock.model.device_codes import Purpose, State
from veeam_mock.model.errors import AccessDenied, CodeExpired, InvalidGrant
from veeam_mock.model.tokens import digest_of
from veeam_mock.settings.settings import Settings
from veeam_mock.spec.versions import Versions
from veeam_mock.stores.link import Link
from veeam_mock.stores.shared_worlds import SharedWorlds

LIFETIMES = {"code_lifetime": 900, "token_lifetime": 3600, "refresh_lifetime": 86400}
STEPS = st.sampled_from([0, 0.001, 1, 899.999, 900, 3599, 3600, 86400]) | st.floats(0, 100_000).map(
    lambda s: round(s, 3)
)


@dataclass
class Expected:
    """What the simple model knows: the time, and when things end."""

    now: float = 0.0
    access: dict[str, float] = field(default_factory=dict)
    refresh: dict[str, float] = field(default_factory=dict)
    codes: dict[str, float] = field(default_factory=dict)
    lifetimes: dict[str, float] = field(default_factory=lambda: dict(LIFETIMES))


class Life(RuleBasedStateMachine):
    """Issue, refresh, advance, freeze, change lifetimes, revoke, reset, in any order."""

    tokens = Bundle("tokens")
    refresh_tokens = Bundle("refresh_tokens")
    codes = Bundle("codes")

    @initialize()
    def begin(self) -> None:
        self.real = 1_800_000_000.0
        self.reset()

    @rule()
    def reset(self) -> None:
        settings = Settings(seed=1, **LIFETIMES)
        self.world = self.make_world(settings, FaultParser(Versions(["v4"], {})))
        self.clock = self.world.clock
        self.expected = Expected(now=self.real)

    def make_world(self, settings: Settings, parser: FaultParser) -> World:
        return make_world("", settings, parser, Rooms.of(settings), lambda: self.real)

    @rule(seconds=STEPS)
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.expected.now = self.clock.now()

    @rule(seconds=STEPS)
    def real_time_passes(self, seconds: float) -> None:
        before = self.clock.now()
        self.real += seconds
        if self.clock.frozen:
            assert self.clock.now() == before
        self.expected.now = self.clock.now()

    @rule()
    def freeze(self) -> None:
        assert self.clock.freeze() == self.expected.now

    @rule()
    def release(self) -> None:
        assert self.clock.release() == self.expected.now
        assert abs(self.clock.now() - self.expected.now) < 1e-6
        self.expected.now = self.clock.now()

    @rule(name=st.sampled_from(list(LIFETIMES)), seconds=st.integers(1, 100_000))
    def change_a_lifetime(self, name: str, seconds: int) -> None:
        self.world.change(self.world.settings.replace(**{name: seconds}))
        self.expected.lifetimes[name] = seconds

    @rule(target=tokens)
    def log_in(self) -> tuple[str, str]:
        return self._granted(self.world.tokens.log_in("administrator", "veeam"))

    def _granted(self, pair: object) -> tuple[str, str]:
        access, refresh = pair.access_token, pair.refresh_token  # type: ignore[attr-defined]
        assert access not in self.expected.access
        self.expected.access[access] = self.expected.now + self.expected.lifetimes["token_lifetime"]
        self.expected.refresh[refresh] = self.expected.now + self.expected.lifetimes["refresh_lifetime"]
        return access, refresh

    @rule(pair=tokens, target=tokens)
    def refresh(self, pair: tuple[str, str]) -> tuple[str, str]:
        ends = self.expected.refresh.get(pair[1])
        try:
            fresh = self.world.tokens.refresh(pair[1])
        except InvalidGrant as error:
            assert ends is None or self.expected.now >= ends
            assert ("expired" in error.message) == (ends is not None)
            return pair
        assert ends is not None
        assert self.expected.now < ends
        del self.expected.refresh[pair[1]]
        return self._granted(fresh)

    @rule(pair=consumes(tokens))
    def revoke(self, pair: tuple[str, str]) -> None:
        self.world.tokens.revoke(pair[0])
        self.expected.access.pop(pair[0], None)
        self.expected.refresh.pop(pair[1], None)  # a logout ends the whole login
        assert not self._opens(pair[0])

    @rule(target=codes)
    def issue(self) -> str:
        code = self.world.device_codes.issue(Purpose("Worldwide"))
        self.expected.codes[code.user_code] = self.expected.now + self.expected.lifetimes["code_lifetime"]
        return code.user_code

    @rule(user_code=codes)
    def approve(self, user_code: str) -> None:
        """A person types what a client was given; a seeded world gives the same codes again after a reset."""
        ends = self.expected.codes.get(user_code)
        if ends is None:
            return
        try:
            self.world.device_codes.approve(self.world.device_codes.find(user_code))
        except CodeExpired:
            assert self.expected.now >= ends
        else:
            assert self.expected.now < ends

    @invariant()
    def tokens_and_codes_live_exactly_as_long_as_they_should(self) -> None:
        now = self.clock.now()
        assert now == self.expected.now
        for access, ends in self.expected.access.items():
            assert self._opens(access) == (now < ends)
        kept = {code.user_code: code for code in self.world.device_codes.all()}
        assert kept.keys() == self.expected.codes.keys()
        for user_code, ends in self.expected.codes.items():
            left = self.world.device_codes.remaining(kept[user_code])
            assert left == max(0.0, ends - now)
            assert (self.world.device_codes.state(kept[user_code]) is State.EXPIRED) == (now >= ends)

    def _opens(self, access: str) -> bool:
        try:
            self.world.tokens.authenticate(digest_of(access))
        except AccessDenied:
            return False
        return True


CHECKS = list(HealthCheck)
Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=CHECKS)
TestLife = Life.TestCase


def test_lives_on_a_shared_store_are_the_same(redis_server: RedisServer) -> None:
    links: list[Link] = []

    class SharedLife(Life):
        def make_world(self, settings: Settings, parser: FaultParser) -> World:
            link = Link(redis_server.url, "lifetimes", lambda: self.real)
            links.append(link)
            return SharedWorlds(settings, parser, link, anew=True).find("")

    few = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=CHECKS)
    run_state_machine_as_test(SharedLife, settings=few)
    for link in links:
        link.close()
