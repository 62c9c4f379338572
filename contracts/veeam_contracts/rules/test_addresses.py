"""Rules of the address that comes with a device code: people type their code and their password there."""

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange, listed_in
from veeam_contracts.asking.target import is_loopback
from veeam_contracts.judging.findings import Findings
from veeam_contracts.paths import is_at
from veeam_contracts.rules.expectations import address_of, good_codes, has_type

SIGN_IN_HOSTS = frozenset({"microsoft.com", "www.microsoft.com", "login.microsoft.com", "login.microsoftonline.com",
                           "login.microsoftonline.us", "login.microsoftonline.de", "login.partner.microsoftonline.cn",
                           "login.chinacloudapi.cn", "login.live.com", "aka.ms"})  # fmt: skip
"""Hosts of Microsoft's sign-in pages (docs/evidence.md#verification-url; Microsoft's list of sign-in endpoints). Others
below microsoft.com have pages that anybody writes."""

SIGN_IN = re.compile(r"device|/link\b|remoteconnect", re.I)
"""What the paths of these pages have."""

OTHER_CLOUDS = re.compile(r"devicelogin(?:us|china|germany)|microsoftonline\.(?:us|de|cn)", re.I)
"""What tells the pages of the other clouds from that of the region `worldwide` (docs/evidence.md#verification-url)."""


@pytest.mark.rule("code.url")
def test_the_address_is_an_https_page_of_microsoft(api: Client, findings: Findings) -> None:
    for exchange in good_codes(api, findings):
        check_page(api, findings, exchange)


def check_page(api: Client, findings: Findings, exchange: Exchange) -> None:
    """The address is one where a person can type it: a page of Microsoft's, at its port."""
    url = address_of(exchange)
    if not has_type(findings, url, str):
        return
    wrong = None if is_own_page(api, url) else url_mistake(url)
    findings.check(wrong is None, "an https page of Microsoft's", f"{url!r}: {wrong}", exchange, like="code.url")


def is_own_page(api: Client, url: Any) -> bool:
    """Whether a server on this machine names its own page, as the mock can (reading `self` of `verification-url`)."""
    return is_loopback(api.target.url) and str(url).startswith(f"{api.target.url}/")


def url_mistake(url: str) -> str | None:
    """What is wrong with a verification address; None when nothing is."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if parts.scheme != "https":
        return "is not https"
    if "@" in parts.netloc or host not in SIGN_IN_HOSTS:
        return "is not a page of Microsoft's"
    if not SIGN_IN.search(parts.path):
        return "is not a sign-in page"
    if port not in (None, 443):
        return "has a port of its own"
    if "//" in unquote(parts.query) or "//" in unquote(parts.fragment):
        return "names another address"
    return None if url.isprintable() and " " not in url else "is no address"


@pytest.mark.rule("code.url-region")
def test_the_address_is_the_same_for_a_region(api: Client, findings: Findings) -> None:
    addresses = Counter(str(e.member("verificationUrl")) for e in good_codes(api, findings))
    findings.check(len(addresses) <= 1, "one address for one region", ", ".join(addresses))
    if len(addresses) == 1:
        check_cloud(api, findings, good_codes(api, findings)[0])


def check_cloud(api: Client, findings: Findings, exchange: Exchange) -> None:
    """A code that was asked for in the region `worldwide` names no page of another cloud."""
    address = address_of(exchange)
    if isinstance(address, str) and is_worldwide(api, exchange):
        fine = not OTHER_CLOUDS.search(address)
        findings.check(fine, "the page of the region worldwide", address, exchange, like="code.url-region")


def is_worldwide(api: Client, exchange: Exchange) -> bool:
    """Whether a code is known to be for the region `worldwide`: by what was asked, or by its organization."""
    asked = json_of(exchange.request_body)
    if is_at(exchange.path, "getAzureDeviceCode"):
        return asked.get("azureEnvironment") == "Global"
    if is_at(exchange.path, "getDeviceCode"):
        return str(asked.get("targetRegion")).lower() == "worldwide"
    listing = api.survey.asked.get("getOrganizations")
    listed = listed_in(listing.value) if listing is not None else []
    regions = {str(item.get("id")).lower(): str(item.get("region")).lower() for item in listed}
    of_it = [region for key, region in regions.items() if f"/{key}/" in exchange.path.lower()]
    return is_at(exchange.path, "getOrganizationDeviceCode") and of_it == ["worldwide"]


def json_of(body: bytes | None) -> dict[str, Any]:
    """The JSON object that was sent; empty where it was another body."""
    try:
        value = json.loads(body or b"")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
