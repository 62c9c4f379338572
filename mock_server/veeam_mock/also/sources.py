"""The documents that `--also` names, read as plain data, with their references followed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from veeam_mock.files import read_regular
from veeam_mock.spec.schema import Violation, shorten, told

PREFIX = re.compile(r"(?P<file>.+?):(?P<old>/[^=:]*)=(?P<new>/[^=:]*)")
VERSION = re.compile(r"3\.[01](\.|$)")
LARGEST = 64 * 1024 * 1024
"""Bytes of a document."""

DEEPEST = 100
"""Levels of a document."""

JSON_PATH = re.compile(rb'"(/[^"\s]*)"\s*:')
YAML_PATH = re.compile(rb"""\n[ ]+["']?(/[^\s"':]*)["']?[ ]*:""")
LARGEST_YAML = 16 * 1024 * 1024
"""Bytes of a document in YAML, which takes thirty times as long to read as JSON."""

REFERENCE = re.compile(rb"""\$ref["']?\s*:\s*["']?([^"'\s},]+)""")
INDEX = re.compile(r"[0-9]{1,9}")
MOST_STEPS = 50
"""References that are followed one after another."""

MISSING = object()

PLACES = frozenset({"path", "query", "header"})
OWN_HEADERS = frozenset({"accept", "authorization", "content-type"})
"""Header fields that a document does not describe as parameters (OpenAPI 3.1 section 4.8.12)."""


class AlsoError(ValueError):
    """Documents, or answers for their operations, that do not fit. `problems` lists every mistake."""

    def __init__(self, problems: list[Violation]) -> None:
        super().__init__(told(problems))
        self.problems = problems


class TooLarge(ValueError):
    """A document that is more than it may be."""


@dataclass(frozen=True, slots=True)
class Source:
    """One document. `file` is its name for messages; `text` the file's bytes; `paths` are its path items as served."""

    file: str
    text: bytes
    document: Mapping[str, Any]
    paths: Mapping[str, Any]


def stamp_of(given: str) -> tuple[str, int, int]:
    """What tells one state of a document's file from another: its name, date and size; zeros when there is none."""
    matched = PREFIX.fullmatch(given)
    try:
        status = Path(matched["file"] if matched else given).stat()
    except OSError:
        return given, 0, 0
    return given, status.st_mtime_ns, status.st_size


def read_source(given: str) -> Source:
    """The document that `FILE` or `FILE:/FROM=/TO` names. Raises `AlsoError` with one problem."""
    matched = PREFIX.fullmatch(given)
    file = matched["file"] if matched else given
    try:
        text = read_regular(file, LARGEST)
        document = _checked(_read_json(text) if _is_json(text) else _read_yaml(text))
    except OSError as error:
        raise _refusal(file, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise _refusal(file, f"cannot be read: {error}") from None
    base = _base_path(document)
    paths = {base + str(path): item for path, item in document["paths"].items()}
    if matched:
        paths = _moved(file, paths, matched["old"].rstrip("/"), matched["new"].rstrip("/"))
    return Source(file, text, document, paths)


def _refusal(file: str, reason: str) -> AlsoError:
    return AlsoError([Violation("also", f"{file} {reason}", "syntax")])


def _is_json(text: bytes) -> bool:
    return text[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _read_json(text: bytes) -> object:
    try:
        return _bounded(orjson.loads(text.removeprefix(b"\xef\xbb\xbf")), len(text))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"this is not JSON, line {error.lineno}, column {error.colno}") from None


def _read_yaml(text: bytes) -> object:
    import yaml

    from veeam_mock.spec.scalars import bound_numbers

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """That of the safe language, with bounded numbers."""

    bound_numbers(Loader)
    if len(text) > LARGEST_YAML:
        raise ValueError(f"it has more than {LARGEST_YAML} bytes of YAML; as JSON it may have {LARGEST}")
    try:
        loaded = _bounded(yaml.load(text, Loader), len(text))
        return orjson.loads(orjson.dumps(loaded, option=orjson.OPT_NON_STR_KEYS))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(f"this is not YAML{f', line {mark.line + 1}' if mark else ''}") from None
    except TooLarge:
        raise
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        raise ValueError("this is not YAML that JSON can hold") from None


def _bounded(loaded: object, most: int) -> object:
    """`loaded`, which has `most` values at most; `TooLarge` where aliases of YAML make more of it, and endless ones."""
    level, depth = [loaded], 0
    while level:
        below: list[object] = []
        for node in level:
            below += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            if len(below) > most:
                raise TooLarge("its aliases make more of it than its text has bytes")
        most -= len(below)
        level, depth = below, depth + 1
        if depth > DEEPEST:
            raise TooLarge(f"it has more than {DEEPEST} levels")
    return loaded


def _checked(document: object) -> Mapping[str, Any]:
    if isinstance(document, Mapping) and "swagger" in document:
        raise ValueError("this is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1 first")
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(version, str):
        raise ValueError("this is not an OpenAPI document: it has no text under 'openapi'")
    if not VERSION.match(version):
        raise ValueError(f"openapi: {shorten(version)} is not served, which are 3.0 and 3.1")
    if not isinstance(document.get("paths"), Mapping):
        raise ValueError("paths: is not a mapping of paths")
    return document


def _base_path(document: Mapping[str, Any]) -> str:
    """The path of the first server's address, below which all paths lie (OpenAPI 3.1 section 4.8.5)."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, Mapping) else None
    try:
        path = urlsplit(url).path.rstrip("/") if isinstance(url, str) and "{" not in url else ""
    except ValueError:  # an address in brackets that is none
        return ""
    return path if path.startswith("/") else ""


def _moved(file: str, paths: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    inside = {path for path in paths if path == old or path.startswith(f"{old}/")}
    if not inside:
        raise _refusal(file, f"has no path below {old or '/'}")
    return {new + path.removeprefix(old) if path in inside else path: item for path, item in paths.items()}


def repeated_paths(source: Source) -> Iterator[str]:
    """What a reader of JSON or YAML passes over: the paths that the text has a second time, each with its line."""
    pattern = JSON_PATH if _is_json(source.text) else YAML_PATH
    seen: set[bytes] = set()
    known = source.document["paths"]
    line, counted = 1, 0
    for matched in pattern.finditer(source.text):
        key = matched[1]
        if key in seen and key.decode("utf-8", "replace") in known:
            line += source.text.count(b"\n", counted, matched.start(1))
            counted = matched.start(1)
            yield f"line {line}: {key.decode('utf-8', 'replace')} is there a second time, the last one counts"
        seen.add(key)


def find_target(document: Mapping[str, Any], pointer: str) -> object:
    """What a local reference such as `#/components/schemas/Job` points to; `MISSING` when that is nothing."""
    if not pointer.startswith("#"):
        return MISSING
    node: object = document
    for step in unquote(pointer).removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and INDEX.fullmatch(step) and int(step) < len(node):
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


def broken_references(document: Mapping[str, Any], text: bytes) -> Iterator[str]:
    """The references to nothing, each as `PLACE: reference`. The document is walked only if its text has one."""
    references = {match.decode("utf-8", "replace") for match in REFERENCE.findall(text)}
    broken = {reference for reference in references if find_target(document, reference) is MISSING}
    if broken:
        yield from (f"{place}: {target} points to nothing" for place, target in _walk(document) if target in broken)


def is_parameter(node: Mapping[str, Any]) -> bool:
    """Whether this describes a parameter that is read: not a cookie, nor what has a description of its own."""
    name, place = node.get("name"), node.get("in")
    if not isinstance(name, str) or not isinstance(place, str) or place not in PLACES:
        return False
    return place != "header" or name.lower() not in OWN_HEADERS


def _walk(node: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield place, node["$ref"]
        for key, value in node.items():
            yield from _walk(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, f"{place}.{number}")
