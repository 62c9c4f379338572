"""Where the model keeps its records: an interface, and the implementation in memory."""

import threading
import weakref
from collections import OrderedDict
from typing import Any, Protocol, TypeVar

Record = TypeVar("Record")


class Store(Protocol[Record]):
    """Records by key, in the order in which they came, bounded in number.

    Every method is safe to call from several threads at once.
    """

    def put(self, key: str, record: Record) -> None:
        """Keep `record` under `key`; what the store held there before is replaced."""

    def add(self, key: str, record: Record, name: str = "") -> bool:
        """Keep a new record; False when `key` is taken, or when another record was added under the same `name`."""

    def swap(self, key: str, old: Record, new: Record) -> bool:
        """Keep `new` in place of `old`; False when `key` holds something else by now."""

    def get(self, key: str) -> Record | None:
        """The record under `key`, or None."""

    def pop(self, key: str) -> Record | None:
        """Remove the record under `key` and return it, or None when another caller was first."""

    def values(self) -> list[Record]:
        """All records, the oldest first."""

    def clear(self) -> None:
        """Forget all records."""

    def __len__(self) -> int: ...


class Room:
    """Room for so many records, which the stores of several worlds share.

    Where it is full, a store that has its share or more, `bound` by the number of stores, loses its oldest record for
    each new one; one that has less takes the place of the oldest record of the store that has most. So what happens in
    one world takes nothing from another that keeps to its share.
    """

    def __init__(self, bound: int) -> None:
        self._bound = self._share = bound
        self._stores: list[weakref.ref[MemoryStore[Any]]] = []
        self._count = 0
        self.lock = threading.Lock()

    def enter(self, store: "MemoryStore[Any]") -> None:
        """A store that shares the room from now on, for as long as somebody holds it."""
        self._stores.append(weakref.ref(store, self._left))
        self._divide()

    def _left(self, store: "weakref.ref[MemoryStore[Any]]") -> None:
        self._stores.remove(store)
        self._divide()

    def _divide(self) -> None:
        self._share = max(1, self._bound // max(1, len(self._stores)))

    def take(self, store: "MemoryStore[Any]") -> None:
        """Take a place for one more record of `store`. The caller holds the lock."""
        if self._count < self._bound:
            self._count += 1
        elif len(store.records) >= self._share:
            store.drop_oldest()
        else:
            there = [each for ref in tuple(self._stores) if (each := ref()) is not None]
            max(there, key=len).drop_oldest()

    def leave(self, records: int) -> None:
        """Give back the places of so many records. The caller holds the lock."""
        self._count -= records


class MemoryStore(Store[Record]):
    """A store in this process, in a room that others may share."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.records: OrderedDict[str, Record] = OrderedDict()
        self._names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._lock = room.lock
        room.enter(self)

    def put(self, key: str, record: Record) -> None:
        with self._lock:
            if key not in self.records:
                self._room.take(self)
            self.records[key] = record

    def add(self, key: str, record: Record, name: str = "") -> bool:
        with self._lock:
            if key in self.records or name in self._keys:
                return False
            self._room.take(self)
            self.records[key] = record
            if name:
                self._names[key], self._keys[name] = name, key
            return True

    def swap(self, key: str, old: Record, new: Record) -> bool:
        with self._lock:
            if key not in self.records or self.records[key] != old:
                return False
            self.records[key] = new
            return True

    def get(self, key: str) -> Record | None:
        return self.records.get(key)

    def pop(self, key: str) -> Record | None:
        with self._lock:
            self._drop_name(key)
            record = self.records.pop(key, None)
            if record is not None:
                self._room.leave(1)
            return record

    def values(self) -> list[Record]:
        with self._lock:
            return list(self.records.values())

    def clear(self) -> None:
        with self._lock:
            self._room.leave(len(self.records))
            self.records.clear()
            self._names.clear()
            self._keys.clear()

    def __len__(self) -> int:
        return len(self.records)

    def drop_oldest(self) -> None:
        """Forget the oldest record, and leave its place to another. The caller holds the lock of the room."""
        key, _ = self.records.popitem(last=False)
        if self._names:
            self._drop_name(key)

    def _drop_name(self, key: str) -> None:
        if (name := self._names.pop(key, None)) is not None:
            del self._keys[name]
