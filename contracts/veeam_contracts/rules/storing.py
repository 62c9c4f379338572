"""What caches are told about an answer, and what they tell of themselves (RFC 9111, RFC 9211, RFC 9213)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.findings import Findings

Directives = dict[str, str]
"""What a field such as Cache-Control says: each directive with its argument, empty without one."""

DIRECTIVE = re.compile(r"([\w-]+)\s*(?:=\s*(\"[^\"]*\"|[^\s,;\"]*))?")

FOR_CACHES = re.compile(r"(?:[\w-]+-)?cdn-cache-control|surrogate-control|edge-control|x-accel-expires")
"""Fields for the caches in front of a server alone. A cache that reads one does not read Cache-Control (RFC 9213
section 2.2), so that what that one forbids does not count."""

TELLS_OF_HITS = re.compile(r"(?:[\w-]+-)?cache(?:-(?:status|remote|lookup))?")
HAD_IT = re.compile(r"(?:\b|_|refresh)hit\b(?![ _-](?:for|miss))|\b(?:stale|updating|revalidated)\b", re.I)
"""How caches call an answer that they had: nginx, Cloudflare, CloudFront, Akamai, Squid, Varnish."""


def check_fresh(findings: Findings, exchange: Exchange, like: str = "code.fresh") -> None:
    """Nobody has stored the answer, and nobody is asked to."""
    headers = exchange.headers
    age, cache = headers.get("age", "0").strip(), headers.get("cache-control", "")
    findings.check(age == "0", "no Age, as of an answer that was stored", f"Age: {age}", exchange, like=like)
    findings.check(
        not lets_keep(directives(cache)), "no Cache-Control that lets it be stored", cache, exchange, like=like
    )
    lasts = storable_until(headers)
    findings.check(not lasts, "nothing that lets it be stored", lasts, exchange, like=like)
    hit = sign_of_a_cache(headers)
    findings.check(not hit, "no sign of a cache", hit, exchange, like=like)


def directives(field: str) -> Directives:
    """The directives of a field such as Cache-Control (RFC 9111 section 5.2), in lower case."""
    return {name: argument for name, argument in DIRECTIVE.findall(field.lower())}


def lets_keep(told: Directives) -> bool:
    """Whether an answer may be stored, and given again without asking; `no-cache="Set-Cookie"` forbids one field."""
    return not _forbids(told) and ("public" in told or _lasts(told))


def lets_share(told: Directives) -> bool:
    """Whether caches may give to others what a token opened (RFC 9111 section 3.5)."""
    shared = "public" in told or "s-maxage" in told or ("must-revalidate" in told and _lasts(told))
    return shared and not _forbids(told) and told.get("private") != ""


def _forbids(told: Directives) -> bool:
    return "no-store" in told or told.get("no-cache") == ""


def _lasts(told: Directives) -> bool:
    names = ("max-age", "s-maxage", "cache-maxage")
    return any(re.match(r"\"?0*[1-9]", told.get(name, "")) for name in names)


def storable_until(headers: Mapping[str, str]) -> str:
    """The field beside Cache-Control that lets an answer be stored (RFC 9111 section 5.3); empty without one."""
    for name, value in _those(headers, FOR_CACHES):
        if lets_keep(directives(value)) or (name == "x-accel-expires" and re.match(r"@?0*[1-9]", value.strip())):
            return f"{name}: {value}"
    told = directives(headers.get("cache-control", ""))
    if _forbids(told) or "max-age" in told:
        return ""
    try:
        later = parsedate_to_datetime(headers["expires"])
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return f"expires: {headers['expires']}" if later > now else ""
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""


def sign_of_a_cache(headers: Mapping[str, str]) -> str:
    """The field in which a cache says that it had the answer; empty without one."""
    for name, value in _those(headers, TELLS_OF_HITS):
        # In Cache-Status, `fwd=stale` means that it was asked for anew (RFC 9211 section 2.2).
        had = re.search(r";\s*hit\b(?!=\?0)", value) if name == "cache-status" else HAD_IT.search(value)
        if had:
            return f"{name}: {value}"
    for name, pattern in (
        ("x-cache-hits", r".*[1-9]"),
        ("x-varnish", r"\s*\d+\s+\d+"),  # Its own number, and that of the request which it stored the answer of.
        ("server-timing", r"(?i).*\bcache\b[^,]*\bdesc=\"?hit\b"),
        ("warning", r"11[0-3]\b"),
    ):
        if re.match(pattern, headers.get(name, "")):
            return f"{name}: {headers[name]}"
    return ""


def _those(headers: Mapping[str, str], names: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in headers.items() if names.fullmatch(name))
