"""Rules of the organizations and of the installation."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from veeam_contracts.asking.client import NOBODY, Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange, listed_in
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import is_at, service_of
from veeam_contracts.rules.expectations import expect_json, kind_of, require_token, violations
from veeam_contracts.rules.test_messages import has_unseen

PAGED_SINCE = 8
"""The first version whose organizations come in pages (docs/evidence.md#organizations)."""

RELATIVE_SINCE = 6
"""The first version whose links have neither host nor port (docs/evidence.md#links)."""

MOST_COMPARED = 5
STEADY = ("id", "name", "officeName", "type", "region")
"""Members that cannot change between two calls; `isBackedup` and the dates can."""


def listing(api: Client, findings: Findings) -> Exchange:
    """The answer to the list, which is 200."""
    require_token(api)
    exchange = api.get(api.path_of("getOrganizations"))
    findings.check(exchange.status == 200, "200 for the organizations", f"status {exchange.status}", exchange)
    return exchange


def organizations(exchange: Exchange) -> list[dict[str, object]]:
    """The objects in a list of organizations."""
    return listed_in(exchange.value)


@pytest.mark.rule("organizations.list")
def test_the_list_is_an_array_of_organizations(api: Client, findings: Findings) -> None:
    exchange = listing(api, findings)
    expect_json(findings, exchange)
    if exchange.value is NOT_JSON and exchange.media_type == "application/json":
        findings.cut(kind_of(NOT_JSON), see="answers.json")
        return
    form, expected = (dict, "a page, which is an object") if api.version.number >= PAGED_SINCE else (list, "an array")
    if findings.check(isinstance(exchange.value, form), expected, kind_of(exchange.value), exchange):
        wrong = violations(api, "getOrganizations", 200, exchange.value)
        findings.check(not wrong, "objects with id and name", "; ".join(wrong[:5]), exchange)
        if isinstance(exchange.value, dict):
            check_first_page(findings, exchange)


def check_first_page(findings: Findings, exchange: Exchange) -> None:
    """Who asks for no page gets the first one, with no more on it than its `limit` (v8 API `PageOf…`)."""
    offset, limit = exchange.member("offset"), exchange.member("limit")
    if isinstance(offset, int) and isinstance(limit, int):
        findings.check(offset == 0, "the first page, offset 0", f"offset {offset}", exchange)
        listed = len(organizations(exchange))
        findings.check(listed <= limit, "no more organizations than limit", f"{listed} with limit {limit}", exchange)


@pytest.mark.rule("organizations.ids")
def test_the_ids_differ(api: Client, findings: Findings) -> None:
    exchange = listing(api, findings)
    counts = Counter(str(item["id"]).lower() for item in organizations(exchange) if "id" in item)
    repeated = [key for key, times in counts.items() if times > 1]
    findings.check(not repeated, "an id for each organization", f"{', '.join(repeated)} more than once", exchange)


@pytest.mark.rule("organizations.single")
def test_one_organization_is_that_of_the_list(api: Client, findings: Findings) -> None:
    listed = [item for item in organizations(listing(api, findings)) if "id" in item]
    if not listed:
        not_tested("the server has no organizations")
    for item in listed[:MOST_COMPARED]:
        exchange = api.get(api.path_of("getOrganization", organizationId=str(item.get("id"))))
        if not findings.check(
            exchange.status == 200, "200 for an id of the list", f"status {exchange.status}", exchange
        ):
            continue
        expect_json(findings, exchange)
        wrong = violations(api, "getOrganization", 200, exchange.value)
        findings.check(not wrong, "an organization", "; ".join(wrong), exchange)
        # A list may tell less than the single view; and an id is the same in any case (RFC 9562 section 4).
        both = [name for name in STEADY if name in item and exchange.member(name) is not None]
        differing = [name for name in both if _folded(exchange.member(name)) != _folded(item[name])]
        findings.check(not differing, "what the list says", f"another {', '.join(differing)}", exchange,
                       like="organizations.ids")  # fmt: skip


def _folded(value: object) -> str:
    return str(value).lower()


@pytest.mark.rule("organizations.links")
def test_links_lead_to_this_version(api: Client, findings: Findings) -> None:
    check_links(api, findings, listing(api, findings))
    for exchange in api.look_through():
        if exchange.ok and exchange.method == "GET" and is_at(exchange.path, "getOrganization"):
            check_links(api, findings, exchange)
    forwarded = api.get(api.path_of("getOrganizations"), headers={"X-Forwarded-Host": ELSEWHERE})
    led = ELSEWHERE not in forwarded.text
    findings.check(led, "links that lead where no header field of a caller says", ELSEWHERE, forwarded)


def check_links(api: Client, findings: Findings, exchange: Exchange) -> None:
    """The links in an answer lead below this version, and those of an organization to itself."""
    for link in links_in(exchange.value):
        wrong = link_mistake(api, link)
        findings.check(wrong is None, f"a link below /{api.version}/ of this server", f"{link}: {wrong}", exchange)
    of_list = is_at(exchange.path, "getOrganizations")
    for item in organizations(exchange) if of_list else [exchange.value]:
        to_itself = own_link(item) if isinstance(item, dict) else None
        if to_itself is not None:
            there = str(item.get("id")).lower() in to_itself.lower()
            findings.check(there, "a link to the organization that has it", to_itself, exchange,
                           like="organizations.ids organizations.single")  # fmt: skip


def link_mistake(api: Client, link: str) -> str | None:
    """Where a link leads away; None where it does not. A whole address is judged by where it is asked for."""
    whole, own = api.version.number < RELATIVE_SINCE, urlsplit(api.target.url)
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return "is no address"
    segments = re.split(r"[/\\]", unquote(parts.path))
    if f"/{api.version}/" not in parts.path.lower() or {".", ".."} & set(segments) or "\\" in unquote(link):
        return "leads elsewhere"
    if bool(parts.netloc) is not whole:
        return f"is no {'whole address' if whole else 'path'}, as {api.version} has it"
    if whole and parts.scheme != own.scheme:
        return f"is not by {own.scheme}"
    return "is on another host" if whole and is_full_name(own.hostname or "") and host != own.hostname else None


ELSEWHERE = "elsewhere.invalid"
"""A host that nobody has (RFC 2606 section 2)."""


def is_full_name(host: str) -> bool:
    """Whether a host is asked by its whole name: one that is asked by address or short name may know a better one."""
    return "." in host and re.fullmatch(r"[\d.]+|.*:.*", host) is None


def own_link(item: dict[str, Any]) -> str | None:
    """The link of an organization to itself."""
    links = item.get("_links")
    own = links.get("self") if isinstance(links, dict) else None
    href = own.get("href") if isinstance(own, dict) else None
    return href if isinstance(href, str) else None


LONGEST_NAME = 1000


@pytest.mark.rule("organizations.names")
def test_no_name_misleads(api: Client, findings: Findings) -> None:
    exchange = listing(api, findings)
    for name in (item.get(member) for item in organizations(exchange) for member in ("name", "officeName")):
        if isinstance(name, str):
            wrong = name_mistake(name)
            findings.check(wrong is None, "a name that a person can read", f"{wrong}", exchange)


def name_mistake(name: str) -> str | None:
    """What in a name misleads a person, or breaks a screen; None when nothing does."""
    if has_unseen(name) or "\n" in name or "\r" in name:
        return "a character that nobody sees"
    if re.search(r"</?(?:script|img|iframe|a|b|svg|style)\b", name, re.I):
        return "markup"
    return f"{len(name)} characters" if len(name) > LONGEST_NAME else None


def links_in(value: Any) -> Iterator[str]:
    """The addresses of `_links` and `_actions` in an answer, wherever they stand."""
    if isinstance(value, dict):
        yield from (value[name] for name in ("href", "uri") if isinstance(value.get(name), str))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from links_in(inner)


@pytest.mark.rule("organizations.unknown")
def test_an_organization_that_does_not_exist(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.get(api.path_of("getOrganization", organizationId=NOBODY))
    findings.check(exchange.status == 404, "404 for an id that does not exist", f"status {exchange.status}", exchange)
    known = api.organization_id() or NOBODY
    for key in ("not-an-id", "%", "' or '1'='1", known[: len(known) * 3 // 4], "*", "null"):
        malformed = api.get(api.path_of("getOrganization", organizationId=key))
        findings.check(malformed.refused, "a 4xx for an id that is none", f"status {malformed.status}", malformed)


@pytest.mark.rule("service.instance")
def test_the_installation_describes_itself(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.get(api.path_of("getServiceInstance"))
    if findings.check(exchange.status == 200, "200 for the installation", f"status {exchange.status}", exchange):
        expect_json(findings, exchange)
        wrong = violations(api, "getServiceInstance", 200, exchange.value)
        findings.check(not wrong, "an object with a version", "; ".join(wrong), exchange)


@pytest.mark.rule("service.version-probe")
def test_versions_are_found_by_asking_without_a_token(api: Client, findings: Findings) -> None:
    api.survey.require("getServiceInstance")
    for path, expected in ((service_of("v99"), 404), (api.path_of("getServiceInstance"), 401)):
        exchange = api.get(path, token=None)
        seen = f"status {exchange.status}"
        findings.check(exchange.status == expected, f"{expected} for {path}", seen, exchange, like="credentials.absent")
