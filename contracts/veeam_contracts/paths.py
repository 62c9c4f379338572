"""Where the operations are: methods and paths, taken from `openapi.yaml` by operationId.

This is the only place that knows the version in front of every path.
"""

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import quote

import yaml

VERSION = "v4"

GIVE_CODES = frozenset({"getDeviceCode", "getOrganizationDeviceCode", "getRestoreDeviceCode"})

SEGMENT = r"(?!(?:\.|%2e){1,2}(?:/|$)|[^/]*%2f)[^/]+"
"""One part of a path, and no dot segment (RFC 3986 section 3.3), however it is spelled: a server may remove those."""


@cache
def load_document() -> dict[str, Any]:
    """The OpenAPI document, from the installed package or the checkout; do not change it."""
    package = files("veeam_mock")
    installed = package.joinpath("openapi.yaml")
    source: Traversable = installed if installed.is_file() else package.joinpath("..", "..", "openapi.yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(source.read_text(encoding="utf-8"), Loader=loader)
    return document


@cache
def places() -> dict[str, tuple[str, str]]:
    """operationId -> method and path, the path with its parameters in braces."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in load_document()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def path_of(operation_id: str, **parameters: str) -> str:
    """The path of an operation, its parameters filled in and escaped. `KeyError` without one of them."""
    escaped = {name: quote(value, safe="", errors="replace") for name, value in parameters.items()}
    return places()[operation_id][1].format_map(escaped)


@cache
def pattern_of(operation_id: str, version: str = VERSION) -> re.Pattern[str]:
    """What matches the path of an operation in any case, whatever its parameters; `version` is a pattern."""
    literal = places()[operation_id][1].removeprefix(f"/{VERSION}")
    parts = re.split(r"\{\w+\}", literal)
    return re.compile(f"/{version}" + SEGMENT.join(map(re.escape, parts)), re.IGNORECASE)


def is_at(path: str, *operation_ids: str) -> bool:
    """Whether a path, with or without a query, is that of one of these operations."""
    bare = path.partition("?")[0]
    return any(pattern_of(id).fullmatch(bare) for id in operation_ids)


def is_served(path: str) -> bool:
    """Whether a path belongs to the version that is checked."""
    return path.lower().startswith(f"/{VERSION}/")


def service_of(version: str) -> str:
    """The path by which clients find out whether a version is served."""
    return path_of("getServiceInstance").replace(f"/{VERSION}/", f"/{version}/", 1)
