"""Rules of what answers show beyond what was asked, and of whether they agree; they send nothing."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import NOT_JSON, Exchange, listed_in
from veeam_contracts.asking.target import is_loopback
from veeam_contracts.judging.findings import Findings, not_tested
from veeam_contracts.paths import is_at
from veeam_contracts.rules.expectations import CLOCK_SECONDS, date_of, moment_of
from veeam_contracts.rules.storing import directives, lets_share, sign_of_a_cache
from veeam_contracts.rules.test_answers import answered, once_a_text

LEAKS = {
    "SQL": re.compile(
        r"\b(?:SELECT\s.{1,200}\sFROM\s|INSERT INTO\s|UPDATE\s\S+\sSET\s|DELETE FROM\s|ORA-\d{5}\b|SQLSTATE\b"
        r"|near \"[^\"]*\": syntax error|SQLITE_[A-Z]+\b|dbo\.\w|E11000 duplicate key"
        r"|(?:relation|column) \\?\"[\w.]+\\?\" does not exist)"
        r"|syntax error at or near|SqlException|Npgsql|violates [\w-]+(?: key)? constraint"
        r"|Unclosed quotation mark|Incorrect syntax near|Invalid (?:object|column) name '|Cannot insert duplicate key"
        r"|error in your SQL syntax",
        re.DOTALL,
    ),
    "the path of a file": re.compile(
        r"(?<![A-Za-z])[A-Za-z]:(?:\\\\|\\)(?:[\w .()-]+(?:\\\\|\\))+"
        r"|(?<![\w./:-])/(?:var|usr|home|opt|srv|etc|root|app)/[\w./-]+"
    ),
    "a key": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|(?:Server|Data Source)=[^;]+;[^\"]*(?:Password|Pwd)=|\bAKIA[0-9A-Z]{16}\b"
        r"|\b[a-z][a-z+]+://[^/\s:@]+:[^/\s@]+@",
        re.I,
    ),
    "the hash of a password": re.compile(
        r"\$2[aby]\$\d\d\$[./\w]{53}|\$argon2\w+\$|\bpbkdf2[:_-]sha\d+|\$[156]\$[./\w]+\$"
    ),
    "the name of an exception": re.compile(r"\b(?:java|javax|org|com|System|Microsoft)\.[\w.]+(?:Exception|Error)\b"),
    "a type of the program": re.compile(r"\bGo struct field |\bobject at 0x[0-9a-f]{6}|\bruntime error: "),
    "the words of a crash": re.compile(
        r"Object reference not set to an instance|\bpanicked at |Cannot read propert(?:y|ies) of|'NoneType' object"
    ),
}
SHARE = re.compile(r"(?<![\w\\:])\\\\[A-Za-z][\w.-]+\\[\w$]")
"""The path of a share, such as `\\\\HOST\\backup$`."""

PRIVATE = re.compile(
    r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.\d{1,3}\.\d{1,3}(?![\w.])"
    r"|(?<![\w:])(?:f[cd][0-9a-f]{2}|fe80):[0-9a-f:]*:[0-9a-f]{1,4}(?![\w:])",
    re.I,
)
"""An address of a private network, or of one link (RFC 1918, 3927, 4193, 4291)."""

LOOPBACK = re.compile(r"(?<![\w.])(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d{2,5}\b")
"""A port of the server itself."""

INTERNAL = re.compile(r"(?<![\w.-])(?:[\w-]+\.)+(?:internal|local|lan|corp|intranet|home\.arpa)(?![\w-])", re.I)
"""The name of a host that only a private network knows."""

SECRET = re.compile(
    r"(?:devicecode|(?:access|refresh|id)token|password|passphrase|secret|(?:private|account|access)key"
    r"|connectionstring)$"
)
"""Names of members that no answer but a login has a value for: they are secrets of the server's, or of a tenant's
(RFC 8628 section 5.2; `OnlineSettings` in openapi.yaml). In lower case, without what is between words."""

LONG = 10_000


@pytest.mark.rule("answers.no-leak")
def test_no_answer_shows_what_is_behind_the_server(api: Client, findings: Findings) -> None:
    own = urlsplit(api.target.url).hostname or ""
    leaks = once_a_text(lambda text: [what for what, pattern in LEAKS.items() if pattern.search(text)])
    for exchange in answered(api):
        found = [*leaks(exchange.shown)]
        found += ["the path of a share"] if SHARE.search(exchange.plain) else []
        if not exchange.ok:
            found += ["an address of a private network" for at in PRIVATE.findall(exchange.shown) if at != own][:1]
            # Who asks by an internal name is inside, where such names are known.
            if "." in own and not INTERNAL.fullmatch(own) and INTERNAL.search(exchange.shown):
                found.append("an internal host")
            if not is_loopback(api.target.url) and LOOPBACK.search(exchange.shown):
                found.append("a port of the server itself")
        if exchange.ok and not exchange.is_token:
            found += [f"a member {name}" for name in sorted(secrets_in(exchange.value))]
        findings.check(not found, "nothing of what is behind the server", ", ".join(found), exchange,
                       like="answers.no-trace")  # fmt: skip


def secrets_in(value: object) -> set[str]:
    """The names of the members, however deep, that hold a secret: a text that is not masked."""
    found, rest = set(), [value]
    while rest:
        last = rest.pop()
        if isinstance(last, dict):
            found |= {name for name, member in last.items() if _is_secret(name, member)}
        rest += last.values() if isinstance(last, dict) else last if isinstance(last, list) else ()
    return found


def _is_secret(name: str, member: object) -> bool:
    told = isinstance(member, str) and re.search(r"[^*\u2022\u25cf.xX\s]", member) is not None
    return told and SECRET.search(re.sub(r"[^a-z]", "", name.lower())) is not None


@pytest.mark.rule("answers.no-echo")
def test_no_refusal_repeats_a_long_value(api: Client, findings: Findings) -> None:
    for exchange in api.look_through():
        sent = exchange.request_body or b""
        if exchange.refused and len(sent) > LONG and not exchange.generated:
            repeated = max(sent.decode("latin-1").split('"'), key=len).encode("latin-1")
            fields = "\n".join(exchange.headers.values()).encode("utf-8", "replace")
            short = repeated not in exchange.body and repeated not in fields
            findings.check(short, "a refusal in a few words", f"{len(exchange.body)} bytes", exchange)
    if not findings.tried:
        not_tested("nothing long was refused")


@pytest.mark.rule("answers.agree")
def test_answers_agree_with_each_other(api: Client, findings: Findings) -> None:
    lists = [exchange for exchange in _before_writes(api) if _is_list(exchange)]
    _expect_one(findings, lists, "one list of organizations", lambda exchange: sorted(_names(exchange)))
    installations = [
        e for e in answered(api) if e.ok and is_at(e.path, "getServiceInstance") and e.value is not NOT_JSON
    ]
    _expect_one(
        findings, installations, "one installation", lambda e: (e.member("version"), e.member("installationId"))
    )
    _expect_one_clock(findings, list(answered(api)))
    for exchange in answered(api):
        if exchange.is_token and exchange.ok:
            apart = _seconds_apart(exchange)
            expected = f".issued within {CLOCK_SECONDS} s of Date"
            findings.check(apart is None or apart <= CLOCK_SECONDS, expected, f"{apart or 0:.0f} s apart", exchange)


def _before_writes(api: Client) -> list[Exchange]:
    """The answers before the first organization was added."""
    found = list(answered(api))
    return found[: next((at for at, e in enumerate(found) if e.ok and _adds(e)), len(found))]


def _adds(exchange: Exchange) -> bool:
    return exchange.method == "POST" and is_at(exchange.path, "addOrganization")


def _is_list(exchange: Exchange) -> bool:
    asked = exchange.method == "GET" and is_at(exchange.path, "getOrganizations")
    return asked and exchange.ok and not exchange.generated and exchange.value is not NOT_JSON


def _names(exchange: Exchange) -> list[tuple[str, str]]:
    return [(str(item.get("id")).lower(), str(item.get("name"))) for item in listed_in(exchange.value)]


def _expect_one_clock(findings: Findings, exchanges: list[Exchange]) -> None:
    """No answer is dated long before one that came earlier."""
    latest = None
    for exchange in exchanges:
        date = date_of(exchange)
        if date is not None:
            back = (latest - date).total_seconds() if latest else 0.0
            seen = f"{back:.0f} s before that of an earlier answer"
            findings.check(back <= CLOCK_SECONDS, "a Date that does not go back", seen, exchange)
            latest = max(latest or date, date)


@pytest.mark.rule("answers.private")
def test_no_shared_cache_is_offered_what_a_token_opened(api: Client, findings: Findings) -> None:
    for exchange in answered(api):
        if exchange.ok and "Authorization" in exchange.request_headers and not exchange.gives_code:
            cache = exchange.headers.get("cache-control", "")
            shared = lets_share(directives(cache))
            findings.check(not shared, "no Cache-Control that lets shared caches keep it", cache, exchange)
            kept = sign_of_a_cache(exchange.headers)
            findings.check(not kept, "no answer out of a cache", kept, exchange, like="code.fresh token.fresh")
    if not findings.tried:
        not_tested("no token opened anything")


def _expect_one(
    findings: Findings, exchanges: list[Exchange], expected: str, read: Callable[[Exchange], object]
) -> None:
    for exchange in exchanges[1:]:
        same = read(exchange) == read(exchanges[0])
        findings.check(same, expected, "another one than in the first answer", exchange)


def _seconds_apart(exchange: Exchange) -> float | None:
    """Seconds between `.issued` of a login and the `Date` of its answer; None where one of them is missing."""
    issued, date = moment_of(exchange.member(".issued")), date_of(exchange)
    return None if issued is None or date is None else abs((date - issued).total_seconds())
