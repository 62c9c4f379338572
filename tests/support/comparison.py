"""What differs between our document of a version and another of the same version, as lines that can be listed.

Only paths that ours describes are compared, without regard to their case (`path-case`). A schema is named as ours is,
so what several operations share is told once. The other document may write `default` for every failure, and `*/*` for
JSON.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from support.openapi import Json, Operation, operations, resolved

FAILURES = "400"
"""Statuses from here on are failures, which the other document may write as `default`."""

KEYWORDS = ("type", "format", "nullable", "enum", "default")


def differences(ours: Json, theirs: Json, version: str) -> set[str]:
    """All differences, ours first; the empty set when the documents say the same of the paths that ours describes."""
    return set(_Comparison(ours, theirs, f"/{version}/").lines())


class _Comparison:
    def __init__(self, ours: Json, theirs: Json, root: str) -> None:
        self._ours, self._theirs, self._root = ours, theirs, root
        self._compared: set[tuple[str, str]] = set()

    def lines(self) -> Iterator[str]:
        ours, theirs = self._by_address(self._ours), self._by_address(self._theirs)
        paths = {path for _, path in ours}
        for method, path in sorted(ours.keys() | {key for key in theirs if key[1] in paths}):
            mine, other = ours.get((method, path)), theirs.get((method, path))
            if mine and other:
                yield from self._operation(mine, other)
            elif mine:
                yield f"{mine.id}: only in ours"
            else:
                yield f"{method} {path}: only in theirs"

    def _by_address(self, document: Json) -> dict[tuple[str, str], Operation]:
        return {(op.method, op.path.removeprefix(self._root).lower()): op for op in operations(document)}

    def _operation(self, mine: Operation, other: Operation) -> Iterator[str]:
        yield from self._parameters(mine, other)
        yield from self._request(mine, other)
        yield from self._successes(mine, other)
        yield from self._failures(mine, other)

    def _parameters(self, mine: Operation, other: Operation) -> Iterator[str]:
        ours, theirs = ({f"{p['in']} {p['name']}": p for p in op.parameters} for op in (mine, other))
        yield from _only(f"{mine.id} parameter", ours, theirs)
        for name in sorted(ours.keys() & theirs.keys()):
            place = f"{mine.id} {name}"
            yield from _unlike(
                place, "required", ours[name].get("required", False), theirs[name].get("required", False)
            )
            yield from self._schema(place, ours[name]["schema"], theirs[name]["schema"])

    def _request(self, mine: Operation, other: Operation) -> Iterator[str]:
        ours, theirs = mine.item.get("requestBody", {}), other.item.get("requestBody", {})
        place = f"{mine.id} request"
        yield from _unlike(place, "required", ours.get("required", False), theirs.get("required", False))
        yield from self._content(place, ours.get("content", {}), theirs.get("content", {}))

    def _successes(self, mine: Operation, other: Operation) -> Iterator[str]:
        ours, theirs = (
            {status: body for status, body in op.item["responses"].items() if status < FAILURES} for op in (mine, other)
        )
        yield from _only(f"{mine.id} status", ours, theirs)
        for status in sorted(ours.keys() & theirs.keys()):
            yield from self._reply(f"{mine.id} {status}", ours[status], theirs[status])

    def _failures(self, mine: Operation, other: Operation) -> Iterator[str]:
        theirs = other.item["responses"]
        for status, reply in sorted(mine.item["responses"].items()):
            if status >= FAILURES:
                if status in theirs or "default" in theirs:
                    yield from self._reply(f"failure {status}", reply, theirs.get(status, theirs.get("default")))
                else:
                    yield f"{mine.id} status {status}: only in ours"

    def _reply(self, place: str, ours: Json, theirs: Json) -> Iterator[str]:
        bodies = (resolved(self._ours, ours).get("content", {}), resolved(self._theirs, theirs).get("content", {}))
        yield from self._content(place, *bodies)

    def _content(self, place: str, ours: Json, theirs: Json) -> Iterator[str]:
        theirs = {media.replace("*/*", "application/json"): content for media, content in theirs.items()}
        yield from _only(f"{place} media type", ours, theirs)
        for media in sorted(ours.keys() & theirs.keys()):
            yield from self._schema(place, ours[media]["schema"], theirs[media]["schema"])

    def _schema(self, place: str, ours: Json, theirs: Json) -> Iterator[str]:
        if "$ref" in ours:
            place = ours["$ref"].rpartition("/")[2]
            pair = (place, theirs.get("$ref", ""))
            if all(pair) and pair in self._compared:
                return
            self._compared.add(pair)
        ours, theirs = resolved(self._ours, ours), resolved(self._theirs, theirs)
        for keyword in KEYWORDS:
            yield from _unlike(place, keyword, _said(ours, keyword), _said(theirs, keyword))
        yield from self._parts(place, ours, theirs)

    def _parts(self, place: str, ours: Json, theirs: Json) -> Iterator[str]:
        mine, other = ours.get("properties", {}), theirs.get("properties", {})
        yield from _only(place, mine, other)
        for name in sorted(mine.keys() & other.keys()):
            inner = f"{place}.{name}"
            yield from _unlike(inner, "required", name in ours.get("required", ()), name in theirs.get("required", ()))
            yield from self._schema(inner, mine[name], other[name])
        for keyword, mark in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(ours.get(keyword), Mapping) and isinstance(theirs.get(keyword), Mapping):
                yield from self._schema(place + mark, ours[keyword], theirs[keyword])


def _said(schema: Json, keyword: str) -> Any:
    """What a schema says by a keyword, in a form that can be compared: null in a list of values is `nullable` again."""
    if keyword == "nullable":
        return schema.get("nullable", False)
    if keyword == "enum" and "enum" in schema:
        return sorted(str(value) for value in schema["enum"] if value is not None)
    return schema.get(keyword)


def _only(place: str, ours: Mapping[str, object], theirs: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{place} {name}: only in ours" for name in sorted(ours.keys() - theirs.keys()))
    yield from (f"{place} {name}: only in theirs" for name in sorted(theirs.keys() - ours.keys()))


def _unlike(place: str, keyword: str, ours: object, theirs: object) -> Iterator[str]:
    if ours != theirs:
        yield f"{place}: {keyword} {_shown(ours)}, theirs {_shown(theirs)}"


def _shown(value: object) -> str:
    names = {None: "none", True: "yes", False: "no"}
    return (
        " ".join(value) if isinstance(value, list) else names[value] if isinstance(value, bool | None) else str(value)
    )
