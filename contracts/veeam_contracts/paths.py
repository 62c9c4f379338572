"""Where the operations are: the methods and paths of each version, taken from its OpenAPI document by operationId."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from veeam_mock.spec.document import VERSIONS as NAMES
from veeam_mock.spec.document import document_of

GIVE_CODES = frozenset({"getDeviceCode", "getOrganizationDeviceCode", "getRestoreDeviceCode", "getAzureDeviceCode"})

SEGMENT = r"(?!(?:\.|%2e){1,2}(?:/|$)|[^/]*%2f)[^/]+"
"""One part of a path, and no dot segment (RFC 3986 section 3.3), however it is spelled: a server may remove those."""

ANY_VERSION = "v[0-9]+"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the API; `name` is such as `v8`."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def number(self) -> int:
        """The name as a number, for comparing."""
        return int(self.name[1:])

    @property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document; do not change it."""
        return document_of(self.name)

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """operationId -> method and path, the path with its parameters in braces."""
        return _places(self.name)

    def label(self, operation_id: str) -> str:
        """An operation for a report, such as `POST /v8/DeviceCode`."""
        return " ".join(self.places[operation_id])

    def operation(self, operation_id: str) -> dict[str, Any]:
        """An operation as the document has it. `KeyError` for one that the version does not have."""
        method, path = self.places[operation_id]
        operation: dict[str, Any] = self.document["paths"][path][method.lower()]
        return operation

    def success_of(self, operation_id: str) -> int:
        """The status of a success, of which the document has one for each operation."""
        return next(int(status) for status in self.operation(operation_id)["responses"] if status.startswith("2"))

    def gives(self, operation_id: str) -> bool:
        """Whether a success has a body."""
        success = self.operation(operation_id)["responses"][str(self.success_of(operation_id))]
        return "$ref" in success or "content" in success

    def takes(self, operation_id: str, parameter: str) -> bool:
        """Whether an operation has a parameter of this name in its query."""
        return any(given.get("name") == parameter for given in self.operation(operation_id).get("parameters", ()))

    def path_of(self, operation_id: str, **parameters: str) -> str:
        """The path of an operation, its parameters filled in and escaped, with what its query must have.

        `KeyError` without one of the parameters.
        """
        escaped = {name: quote(value, safe="", errors="replace") for name, value in parameters.items()}
        path = self.places[operation_id][1].format_map(escaped)
        needed = urlencode(dict(_defaults(self.operation(operation_id))))
        return f"{path}?{needed}" if needed else path

    def serves(self, path: str) -> bool:
        """Whether a path belongs to this version."""
        return path.lower().startswith(f"/{self.name}/")


def _defaults(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The parameters that a request must have, with the values that change nothing."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") and "default" in parameter["schema"]:
            yield parameter["name"], str(parameter["schema"]["default"]).lower()


VERSIONS = tuple(map(Version, NAMES))
"""The versions that are described, the oldest first."""

NEWEST = VERSIONS[-1]


@cache
def _places(version: str) -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document_of(version)["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@cache
def pattern_of(operation_id: str) -> re.Pattern[str]:
    """What matches the path of an operation in any case, in any version, whatever its parameters."""
    found = dict.fromkeys(v.places[operation_id][1] for v in reversed(VERSIONS) if operation_id in v.places)
    literals = dict.fromkeys(path.partition("/v")[2].partition("/")[2] for path in found)
    choices = (SEGMENT.join(map(re.escape, re.split(r"\{\w+\}", literal))) for literal in literals)
    return re.compile(f"/{ANY_VERSION}/(?:{'|'.join(choices)})", re.IGNORECASE)


def is_at(path: str, *operation_ids: str) -> bool:
    """Whether a path, with or without a query, is that of one of these operations, in any version."""
    bare = path.partition("?")[0]
    return any(pattern_of(id).fullmatch(bare) for id in operation_ids)


def version_of_path(path: str) -> Version | None:
    """The version that a path names, where it is described."""
    return next((version for version in VERSIONS if version.serves(path)), None)


def version_at(path: str) -> Version:
    """The same, of a path of which it is known that it names one."""
    found = version_of_path(path)
    assert found is not None
    return found


def label_at(method: str, path: str) -> str:
    """The operation that a request asks for, such as `POST /v8/DeviceCode`; method and path where there is none."""
    version = version_of_path(path)
    places = version.places.items() if version is not None else ()
    known = (template for id, (served, template) in places if served == method and is_at(path, id))
    return f"{method} {next(known, path.partition('?')[0])}"


def service_of(version: str) -> str:
    """The path by which clients find out whether a version is served."""
    return f"/{version}/" + NEWEST.path_of("getServiceInstance").removeprefix(f"/{NEWEST}/")
