"""Rules of wrong requests for a device code: a 4xx, or a code where the sources disagree."""

import json

import pytest

from veeam_contracts.asking.client import FORM, JSON, NOBODY, Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.findings import Findings
from veeam_contracts.rules.expectations import (
    INJECTED,
    About,
    expect_refusal,
    expect_refusal_or_code,
    require_token,
)

LONG = 50_000
DEEP = b"[" * 1_000 + b"]" * 1_000
"""JSON as deep as many readers refuse (RFC 8259 section 9)."""


def refuse_bodies(api: Client, findings: Findings, bodies: dict[str, bytes]) -> None:
    """Each body is refused: description -> bytes."""
    require_token(api)
    for what, body in bodies.items():
        exchange = api.code_from(body)
        expect_refusal(findings, exchange, what, like="request.region-unknown")


def refuse_regions(api: Client, findings: Findings, regions: dict[str, object]) -> None:
    """Each region is refused: description -> JSON value."""
    refuse_bodies(
        api, findings, {what: json.dumps({"targetRegion": value}).encode() for what, value in regions.items()}
    )


@pytest.mark.rule("request.malformed-json")
def test_malformed_json(api: Client, findings: Findings) -> None:
    bodies = {"a JSON text that breaks off": b'{"targetRegion": ', "words": b"worldwide"}
    refuse_bodies(api, findings, {**bodies, "bytes that are not UTF-8": b'{"targetRegion": "\xff\xfe"}'})


@pytest.mark.rule("request.not-an-object")
def test_json_that_is_no_object(api: Client, findings: Findings) -> None:
    refuse_bodies(api, findings, {"an array": b'["worldwide"]', "a text": b'"worldwide"', "arrays in arrays": DEEP})


@pytest.mark.rule("request.region-type")
def test_a_region_that_is_no_text(api: Client, findings: Findings) -> None:
    regions = {"a boolean as region": True, "an array as region": ["worldwide"]}
    refuse_regions(api, findings, {**regions, "an object as region": {"name": "worldwide"}})
    refuse_bodies(api, findings, {"a number of 5,000 digits as region": b'{"targetRegion": ' + b"9" * 5_000 + b"}"})


@pytest.mark.rule("request.region-unknown")
def test_an_unknown_region(api: Client, findings: Findings) -> None:
    broken = {"a region with a line break": f"worldwide\r\n{INJECTED}: yes"}
    refuse_regions(api, findings, {"the region Atlantis": "Atlantis", "the beginning of a region": "World", **broken})


@pytest.mark.rule("request.region-empty")
def test_what_may_be_bound_to_a_region(api: Client, findings: Findings) -> None:
    require_token(api)
    for name, value in (("region-empty", ""), ("region-space", "worldwide "), ("region-number", 0)):
        observe_reading(findings, name, api.device_code(value))


def observe_reading(findings: Findings, name: str, exchange: Exchange) -> None:
    """Whether a server reads what it may read or refuse; a refusal of something else shows nothing."""
    if exchange.ok or expect_refusal(findings, exchange, name):
        findings.observe(name, "read" if exchange.ok else "refused", f"status {exchange.status}")


@pytest.mark.rule("request.region-long")
def test_a_very_long_region(api: Client, findings: Findings) -> None:
    refuse_regions(api, findings, {f"a region of {LONG} characters": "w" * LONG})


@pytest.mark.rule("request.region-nul")
def test_a_region_with_a_nul(api: Client, findings: Findings) -> None:
    refuse_regions(api, findings, {"a region with a NUL": "worldwide\x00", "a NUL as region": "\x00"})


@pytest.mark.rule("request.region-non-ascii")
def test_a_region_in_other_letters(api: Client, findings: Findings) -> None:
    regions = {"full-width letters as region": "ｗｏｒｌｄｗｉｄｅ", "an emoji as region": "🌍"}
    halved = {"half of a surrogate pair as region": "\ud83c"}
    refuse_regions(api, findings, {**regions, **halved, "a Turkish letter in the region": "worldwıde"})


@pytest.mark.rule("request.region-left-out")
def test_no_region(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.post_json(api.path_of("getDeviceCode"), {}, query=api.organization_query())
    expect_refusal_or_code(findings, exchange, "a body without a region")


@pytest.mark.rule("request.region-null")
def test_a_null_region(api: Client, findings: Findings) -> None:
    require_token(api)
    expect_refusal_or_code(findings, api.device_code(None), "a null region")


@pytest.mark.rule("request.no-body")
def test_no_body(api: Client, findings: Findings) -> None:
    require_token(api)
    for media_type in (JSON, None):
        exchange = api.code_from(None, media_type)
        expect_refusal(findings, exchange, f"no body{f', announced as {media_type}' if media_type else ''}")


@pytest.mark.rule("request.media-type")
def test_another_media_type(api: Client, findings: Findings) -> None:
    require_token(api)
    bodies = {
        FORM: b"targetRegion=worldwide",
        "text/plain": b'{"targetRegion": "worldwide"}',
        "application/xml": b"<a/>",
    }
    for media_type, body in bodies.items():
        observe_reading(findings, f"media-type {media_type}", api.code_from(body, media_type))


@pytest.mark.rule("request.organization-unknown")
def test_an_unknown_organization(api: Client, findings: Findings) -> None:
    require_token(api)
    exchange = api.device_code(query={"organizationId": NOBODY})
    expect_refusal_or_code(findings, exchange, "an organizationId that does not exist", About.ID)


@pytest.mark.rule("request.organization-malformed")
def test_a_malformed_organization(api: Client, findings: Findings) -> None:
    require_token(api)
    for value in ("not-an-id", "", "'; --", "\x00"):
        exchange = api.device_code(query={"organizationId": value})
        expect_refusal_or_code(findings, exchange, f"organizationId {value!r}", About.ID)


@pytest.mark.rule("request.path-unknown")
def test_the_code_of_an_organization_that_does_not_exist(api: Client, findings: Findings) -> None:
    require_token(api)
    for key in (NOBODY, "not-an-id"):
        exchange = api.send("POST", api.path_of("getOrganizationDeviceCode", organizationId=key))
        expect_refusal(findings, exchange, f"the device code of the organization {key}", About.ID)
