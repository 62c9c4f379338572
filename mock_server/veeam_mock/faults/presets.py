"""Faults with a name: what integrations meet in the field, each a rule without its conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veeam_mock.model.errors import CodeExpired

DEVICE_CODE_OPERATIONS = ("getDeviceCode", "getOrganizationDeviceCode", "getRestoreDeviceCode")
UNREACHABLE = "Failed to get a device code: unable to connect to https://login.microsoftonline.com."


@dataclass(frozen=True, slots=True)
class Preset:
    """`rule` is what the parser takes, `summary` says when it happens in the field."""

    name: str
    summary: str
    rule: Mapping[str, Any]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "throttled",
            "too many requests: 429 with Retry-After",
            {"kind": "status", "status": 429, "message": "Too many requests.", "retry_after": 30},
        ),
        Preset(
            "logins-limited",
            "more logins than the vendor allows from v6 on: 429 with Retry-After on the token call",
            {
                "kind": "status",
                "status": 429,
                "message": "Too many requests for a token came.",
                "retry_after": 60,
                "match": {"operation": "getToken"},
            },
        ),
        Preset(
            "azure-unreachable",
            "the server cannot reach Microsoft Azure: 500 on the device-code calls",
            {
                "kind": "status",
                "status": 500,
                "message": UNREACHABLE,
                "match": {"operation": list(DEVICE_CODE_OPERATIONS)},
            },
        ),
        Preset(
            "service-unavailable",
            "the service starts or stops: 503 with Retry-After",
            {"kind": "status", "status": 503, "message": "The service is unavailable.", "retry_after": 60},
        ),
        Preset(
            "token-revoked",
            "the login ended on the server: 401 although the token has not expired",
            {"kind": "status", "status": 401},
        ),
        Preset(
            "code-expired",
            "nobody typed the code in time, says the call that spends it: AADSTS70019",
            {
                "kind": "status",
                "status": 400,
                "message": CodeExpired.text,
                "match": {"operation": "addOrganization"},
            },
        ),
        Preset(
            "gateway-timeout",
            "a proxy gave up on the server: its HTML page with 504",
            {"kind": "html", "status": 504},
        ),
    )
}
