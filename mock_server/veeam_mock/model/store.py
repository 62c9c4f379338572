"""Where the model keeps its records: an interface, and the implementation in memory."""

import threading
from collections import OrderedDict
from typing import Protocol, TypeVar

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


class MemoryStore(Store[Record]):
    """A store in this process. At its bound the oldest record makes room for the new one."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()

    def put(self, key: str, record: Record) -> None:
        with self._lock:
            if key not in self._records and len(self._records) >= self._bound:
                self._drop_name(self._records.popitem(last=False)[0])
            self._records[key] = record

    def add(self, key: str, record: Record, name: str = "") -> bool:
        with self._lock:
            if key in self._records or name in self._keys:
                return False
            if len(self._records) >= self._bound:
                self._drop_name(self._records.popitem(last=False)[0])
            self._records[key] = record
            if name:
                self._names[key], self._keys[name] = name, key
            return True

    def swap(self, key: str, old: Record, new: Record) -> bool:
        with self._lock:
            if key not in self._records or self._records[key] != old:
                return False
            self._records[key] = new
            return True

    def get(self, key: str) -> Record | None:
        return self._records.get(key)

    def pop(self, key: str) -> Record | None:
        with self._lock:
            self._drop_name(key)
            return self._records.pop(key, None)

    def values(self) -> list[Record]:
        with self._lock:
            return list(self._records.values())

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
            self._names.clear()
            self._keys.clear()

    def __len__(self) -> int:
        return len(self._records)

    def _drop_name(self, key: str) -> None:
        if self._names and (name := self._names.pop(key, None)) is not None:
            del self._keys[name]
