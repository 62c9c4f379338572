"""Properties of what the server keeps: stores, time, tokens, chance."""

import gc
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from veeam_mock.model import regions
from veeam_mock.model.clock import LATEST, Clock, TimeTravelError
from veeam_mock.model.errors import AccessDenied, InvalidGrant, UnknownRegion
from veeam_mock.model.randomness import CODE_ALPHABET, Randomness
from veeam_mock.model.store import MemoryStore, Room
from veeam_mock.model.tokens import Lifetimes, Login, TokenPair, Tokens, digest_of

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(st.sampled_from(["put", "pop", "get"]), KEYS, st.integers()))


@given(st.integers(1, 4), STEPS)
def test_a_store_is_an_ordered_mapping_that_forgets_the_oldest(bound: int, steps: list[tuple[str, str, int]]) -> None:
    store: MemoryStore[int] = MemoryStore(Room(bound))
    model: OrderedDict[str, int] = OrderedDict()
    for step, key, value in steps:
        if step == "put":
            store.put(key, value)
            model[key] = value
            if len(model) > bound:
                model.popitem(last=False)
        elif step == "pop":
            assert store.pop(key) == model.pop(key, None)
        else:
            assert store.get(key) == model.get(key)
        assert store.values() == list(model.values())
        assert len(store) == len(model) <= bound
    store.clear()
    assert store.values() == []


SHARED_STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "pop", "clear"]), st.integers(0, 3), KEYS))


@given(st.integers(1, 12), SHARED_STEPS)
def test_stores_that_share_a_room_take_nothing_from_one_that_keeps_to_its_share(
    bound: int, steps: list[tuple[str, int, str]]
) -> None:
    room = Room(bound)
    stores: list[MemoryStore[str]] = [MemoryStore(room) for _ in range(4)]
    share = bound // len(stores)
    for step, number, key in steps:
        before = [store.values() for store in stores]
        if step == "put":
            stores[number].put(key, key)
            assert stores[number].get(key) == key
        elif step == "pop":
            stores[number].pop(key)
        else:
            stores[number].clear()
        for store, had in zip(stores, before, strict=True):
            if store is not stores[number] and store.values() != had:
                assert store.values() == had[1:], "the oldest goes"
                assert len(had) > share, "only what is beyond its share"
                assert len(had) == max(map(len, before)), "from where there is most"
        assert sum(map(len, stores)) <= bound


def test_a_store_that_nobody_holds_takes_no_share() -> None:
    room = Room(4)
    left: MemoryStore[int] = MemoryStore(room)
    left.put("a", 1)
    left.clear()
    del left
    gc.collect()
    store: MemoryStore[int] = MemoryStore(room)
    for number in range(5):
        store.put(str(number), number)
    assert store.values() == [1, 2, 3, 4]


def test_a_record_is_taken_by_one_caller_only() -> None:
    store: MemoryStore[int] = MemoryStore(Room(1000))
    for number in range(1000):
        store.put(str(number), number)
    start = threading.Barrier(8)

    def take(_: int) -> list[int]:
        start.wait()
        return [record for number in range(1000) if (record := store.pop(str(number))) is not None]

    with ThreadPoolExecutor(8) as pool:
        taken = [record for records in pool.map(take, range(8)) for record in records]
    assert sorted(taken) == list(range(1000))


class Hands:
    """A source of time that is moved by hand."""

    def __init__(self) -> None:
        self.time = 1_900_000_000.0

    def __call__(self) -> float:
        return self.time


class ClockMachine(RuleBasedStateMachine):
    """A clock never goes back, whatever is done to it, and stands still only when it is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Hands()
        self.clock = Clock(self.source)
        self.last = self.clock.now()

    @rule(seconds=st.floats(0, 1e6))
    def time_passes(self, seconds: float) -> None:
        before = self.clock.now()
        self.source.time += seconds
        assert self.clock.now() == pytest.approx(before if self.clock.frozen else before + seconds)

    @rule(seconds=st.floats(0, 1e6))
    def advance(self, seconds: float) -> None:
        assert self.clock.advance(seconds) == pytest.approx(self.last + seconds)

    @rule(seconds=st.floats(0, 1e6))
    def set(self, seconds: float) -> None:
        moment = self.clock.now() + seconds
        assert self.clock.set(moment) == pytest.approx(self.clock.now()) == pytest.approx(moment)

    @rule(seconds=st.floats(0.001, 1e6))
    def refuse_to_go_back(self, seconds: float) -> None:
        with pytest.raises(TimeTravelError, match="never goes back"):
            self.clock.advance(-seconds)
        with pytest.raises(TimeTravelError, match="never goes back"):
            self.clock.set(self.clock.now() - seconds)

    @rule(moment=st.sampled_from([LATEST + 1, float("inf"), float("nan")]))
    def refuse_to_go_beyond_the_last_date(self, moment: float) -> None:
        with pytest.raises(TimeTravelError, match="cannot go beyond"):
            self.clock.set(moment)

    @rule()
    def freeze(self) -> None:
        assert self.clock.freeze() == self.clock.now()

    @precondition(lambda self: self.clock.frozen)
    @rule()
    def release(self) -> None:
        assert self.clock.release() == pytest.approx(self.clock.now())
        assert not self.clock.frozen

    @invariant()
    def time_never_goes_back(self) -> None:
        now = self.clock.now()
        assert now >= self.last - 1e-6
        self.last = now


TestClock = ClockMachine.TestCase
TestClock.settings = settings(max_examples=50, stateful_step_count=30)


def test_the_clock_starts_at_the_real_time() -> None:
    assert abs(Clock().now() - datetime.now(UTC).timestamp()) < 5


class TokenMachine(RuleBasedStateMachine):
    """An access token opens until its end; a refresh token can be spent once, until its own end."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Hands()
        self.lifetimes = Lifetimes(code=900, token=60, refresh=600)
        self.tokens = Tokens(
            Clock(self.source),
            Randomness(1),
            self.lifetimes,
            passwords={"ann": "a", "bob": "b"},
            forms={},
            access=MemoryStore[Login](Room(1000)),
            refresh=MemoryStore[Login](Room(1000)),
        )
        self.pairs: list[tuple[TokenPair, str]] = []
        self.revoked: set[str] = set()
        self.spent: set[str] = set()

    def keep(self, pair: TokenPair, username: str) -> None:
        assert pair.login.username == username
        assert pair.login.access_expires_at == self.source.time + self.lifetimes.token
        assert pair.access_token not in repr(pair)
        self.pairs.append((pair, username))

    @rule(username=st.sampled_from(["ann", "bob"]))
    def log_in(self, username: str) -> None:
        self.keep(self.tokens.log_in(username, username[0]), username)

    @rule(username=st.sampled_from(["ann", "bob", "eve", ""]), password=st.sampled_from(["", "c", "ann", "é"]))
    def refuse_wrong_credentials(self, username: str, password: str) -> None:
        with pytest.raises(InvalidGrant):
            self.tokens.log_in(username, password)

    @rule(seconds=st.sampled_from([0.0, 1, 59, 60, 61, 599, 600]))
    def time_passes(self, seconds: float) -> None:
        self.source.time += seconds

    @rule(seconds=st.integers(1, 120))
    def change_the_lifetime(self, seconds: int) -> None:
        self.lifetimes.token = seconds

    @precondition(lambda self: self.pairs)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        pair, username = data.draw(st.sampled_from(self.pairs))
        is_good = pair.refresh_token not in self.spent and self.source.time < pair.login.refresh_expires_at
        self.spent.add(pair.refresh_token)
        if is_good:
            self.keep(self.tokens.refresh(pair.refresh_token), username)
        else:
            with pytest.raises(InvalidGrant):
                self.tokens.refresh(pair.refresh_token)

    @precondition(lambda self: self.pairs)
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        pair, _ = data.draw(st.sampled_from(self.pairs))
        self.tokens.revoke(pair.access_token)
        self.revoked.add(pair.access_token)
        self.spent.add(pair.refresh_token)  # a logout ends the whole login

    @invariant()
    def every_token_opens_exactly_while_it_lives(self) -> None:
        for pair, username in self.pairs:
            is_alive = self.source.time < pair.login.access_expires_at and pair.access_token not in self.revoked
            if is_alive:
                assert self.tokens.authenticate(digest_of(pair.access_token)).username == username
            else:
                with pytest.raises(AccessDenied):
                    self.tokens.authenticate(digest_of(pair.access_token))

    @invariant()
    def no_two_tokens_are_alike(self) -> None:
        issued = [token for pair, _ in self.pairs for token in (pair.access_token, pair.refresh_token)]
        assert len(set(issued)) == len(issued)


TestTokens = TokenMachine.TestCase
TestTokens.settings = settings(max_examples=50, stateful_step_count=30)


@given(st.integers() | st.text(max_size=20), st.integers(1, 12))
def test_a_seed_repeats_the_same_text(seed: int | str, length: int) -> None:
    texts = [Randomness(seed).text(CODE_ALPHABET, length) for _ in range(2)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == length
    assert set(texts[0]) <= set(CODE_ALPHABET)


@given(st.sampled_from(regions.NAMES), st.booleans())
def test_a_region_is_known_in_any_case_and_has_a_page(name: str, is_upper: bool) -> None:
    assert regions.canonical(name.upper() if is_upper else name.lower()) == name
    assert regions.sign_in_page(name).startswith("https://microsoft.com/devicelogin")


def test_another_region_is_unknown() -> None:
    with pytest.raises(UnknownRegion, match="Atlantis is not a region"):
        regions.canonical("Atlantis")
