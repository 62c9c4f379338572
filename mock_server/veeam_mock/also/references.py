"""The `$ref`s of a document: followed, and the broken ones found."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

REFERENCE = re.compile(rb"""\$ref["']?\s*:\s*["']?([^"'\s},]+)""")
MOST_STEPS = 50
"""References that are followed one after another."""

MISSING = object()


def find_target(document: Mapping[str, Any], pointer: str) -> object:
    """What a local reference such as `#/components/schemas/Job` points to; `MISSING` when that is nothing."""
    if not pointer.startswith("#"):
        return MISSING
    node: object = document
    for step in unquote(pointer).removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return MISSING
    return node


def follow(document: Mapping[str, Any], node: object) -> Mapping[str, Any]:
    """`node`, or what its references lead to; an empty mapping when that is nothing, or no mapping."""
    for _ in range(MOST_STEPS):
        if not isinstance(node, Mapping):
            return {}
        if not isinstance(node.get("$ref"), str):
            return node
        node = find_target(document, node["$ref"])
    return {}


def broken_references(document: Mapping[str, Any], text: bytes) -> list[str]:
    """The references to nothing, each as `PLACE: reference`. The document is walked only if its text has one."""
    references = {match.decode("utf-8", "replace") for match in REFERENCE.findall(text)}
    broken = {reference for reference in references if find_target(document, reference) is MISSING}
    if not broken:
        return []
    return [f"{place}: {target} points to nothing" for place, target in _walk(document, "") if target in broken]


def _walk(node: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield place, node["$ref"]
        for key, value in node.items():
            yield from _walk(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, f"{place}.{number}")
