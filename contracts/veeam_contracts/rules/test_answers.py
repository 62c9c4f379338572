"""Rules over every answer of the run: they send nothing, and look through the journal."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange
from veeam_contracts.asking.target import Login
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import is_at
from veeam_contracts.rules.expectations import kind_of, require_token, violations

T = TypeVar("T")

TRACE = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|^\s+at [\w.$<>`\[\], ]+\(.*\)( in .+:line \d+)?"
    r"|\bat [\w$]+(\.[\w$<>`]+)+\([^)]*\)"
    r"|^\s*at .+ \(?(?:file://|/|[A-Z]:\\).+:\d+:\d+\)?$"
    r"|\bgoroutine \d+ \[|Stack trace:|Caused by: [\w.]+|on line \d+$"
    r"|\.rb:\d+:in |^#\d+ \{main\}|^Uncaught \w+"
    r"|[\"'](stackTrace|exceptionType|ExceptionMessage|StackTrace)[\"']\s*:\s*(?!null\b)\"?\w",
    re.MULTILINE,
)
"""A trace of Python, .NET, Java, Node, Go, PHP or Ruby, or members in which a framework puts one, unless null."""


PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml)", re.I)


GATEWAYS = frozenset({401, 403, 405, 413, 501})
"""Statuses with which a gateway, or the framework, answers before the server is asked: in its own words."""


def is_odd(api: Client, exchange: Exchange) -> bool:
    """Whether a path is none of the version, or spelled so that a gateway or a router may refuse it, or clean it."""
    bare = exchange.path.partition("?")[0]
    return "%" in bare or ";" in bare or not is_at(bare, *api.version.places)


def is_of_gateway(api: Client, exchange: Exchange) -> bool:
    """Whether a refusal may come from a gateway, or the framework, in its own words."""
    below_500 = not exchange.ok and (exchange.status or 500) < 500
    return exchange.status in GATEWAYS or exchange.throttled or (below_500 and is_routed_nowhere(api, exchange))


def is_routed_nowhere(api: Client, exchange: Exchange) -> bool:
    """Whether it was for nothing that the server has, so that no code of the API's answered."""
    return is_odd(api, exchange) or not is_described(api, exchange) or is_missing(api, exchange)


def is_page(exchange: Exchange) -> bool:
    """Whether the body is one for people; an empty one is for nobody."""
    return bool(exchange.body) and (exchange.media_type == "text/html" or PAGE.match(exchange.text) is not None)


def answered(api: Client) -> Iterator[Exchange]:
    """The exchanges with an answer; without any, there is nothing to judge."""
    if all(exchange.status is None for exchange in api.journal):
        not_tested("no request was answered")
    yield from (exchange for exchange in api.look_through() if exchange.status is not None)


def once_a_text(look: Callable[[str], T]) -> Callable[[str], T]:
    """`look` for texts of which many are the same: what it found is remembered, by a digest of the text."""
    found: dict[bytes, T] = {}

    def looked(text: str) -> T:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if digest not in found:
            found[digest] = look(text)
        return found[digest]

    return looked


def judge(
    api: Client, findings: Findings, holds: Callable[[Exchange], bool], expected: str, seen: Callable[[Exchange], str]
) -> None:
    """Judge every answer."""
    for exchange in answered(api):
        findings.check(holds(exchange), expected, seen(exchange), exchange)


@pytest.mark.rule("token.alive")
def test_no_good_token_was_refused(api: Client, findings: Findings) -> None:
    if not api.deaths:
        require_token(api)
        findings.check(True, "", "")
    for exchange in api.survey.asked.values():
        findings.need(
            exchange.status != 401, "a token that opens from its first call on", "401 to a good call", exchange
        )
    for exchange in api.deaths:
        number = 1 + next(index for index, kept in enumerate(api.journal) if kept is exchange)
        seen = f"401 to request {number} of the run, and to the organizations after it"
        findings.check(False, "a token that opens until its time is over", seen, exchange)


@pytest.mark.rule("answers.arrive")
def test_every_request_is_answered(api: Client, findings: Findings) -> None:
    for exchange in api.look_through():
        dropped = exchange.error is not None and not exchange.late and not exchange.kept_idle
        findings.check(not dropped, "a whole answer", str(exchange.error or "an answer"), exchange)


@pytest.mark.rule("answers.in-time")
def test_every_answer_comes_in_time(api: Client, findings: Findings) -> None:
    limit = api.target.timeout
    for exchange in api.look_through():
        late = exchange.elapsed > limit or exchange.late
        findings.check(
            not late, f"an answer within {limit:g} s", str(exchange.error or f"{exchange.elapsed:.1f} s"), exchange
        )


@pytest.mark.rule("answers.no-5xx")
def test_no_answer_is_5xx(api: Client, findings: Findings) -> None:
    for exchange in answered(api):
        unknown = exchange.status == 501 and (not is_described(api, exchange) or is_missing(api, exchange))
        fine = (exchange.status or 0) < 500 or exchange.throttled or unknown
        findings.check(fine, "no 5xx", f"status {exchange.status}", exchange)


def is_described(api: Client, exchange: Exchange) -> bool:
    """Whether the document has an operation at this path with this method: others may be answered with 501."""
    return any(method == exchange.method and is_at(exchange.path, id) for id, (method, _) in api.version.places.items())


def is_missing(api: Client, exchange: Exchange) -> bool:
    """Whether it went to an operation that is not served, which `operations.served` tells."""
    return any(method == exchange.method and is_at(exchange.path, id)
               for id, (method, _) in api.version.places.items() if id in api.survey.missing)  # fmt: skip


@pytest.mark.rule("answers.no-redirect")
def test_no_answer_is_a_redirect(api: Client, findings: Findings) -> None:
    judge(api, findings, lambda e: e.status not in range(300, 400) or is_odd(api, e), "no redirect",
          lambda e: f"status {e.status} to {e.headers.get('location')}")  # fmt: skip


@pytest.mark.rule("answers.json")
def test_what_says_json_is_json(api: Client, findings: Findings) -> None:
    repeats = cache(repeats_a_member)  # Many bodies are the same.
    for exchange in answered(api):
        if exchange.media_type == "application/json" and exchange.body:
            is_json = exchange.value is not NOT_JSON
            findings.check(is_json, "JSON in UTF-8", "another text", exchange)
            findings.check(not (is_json and repeats(exchange.body)), "each member once", "a member twice", exchange)
            fine = exchange.charset in ("", "utf-8")
            findings.check(fine, "charset utf-8, or none", exchange.charset, exchange, like="code.media-type")


def repeats_a_member(body: bytes) -> bool:
    """Whether an object in a JSON body has two members of one name, of which readers take one or the other.

    For some readers case does not tell names apart; two of them with one value mislead nobody.
    """
    found = False

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        members: dict[str, Any] = {}
        same = [members.setdefault(name.lower(), value) == value for name, value in pairs]
        found = found or len({name for name, _ in pairs}) < len(pairs) or not all(same)
        return dict(pairs)

    json.loads(body, object_pairs_hook=note)
    return found


@pytest.mark.rule("answers.framing")
def test_every_answer_ends_where_it_says(api: Client, findings: Findings) -> None:
    for exchange in answered(api):
        check_framing(findings, exchange, like="code.framing")
        broken = [name for name, value in exchange.headers.items() if CONTROLS.search(value)]
        seen = f"control characters in {', '.join(broken)}"
        findings.check(not broken, "fields of characters that can be seen", seen, exchange)
        unasked = codings(exchange.headers.get("content-encoding")) - {
            *codings(exchange.request_headers.get("Accept-Encoding")),
            "identity",
        }
        findings.check(not unasked, "a coding that was asked for", ", ".join(sorted(unasked)), exchange)


CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def codings(field: str | None) -> set[str]:
    """The codings that a field names, such as gzip, without their weights."""
    return {part.partition(";")[0].strip().lower() for part in (field or "").split(",")} - {""}


def check_framing(findings: Findings, exchange: Exchange, like: str = "") -> None:
    """One length, that of the body, or chunks: of two, one reader takes the one and another the other."""
    length = exchange.headers.get("content-length")
    chunked = "chunked" in exchange.headers.get("transfer-encoding", "").lower()
    findings.check(not (chunked and length), "Content-Length or chunked, not both", "both", exchange, like=like)
    if length is not None and exchange.method != "HEAD" and "content-encoding" not in exchange.headers:
        holds = length.isascii() and length.isdigit() and (length.lstrip("0") or "0") == str(len(exchange.body))
        findings.check(holds, f"Content-Length {len(exchange.body)}", length, exchange, like=like)


@pytest.mark.rule("answers.no-html")
def test_no_answer_is_html(api: Client, findings: Findings) -> None:
    judge(api, findings, lambda e: is_of_gateway(api, e) or not is_page(e), "no page of HTML",
          lambda e: e.media_type or "a page")  # fmt: skip


@pytest.mark.rule("answers.no-trace")
def test_no_answer_shows_a_stack_trace(api: Client, findings: Findings) -> None:
    shows_one = once_a_text(lambda text: TRACE.search(text) is not None)
    judge(api, findings, lambda e: not shows_one(e.shown), "no stack trace", lambda e: "a stack trace")


@pytest.mark.rule("answers.no-secret")
def test_no_answer_repeats_what_is_secret(api: Client, findings: Findings) -> None:
    for exchange in answered(api):
        shown = exchange.shown
        repeated = {kind for kind, value in presented(exchange) if any(s in shown for s in spellings(value))}
        repeated |= told_of(api.target.login, exchange)
        findings.check(not repeated, "no secret of the request", f"the {', '.join(sorted(repeated))}", exchange)


SHORTEST_SECRET = 8
HASHES = ("md5", "sha1", "sha256", "sha512")


def spellings(secret: str) -> set[str]:
    """What a secret looks like where it is repeated as it is, as in a form or an address, in hexadecimal or base64."""
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    return plain | {secret.encode().hex()} | in_base64(secret.encode()) | in_base64(secret.encode("utf-16-le"))


def in_base64(secret: bytes) -> set[str]:
    """What a secret looks like in base64, whatever stands before it, as in `user:password`."""
    found = set()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret).decode()
        found.add(text[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6])
    return found | {text.translate(FOR_ADDRESSES) for text in found}


FOR_ADDRESSES = str.maketrans("+/", "-_")


def told_of(login: Login, exchange: Exchange) -> set[str]:
    """What an answer tells of the password: base64 hides nothing, and a plain hash can be tried against lists."""
    password = login.password or ""
    if len(password) < SHORTEST_SECRET or password in (login.username or ""):
        return set()
    digests = [hashlib.new(name, password.encode(), usedforsecurity=False).digest() for name in HASHES]
    hidden = [digest.hex() for digest in digests] + [base64.b64encode(digest).decode() for digest in digests]
    shown = exchange.shown
    told = {"password as a hash"} if any(h in shown or h.upper() in shown for h in hidden) else set()
    encoded = in_base64(password.encode()) | in_base64(password.encode("utf-16-le"))
    return told | ({"password in base64"} if any(text in shown for text in encoded) else set())


def presented(exchange: Exchange) -> list[tuple[str, str]]:
    """The secrets in a request, long enough to be told from ordinary words."""
    found = [("token", exchange.request_headers.get("Authorization", "").partition(" ")[2].strip())]
    kinds = ("password",) if exchange.ok else ("password", "refresh_token")
    fields = exchange.form_fields()
    names = {value for kind, value in fields if kind == "username"}
    found += [(kind, value) for kind, value in fields if kind in kinds and value not in names]
    return [(kind, value) for kind, value in found if len(value) >= SHORTEST_SECRET]


@pytest.mark.rule("answers.error-shape")
def test_every_refusal_is_a_json_object_with_a_message(api: Client, findings: Findings) -> None:
    for exchange in answered(api):
        if not exchange.refused or not api.version.serves(exchange.path) or _may_be_empty(api, exchange):
            continue
        wrong = error_mistake(api, exchange)
        findings.check(
            wrong is None,
            "a JSON object with a message",
            wrong or "",
            exchange,
            like="answers.no-trace answers.no-leak",
        )


def _may_be_empty(api: Client, exchange: Exchange) -> bool:
    """HEAD has no body; 401, 405, 413, 429 and what is routed nowhere often come bare, from a framework or a proxy."""
    lawful = exchange.status in (401, 405, 413, 429) or is_routed_nowhere(api, exchange)
    return exchange.method == "HEAD" or (not exchange.body and lawful)


def error_mistake(api: Client, exchange: Exchange) -> str | None:
    """What is wrong with the body of a refusal; None when nothing is."""
    told_elsewhere = is_page(exchange) or (exchange.media_type == "application/json" and exchange.value is NOT_JSON)
    if told_elsewhere or (is_of_gateway(api, exchange) and exchange.media_type != "application/json"):
        return None
    if exchange.media_type != "application/json":
        return exchange.media_type or "no Content-Type"
    if not isinstance(exchange.value, dict):
        return kind_of(exchange.value)
    names = ("error", "message", "Message") if exchange.is_token else ("message", "Message")
    texts = [exchange.value.get(name) for name in names]
    if not any(isinstance(text, str) and text.strip() for text in texts):
        return "an object without a message"
    wrong = [] if exchange.is_token else violations(api, "getDeviceCode", 400, exchange.value)
    return "; ".join(wrong) or None
