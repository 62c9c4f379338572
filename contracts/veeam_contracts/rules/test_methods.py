"""Rules of the methods that are not served on the two paths that are only for POST."""

import pytest

from veeam_contracts.asking.client import JSON, Client
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import require_token

OTHERS = ("GET", "PUT", "PATCH", "DELETE", "HEAD")
BODY = b'{"targetRegion": "worldwide"}'


def refuse_methods(
    api: Client, findings: Findings, path: str, token: str | None, methods: tuple[str, ...] = OTHERS
) -> None:
    """Every other method is answered with 4xx, and not with what POST gives."""
    for method in methods:
        body = BODY if method in ("PUT", "PATCH") else None
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
    # A TRACE, which repeats what it was sent, is sent no token (RFC 9110 section 9.3.8).
    refuse_methods(api, findings, api.path_of("getToken"), None, (*OTHERS, "TRACE"))


@pytest.mark.rule("methods.override")
def test_a_get_that_names_another_method(api: Client, findings: Findings) -> None:
    require_token(api)
    path = api.path_of("getDeviceCode")
    asked: dict[str, tuple[dict[str, str | None], dict[str, str]]] = {
        "a header field": (dict.fromkeys(OVERRIDES, "POST"), {}),
        "the query": ({}, {"_method": "POST"}),
    }
    for where, (headers, query) in asked.items():
        exchange = api.get(path, body=BODY, media_type=JSON, headers=headers, query=query)
        holds = exchange.refused or exchange.status == 501
        findings.check(holds, f"a 4xx or 501 for a GET that names POST in {where}", f"status {exchange.status}",
                       exchange, like="methods.device-code")  # fmt: skip


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""Fields by which frameworks let a client name another method than that of the request."""
