"""Records in Redis."""

from typing import TypeVar

from veeam_mock.model.store import Store
from veeam_mock.stores import scripts
from veeam_mock.stores.place import Place
from veeam_mock.stores.records import Form

Record = TypeVar("Record")

PAGE = 1000
"""Records that are read at once."""


class RedisStore(Store[Record]):
    """The records of one kind of one world. Raises `StoreAway` where the store cannot be used."""

    def __init__(self, place: Place, form: Form[Record], bound: int) -> None:
        self._place = place
        self._form = form
        self._bound = bound
        self._key = f"{place.key}:{form.kind}"

    def put(self, key: str, record: Record) -> None:
        self._place.run(scripts.PUT, _bytes(key), self._form.write(record), self._bound, below=self._form.kind)

    def add(self, key: str, record: Record, name: str = "") -> bool:
        text = self._form.write(record)
        kind = self._form.kind
        return bool(self._place.run(scripts.ADD, _bytes(key), text, self._bound, _bytes(name), below=kind))

    def swap(self, key: str, old: Record, new: Record) -> bool:
        write = self._form.write
        return bool(self._place.link.run(scripts.SWAP, [self._key], _bytes(key), write(old), write(new)))

    def get(self, key: str) -> Record | None:
        text = self._place.link.do("HGET", self._key, _bytes(key))
        return None if text is None else self._form.read(text)

    def pop(self, key: str) -> Record | None:
        text = self._place.link.run(scripts.POP, [self._key], _bytes(key))
        return None if text is None else self._form.read(text)

    def values(self) -> list[Record]:
        records: list[Record] = []
        while True:
            first = len(records)
            page = self._place.link.run(scripts.VALUES, [self._key], first, first + PAGE - 1)
            records += [self._form.read(text) for text in page if text is not None]
            if len(page) < PAGE:
                return records

    def clear(self) -> None:
        self._place.link.do("DEL", self._key, f"{self._key}:order", f"{self._key}:names")

    def __len__(self) -> int:
        return int(self._place.link.do("HLEN", self._key))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
