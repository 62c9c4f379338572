"""What every store of records promises, whichever it is."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from veeam_mock.model.organizations import Organization
from veeam_mock.model.store import MemoryStore, Room, Store
from veeam_mock.stores import records, scripts
from veeam_mock.stores.link import Link
from veeam_mock.stores.place import Place
from veeam_mock.stores.redis_store import RedisStore

MakeStore = Callable[[int], Store[Organization]]


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest) -> Iterator[MakeStore]:
    if request.param == "memory":
        yield lambda bound: MemoryStore(Room(bound))
        return
    link = Link(request.getfixturevalue("redis_server").url, "contract")
    place = Place(link, "")
    link.run(scripts.MAKE, [place.key, "contract:worlds"], "first", "", 1, "0.0", "[]", "[]")
    place.enter()
    yield lambda bound: RedisStore(place, records.ORGANIZATIONS, bound)
    link.close()


def organization(key: str, name: str = "") -> Organization:
    return Organization(key, name, "Worldwide", name)


def test_a_key_is_taken_once(make_store: MakeStore) -> None:
    store = make_store(10)
    assert store.add("a", organization("a"))
    assert not store.add("a", organization("other"))
    assert store.get("a") == organization("a")


def test_a_name_is_taken_until_its_record_goes(make_store: MakeStore) -> None:
    store = make_store(2)
    assert store.add("a", organization("a"), "one")
    assert not store.add("b", organization("b"), "one")
    assert store.pop("a") == organization("a")
    assert store.add("b", organization("b"), "one")
    assert store.add("c", organization("c"), "two") and store.add("d", organization("d"), "three")
    assert store.add("e", organization("e"), "one"), "the bound let b go, and with it its name"
    assert [record.id for record in store.values()] == ["d", "e"]
    store.clear()
    assert store.add("f", organization("f"), "one")


def test_a_record_is_swapped_only_for_what_it_was(make_store: MakeStore) -> None:
    store = make_store(2)
    first, second = organization("a", "first"), organization("a", "second")
    assert not store.swap("a", first, second)
    store.put("a", first)
    assert store.swap("a", first, second)
    assert not store.swap("a", first, organization("a", "third"))
    assert store.get("a") == second
    assert len(store) == 1


def test_the_oldest_goes_at_the_bound(make_store: MakeStore) -> None:
    store = make_store(3)
    for key in "abcad":
        store.put(key, organization(key))
    assert [record.id for record in store.values()] == ["b", "c", "d"]
    assert store.get("a") is None and store.pop("a") is None


@pytest.mark.parametrize("take", ["add", "swap", "pop"])
def test_of_many_at_once_one_is_first(make_store: MakeStore, take: str) -> None:
    store = make_store(1000)
    before = organization("a", "before")
    if take != "add":
        store.put("a", before)
    start = threading.Barrier(8)

    def try_it(number: int) -> bool:
        start.wait()
        if take == "add":
            return store.add(f"{number}", organization("a"), "name")
        return store.pop("a") is not None if take == "pop" else store.swap("a", before, organization("a", str(number)))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 1
