"""Faults and conditions as types, so that a type checker refuses a name or a value that does not fit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

FaultKind = Literal[
    "status",
    "delay",
    "timeout",
    "dribble",
    "reset",
    "empty",
    "truncate",
    "garbage",
    "malformed-json",
    "content-type",
    "reply",
    "html",
]
PresetName = Literal[
    "throttled",
    "logins-limited",
    "azure-unreachable",
    "service-unavailable",
    "token-revoked",
    "code-expired",
    "gateway-timeout",
]
Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
OperationName = Literal[
    "getToken",
    "getOrganizations",
    "addOrganization",
    "getOrganization",
    "updateOrganization",
    "deleteOrganization",
    "getDeviceCode",
    "getOrganizationDeviceCode",
    "getRestoreDeviceCode",
    "addApplications",
    "exploreOrganization",
    "getRestoreSession",
    "stopRestoreSession",
    "getServiceInstance",
    "checkDeviceCode",
    "getAzureDeviceCode",
    "logOut",
    "getAuthCode",
]


class RequestHead(TypedDict, total=False):
    """Conditions on the head of a request; a header field or query parameter with None must be missing."""

    operation: OperationName | Sequence[OperationName]
    method: Method
    path: str
    header: Mapping[str, str | None]
    query: Mapping[str, str | None]


class RequestConditions(RequestHead, total=False):
    """Which requests are meant: all that fit everything that is named. `body` is keyed by JSON Pointer."""

    body: Mapping[str, Any]


class FaultRule(RequestHead, total=False):
    """What a fault does, and when. `body` is what it answers; `request_body` is a condition, keyed by JSON Pointer."""

    preset: PresetName
    status: int
    message: str
    body: Any
    headers: Mapping[str, str]
    retry_after: int
    delay: str | float | Sequence[str | float]
    over: str | float
    content_type: str
    set: Mapping[str, Any]
    remove: Sequence[str]
    retype: Sequence[str]
    request_body: Mapping[str, Any]
    match: RequestConditions
    times: int
    after: int
    probability: float
    until: str | float


class GivenFault(FaultRule, total=False):
    """A fault as the setting `faults` takes it."""

    kind: FaultKind
