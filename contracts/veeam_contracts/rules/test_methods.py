"""Rules of the methods that are not served on the two paths that are only for POST."""

import pytest

from veeam_contracts.asking.client import JSON, Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import require_token

OTHERS = ("GET", "PUT", "PATCH", "DELETE", "HEAD")


def refuse_methods(api: Client, findings: Findings, path: str, token: str | None) -> None:
    """Every other method is answered with 4xx, and not with what POST gives."""
    for method in OTHERS:
        body = b'{"targetRegion": "worldwide"}' if method in ("PUT", "PATCH") else None
        exchange = api.send(method, path, token=token, body=body, media_type=JSON if body else None)
        refused = exchange.refused or exchange.status == 501
        findings.check(refused, f"a 4xx or 501 for {method} {path}", f"status {exchange.status}", exchange)


@pytest.mark.rule("methods.device-code")
def test_other_methods_on_the_device_code_path(api: Client, findings: Findings) -> None:
    require_token(api)
    api.survey.require("getDeviceCode")
    refuse_methods(api, findings, api.path_of("getDeviceCode"), api.token)


@pytest.mark.rule("methods.token")
def test_other_methods_on_the_token_path(api: Client, findings: Findings) -> None:
    refuse_methods(api, findings, api.path_of("getToken"), None)
