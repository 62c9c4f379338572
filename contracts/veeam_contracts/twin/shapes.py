"""The shape of a JSON value: members in their order, the kinds of values, and the texts that are a server's habit."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from veeam_contracts.asking.sightings import kind_of
from veeam_contracts.twin.templates import DATE_TIME, HTTP_DATE, UUID, Places

WORDS = frozenset({"token_type", "message", "version", "verificationUrl", "verificationUri", "errorCode"})
"""Members whose text is a habit of the server, not a value of this exchange."""

NAMES = frozenset({"region", "type", "targetRegion"})
"""Members whose text is one of few names, each of which means the same to every server."""

CODES = frozenset({"userCode"})
TOKENS = frozenset({"access_token", "refresh_token"})
"""Members of which the form is told for all of them together."""

NULL = "(null)"
SEVERAL = "(text)"
"""A name that not all items of a list have: which of them comes first may change from call to call."""

MOST_ITEMS = 20
"""Items of a list whose order is looked at."""

MOST_SHAPED = 1000
"""Items of a list whose members are looked at."""

DEEPEST = 12
"""Levels of a value that are looked into."""


def shape_of(value: Any, places: Places, name: str = "", depth: int = 0) -> Any:
    """The shape of a JSON value without secrets, hosts or names: forms stand in parentheses, and templates without.

    A list has the shape of its items, in one.
    """
    if isinstance(value, dict) and depth < DEEPEST:
        return {places.member(key): shape_of(below, places, key, depth + 1) for key, below in value.items()}
    if isinstance(value, list) and depth < DEEPEST:
        shapes = [shape_of(item, places, name, depth + 1) for item in value[:MOST_SHAPED]]
        return [_merged(shapes, name)] if shapes else []
    if isinstance(value, str):
        return _text_shape(value, places, name)
    if isinstance(value, bool) or value is None:
        return NULL if value is None else "(boolean)"
    if name == "interval" and isinstance(value, int):
        return value  # How often clients are to ask is a habit, and clients rely on it (RFC 8628 section 3.2).
    return "(number)" if isinstance(value, float) else "(integer)" if isinstance(value, int) else "(deep)"


def _merged(shapes: list[Any], name: str) -> Any:
    """The shape of the first item; what is null there, or not there at all, is as in the first item that has it."""
    first = shapes[0]
    if not isinstance(first, dict):
        return SEVERAL if name in NAMES and any(shape != first for shape in shapes) else first
    others = [shape for shape in shapes if isinstance(shape, dict)]
    merged = {}
    for key in _members_of(others):
        having = [shape[key] for shape in others if key in shape]
        merged[key] = _merged([below for below in having if below != NULL] or having[:1], key)
    return merged


def _members_of(shapes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The members of several objects, in an order that each of them keeps, whichever object comes first.

    Where the orders of two contradict each other, there is none that both keep.
    """
    behind: dict[str, set[str]] = {}
    for names in {tuple(shape) for shape in shapes}:
        for name, following in zip(names, (*names[1:], ""), strict=True):
            behind.setdefault(name, set()).update([following] if following else [])
    before = Counter(following for names in behind.values() for following in names)
    order: dict[str, None] = {}
    ready = [name for name in behind if not before[name]]
    rest = sorted(behind, reverse=True)
    while len(order) < len(behind):
        heapify(ready)
        while ready:
            name = heappop(ready)
            order[name] = None
            for following in behind[name]:
                before[following] -= 1
                if not before[following] and following not in order:
                    heappush(ready, following)
        while rest and rest[-1] in order:
            rest.pop()
        ready = rest[-1:]
    return [*order]


def names_in(items: Sequence[Mapping[str, Any]], places: Places) -> tuple[str, ...]:
    """The names in each of the first items of a list, which show their order."""
    return tuple(
        " ".join(places.template(str(item[name])) for name in sorted(NAMES) if isinstance(item.get(name), str))
        for item in items[:MOST_ITEMS]
    )


def _text_shape(value: str, places: Places, name: str) -> str:
    if name in CODES | TOKENS:
        return "(code)" if name in CODES else "(token)"
    if HTTP_DATE.fullmatch(value):
        return "(http-date)"
    if DATE_TIME.fullmatch(value):
        return "(" + re.sub(r"\d", "0", value) + ")"
    if name in WORDS | NAMES:
        return _template(value, places, name)
    if UUID.fullmatch(value):
        return "(UUID)" if value == value.upper() != value.lower() else "(uuid)"
    known = places.of(value)
    if known:
        return f"({known})"
    if re.match(r"https?://", value) or value.startswith("/"):
        return "(path)" if value.startswith("/") else "(address)"
    return "(token)" if kind_of(name) else "(text)"


def _template(value: str, places: Places, name: str) -> str:
    if name.startswith("verification"):  # What is in an address is part of it, but for who serves it.
        places = Places(tuple(pair for pair in places.known if pair[1] in ("{host}", "{code}")), places.mask)
    return places.template(value)


def flattened(where: str, body: Any) -> Iterator[tuple[str, str]]:
    """All that can differ in a shape, each by the name of its place."""
    if isinstance(body, dict):
        yield f"{where} members", ", ".join(body)
        for key, below in body.items():
            yield from flattened(f"{where}.{key}", below)
    elif isinstance(body, list):
        for below in body:
            yield from flattened(f"{where}[]", below)
    else:
        yield where, str(body)
