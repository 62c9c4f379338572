"""The documents that `--also` names, read as plain data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import yaml

from veeam_mock.spec.schema import Violation, shorten

PREFIX = re.compile(r"(?P<file>.+?):(?P<old>/[^=:]*)=(?P<new>/[^=:]*)")
VERSION = re.compile(r"3\.[01](\.|$)")
LARGEST = 64 * 1024 * 1024
"""Bytes of a document."""

PATH_KEY = re.compile(rb"""^\s*["']?(/[^\s"':]*)["']?\s*:\s*[{&]?\s*$""", re.MULTILINE)


class AlsoError(ValueError):
    """Documents, or answers for their operations, that do not fit. `problems` lists every mistake."""

    def __init__(self, problems: list[Violation]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """One document. `file` is its name for messages; `text` the file's bytes; `paths` are its path items as served."""

    file: str
    text: bytes
    document: Mapping[str, Any]
    paths: Mapping[str, Any]


def read_source(given: str) -> Source:
    """The document that `FILE` or `FILE:/FROM=/TO` names. Raises `AlsoError` with one problem."""
    matched = PREFIX.fullmatch(given)
    file = matched["file"] if matched else given
    try:
        status = Path(file).stat()
        if status.st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        text, document = _load(file, status.st_mtime_ns, status.st_size)
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


@lru_cache(maxsize=4)
def _load(file: str, modified: int, size: int) -> tuple[bytes, Mapping[str, Any]]:
    """The file's bytes and its document; `ValueError` in words of its own. The file's date and size are part of the
    key, so that a changed file is read anew."""
    text = Path(file).read_bytes()
    is_json = text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return text, _checked(_read_json(text) if is_json else _read_yaml(text))


def _read_json(text: bytes) -> object:
    try:
        return orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"this is not JSON, line {error.lineno}, column {error.colno}") from None


def _read_yaml(text: bytes) -> object:
    try:
        loaded = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return orjson.loads(orjson.dumps(loaded, option=orjson.OPT_NON_STR_KEYS))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(f"this is not YAML{f', line {mark.line + 1}' if mark else ''}") from None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        raise ValueError("this is not YAML that JSON can hold") from None


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
    path = urlsplit(url).path.rstrip("/") if isinstance(url, str) and "{" not in url else ""
    return path if path.startswith("/") else ""


def _moved(file: str, paths: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    inside = {path for path in paths if path == old or path.startswith(f"{old}/")}
    if not inside:
        raise _refusal(file, f"has no path below {old or '/'}")
    return {new + path.removeprefix(old) if path in inside else path: item for path, item in paths.items()}


def repeated_paths(source: Source) -> list[str]:
    """What a reader of JSON or YAML passes over: the paths that the text has a second time, each with its line."""
    found = []
    seen: set[bytes] = set()
    known = source.document["paths"]
    for matched in PATH_KEY.finditer(source.text):
        key = matched[1]
        if key in seen and key.decode("utf-8", "replace") in known:
            line = source.text.count(b"\n", 0, matched.start(1)) + 1
            found.append(f"line {line}: {key.decode('utf-8', 'replace')} is there a second time, the last one counts")
        seen.add(key)
    return found
