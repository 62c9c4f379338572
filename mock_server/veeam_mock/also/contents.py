"""Answers that agree with one another: what a list has is what is read by its id.

Nothing is kept: each thing is made from the seed, the list that it stands in, and its id.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import orjson

from veeam_mock.also.instances import FEW, MOST_ITEMS, Maker, fits_roughly, kind_of, make_number
from veeam_mock.also.names import Names, singular, typed, values_in
from veeam_mock.also.operations import Described
from veeam_mock.also.routes import VARIABLE, Routes
from veeam_mock.also.scene import Scene, TooMuch
from veeam_mock.also.schemas import Plain
from veeam_mock.also.texts import make_text
from veeam_mock.spec.schema import Violation

ATTEMPTS = 8
PLAIN_ATTEMPTS = 4
"""Attempts that agree with other answers; later ones only fit their schema."""

MOST_TOLD = 3
PAGE_SIZE = 30
RESULTS = ("results", "items", "value", "data")
"""Names of the list in a page."""

COUNTS = frozenset({"count", "total", "totalcount", "totalresults"})
ORGANIZATIONS = "organizations"


class CannotMake(Exception):
    """No value could be made that fits its schema; `violations` are those of the last attempt."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(map(str, violations[:MOST_TOLD])))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an operation: the values in its path, those of its query, and the JSON value of its body."""

    described: Described
    path_values: Mapping[str, str]
    query: Mapping[str, Any]
    body: object = None

    @property
    def path(self) -> str:
        """The path, as the document spells it, with its values."""
        return VARIABLE.sub(lambda found: self.path_values.get(found[1], ""), self.described.path)


class Contents:
    """Makes the contents of good answers for the operations of `routes`."""

    def __init__(self, routes: Routes[Described]) -> None:
        self._routes = routes
        self._collections: dict[tuple[str, str], Described] | None = None

    def make(self, asked: Asked, scene: Scene) -> Any:
        """The content of a good answer; raises `CannotMake`."""
        schema = asked.described.good_schema
        assert schema is not None
        violations: list[Violation] = []
        for attempt in range(ATTEMPTS):
            try:
                with scene.half() as part:
                    content = self._attempt(asked, part, attempt)
            except TooMuch:
                violations = [Violation("body", "asks for too much in one answer")]
                continue
            violations = schema.violations(content, "body") or _not_sent(content)
            if not violations:
                return content
        raise CannotMake(violations)

    def _attempt(self, asked: Asked, scene: Scene, attempt: int) -> Any:
        maker = self._maker(asked, scene, attempt)
        flat = maker.flatten(asked.described.good.schema)
        key = _list_key(maker, flat)
        if key is not None:
            return self._list(asked, maker, (flat, key))
        if kind_of(flat) == "object":
            return self._thing(asked, maker, flat)
        return self._example(asked.described, attempt) or maker.make(flat)

    def _example(self, described: Described, attempt: int) -> Any:
        """The first whole example of the document that fits its schema, for a first attempt."""
        schema = described.good_schema
        if attempt or schema is None:
            return None
        return next((deepcopy(e) for e in described.good.examples if not schema.violations(e, "")), None)

    def _maker(self, asked: Asked, scene: Scene, attempt: int, about: tuple[object, ...] = ()) -> Maker:
        """A maker of the thing in `asked`'s path that `about` tells from others: its id and its number in a list."""
        chance = scene.chance(asked.path.lower(), *about[:1])
        organizations = scene.organizations
        number = about[1] if len(about) > 1 else None
        organization = None
        if organizations:
            organization = organizations[number % len(organizations)] if isinstance(number, int) else organizations[0]
        known = values_in(asked.described.path, asked.path_values)
        names = Names(asked.path, known, organization, lambda word: self._ids_of(word, asked, scene))
        if number is not None:
            names.known = {**known, "id": str(about[0])}
            names.path = f"{asked.path}/{about[0]}"
        return Maker(asked.described.schemas, scene, chance, attempt, names)

    def _list(self, asked: Asked, maker: Maker, found: tuple[Plain, str]) -> Any:
        flat, key = found
        example = self._example(asked.described, maker.attempt)
        items = self._items(asked, maker, flat, key)
        if maker.attempt < PLAIN_ATTEMPTS:
            items = [item for item in items if _is_asked_for(item, asked.query)]
        query = {name.lower(): value for name, value in asked.query.items()}
        offset = _whole(query.get("offset"), 0)
        limit = _whole(query.get("limit"), PAGE_SIZE)
        shown = items[offset : offset + limit]
        if not key:
            return shown
        page = example if example is not None else maker.make(_without(flat, key))
        told = {name: len(items) for name in flat["properties"] if name.lower() in COUNTS}
        given = {"offset": offset, "limit": limit, **told}
        return page | {name: value for name, value in given.items() if name in flat["properties"]} | {key: shown}

    def _items(self, asked: Asked, maker: Maker, flat: Plain, key: str) -> list[Any]:
        """All items of a list, on whatever page."""
        example = self._example(asked.described, maker.attempt)
        if example is not None:
            return list(example[key] if key else example)
        array = maker.flatten(flat["properties"][key]) if key else flat
        item = maker.flatten(array.get("items", {}))
        ids = self._ids(asked, maker, item, array.get("minItems", 0))[: array.get("maxItems")]
        return [self._item(asked, maker, item, about) for about in zip(ids, range(len(ids)), strict=True)]

    def _item(self, asked: Asked, maker: Maker, item: Plain, about: tuple[object, int]) -> Any:
        own = self._maker(asked, maker.scene, maker.attempt, about)
        made = own.make(item)
        return made | _of_organization(own, item, asked) if isinstance(made, dict) else made

    def _ids(self, asked: Asked, maker: Maker, item: Plain, least: int = 0) -> list[object]:
        """The ids of the items of a list."""
        if _is_organizations(asked.path):
            return [organization.id for organization in maker.scene.organizations]
        schema = maker.flatten(item.get("properties", {}).get("id", {"type": "string", "format": "uuid"}))
        chances = [
            maker.scene.chance(asked.path.lower(), "id", number) for number in range(max(FEW, min(least, MOST_ITEMS)))
        ]
        if kind_of(schema) == "integer":
            return [make_number({"minimum": 1, "maximum": 99_999, **schema}, "integer", chance) for chance in chances]
        return [make_text(schema, "id", maker.scene, chance) for chance in chances]

    def _thing(self, asked: Asked, maker: Maker, flat: Plain) -> Any:
        """One thing: that of a list with its id, with the id of its path, and with what a request says of it."""
        last = asked.described.path.rpartition("/")[2]
        identity = asked.path_values.get(last[1:-1]) if last.startswith("{") else None
        if identity is not None:
            maker = self._maker(asked, maker.scene, maker.attempt, (identity.lower(),))
        made = self._example(asked.described, maker.attempt)
        made = made if made is not None else maker.make(flat)
        if not isinstance(made, dict) or maker.attempt >= PLAIN_ATTEMPTS:
            return made
        properties = flat.get("properties", {})
        if identity is not None:
            item = self._listed(asked, identity, maker.scene)
            made |= {name: value for name, value in item.items() if name in properties}
            made |= {"id": typed(maker.flatten(properties["id"]), identity)} if "id" in properties else {}
        said = asked.body if isinstance(asked.body, Mapping) else {}
        return made | {
            name: value
            for name, value in said.items()
            if name in properties and fits_roughly(maker.flatten(properties[name]), value)
        }

    def _listed(self, asked: Asked, identity: str, scene: Scene) -> Mapping[str, Any]:
        """The item with an id in the list above a path; empty when there is none."""
        above = self._list_at(asked.path.rpartition("/")[0])
        if above is None:
            return {}
        for item in self._all_items(above, scene):
            if isinstance(item, Mapping) and str(item.get("id", "")).lower() == identity.lower():
                return item
        return {}

    def _list_at(self, path: str) -> Asked | None:
        by_method, values = self._routes.find(path)
        described = by_method.get("GET")
        return Asked(described, values, {}) if described is not None and described.good_schema is not None else None

    def _all_items(self, asked: Asked, scene: Scene) -> list[Any]:
        maker = self._maker(asked, scene, 0)
        flat = maker.flatten(asked.described.good.schema)
        key = _list_key(maker, flat)
        if key is None:
            return []
        try:
            content = self.make(replace(asked, query={"limit": len(scene.organizations) + FEW}), scene)
        except CannotMake:
            return []
        return list(content[key] if key else content)

    def _ids_of(self, word: str, asked: Asked, scene: Scene) -> Sequence[object]:
        """The ids that the list of a document has which a word such as `job` means; empty when there is none."""
        described = self._collection(asked.path.split("/")[1], word)
        if described is None:
            return ()
        listed = Asked(described, {}, {})
        maker = self._maker(listed, scene, 0)
        flat = maker.flatten(described.good.schema)
        key = _list_key(maker, flat)
        if key is None or self._example(described, 0) is not None:
            return [item["id"] for item in self._all_items(listed, scene) if isinstance(item, dict) and "id" in item]
        array = maker.flatten(flat["properties"][key]) if key else flat
        return self._ids(listed, maker, maker.flatten(array.get("items", {})))

    def _collection(self, version: str, word: str) -> Described | None:
        if self._collections is None:
            self._collections = {
                (described.path.split("/")[1], singular(described.path.rpartition("/")[2])): described
                for described in self._routes.all()
                if described.method == "GET" and "{" not in described.path and described.path.endswith("s")
            }
        exact = self._collections.get((version, word))
        if exact is not None or len(word) < len("user"):
            return exact
        return next((d for (v, name), d in self._collections.items() if v == version and name.endswith(word)), None)


def _not_sent(content: object) -> list[Violation]:
    """Why a content does not go into an answer: numbers of more than 64 bits, and halves of characters."""
    try:
        orjson.dumps(content)
    except TypeError as error:
        return [Violation("body", f"cannot be sent: {error}")]
    return []


def _list_key(maker: Maker, flat: Plain) -> str | None:
    """Where a schema has its list: empty when it is one, a property's name when it is a page of one, else None."""
    if kind_of(flat) == "array":
        return ""
    properties = flat.get("properties", {})
    is_page = {"offset", "limit"} & {name.lower() for name in properties} or len(properties) <= len(RESULTS)
    for name in RESULTS if is_page else RESULTS[:1]:
        if name in properties and kind_of(maker.flatten(properties[name])) == "array":
            return name
    return None


def _whole(value: object, default: int) -> int:
    """A number of items in a query; what is none, or zero, means the default."""
    return max(0, value) if isinstance(value, int) and value else default


def _without(flat: Plain, key: str) -> Plain:
    return {**flat, "properties": {**flat["properties"], key: {"const": []}}}


def _is_organizations(path: str) -> bool:
    return path.rpartition("/")[2].lower() == ORGANIZATIONS


def _of_organization(maker: Maker, item: Plain, asked: Asked) -> dict[str, Any]:
    """What an item of a list of organizations has of the world's."""
    names = maker.named
    if not _is_organizations(asked.path) or not isinstance(names, Names) or names.organization is None:
        return {}
    organization = names.organization
    own = {"id": organization.id, "name": organization.name, "officeName": organization.office_name}
    return {name: value for name, value in own.items() if name in item.get("properties", {})}


def _is_asked_for(item: object, query: Mapping[str, Any]) -> bool:
    """Whether an item has the values that the parameters of the same names ask for; they may have `*` and `?`."""
    if not isinstance(item, Mapping):
        return True
    own = {name.lower(): value for name, value in item.items()}
    wanted = ((name.lower(), value) for name, value in query.items())
    return all(
        fnmatchcase(str(own[name]).lower(), str(value).lower())
        for name, value in wanted
        if name in own and isinstance(own[name], str | int | float) and not isinstance(value, list)
    )
