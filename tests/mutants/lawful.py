"""Servers that are lawful: one or more for each side of each ambiguity. The contracts must blame none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from mutants.harness import Answer, Ask, Behaviour, Server, say
from mutants.lawful_later import LATER
from mutants.lawful_stacks import HABITS
from veeam_contracts.document import describe
from veeam_contracts.paths import VERSIONS


@dataclass(frozen=True)
class Variant:
    """A lawful server: the mock with these settings, and what happens on the way."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    behave: Behaviour = Server.answer
    api: str = "v4"


def reading(question: str, name: str) -> Variant:
    """The mock that picks this reading, in the first version that has the question."""
    first = next(version for version in VERSIONS if question in describe(version).questions)
    return Variant(f"{question}={name}", {"ambiguities": {question: name}}, api=first.name)


def another_4xx(server: Server, ask: Ask) -> Answer:
    """A bad body is answered with a 4xx that the document does not list."""
    answer = server.answer(ask)
    return replace(answer, status=406) if answer.status == 400 and not ask.is_login else answer


def empty_401(server: Server, ask: Ask) -> Answer:
    """The framework's own middleware answers 401 without a body."""
    answer = server.answer(ask)
    return answer.with_body(b"").with_header("Content-Type", None) if answer.status == 401 else answer


def few_headers(server: Server, ask: Ask) -> Answer:
    """Answers carry none of the headers that nobody asks for."""
    answer = server.answer(ask)
    for name in ("Cache-Control", "Pragma", "Date", "WWW-Authenticate"):
        answer = answer.with_header(name, None)
    return answer


def not_found_for_methods(server: Server, ask: Ask) -> Answer:
    """Other methods are answered with 404 instead of 405."""
    answer = server.answer(ask)
    return replace(answer, status=404) if answer.status == 405 else answer


def without_dates(server: Server, ask: Ask) -> Answer:
    """A v4 server of which only the four members of a login are known."""
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    return answer.with_json(
        {name: answer.json[name] for name in ("access_token", "token_type", "expires_in", "refresh_token")}
    )


def dates_of_owin(server: Server, ask: Ask) -> Answer:
    """A login with the dates that Microsoft's OWIN token endpoint writes (RFC 1123)."""
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    dates = {name: datetime.fromisoformat(answer.json[name]) for name in (".issued", ".expires")}
    return answer.with_members(**{name: format_datetime(date, usegmt=True) for name, date in dates.items()})


def null_trace(server: Server, ask: Ask) -> Answer:
    """Refusals have the member `stackTrace` of the v8 API, without one."""
    answer = server.answer(ask)
    return answer.with_members(stackTrace=None) if answer.status >= 400 and answer.body else answer


def another_sign_in_page(server: Server, ask: Ask) -> Answer:
    """Another https page of Microsoft's."""
    answer = server.answer(ask)
    if not (ask.path.lower().partition("?")[0].endswith("devicecode") and answer.status == 200):
        return answer
    old, new = answer.json["verificationUrl"], "https://login.microsoft.com/device"
    return answer.with_members(verificationUrl=new, message=answer.json["message"].replace(old, new))


def page_message(server: Server, ask: Ask) -> Answer:
    """A message in another language, that names code and address."""
    answer = server.answer(ask)
    if not (ask.path.lower().partition("?")[0].endswith("devicecode") and answer.status == 200):
        return answer
    code, url = answer.json["userCode"], answer.json["verificationUrl"]
    return answer.with_members(message=f"Öffnen Sie {url} und geben Sie den Code {code} ein.")


def one_second_passed(server: Server, ask: Ask) -> Answer:
    """Every other code says 899 instead of 900."""
    answer = server.answer(ask)
    if not (ask.is_code and answer.status == 200) or server.count() % 2:
        return answer
    return answer.with_members(expiresIn=answer.json["expiresIn"] - 1)


def one_login_per_user(server: Server, ask: Ask) -> Answer:
    """A login, or a refresh, ends the tokens of the one before."""
    if ask.token and ask.token in server.memory.get("ended", ()):
        return say(401)
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        server.memory.setdefault("ended", set()).update(server.memory.get("last", ()))
        server.memory["last"] = [answer.json["access_token"]]
    return answer


READINGS = {
    "expires-unit": ("seconds", "milliseconds"),
    "organization-id": ("optional", "required"),
    "unknown-organization": ("refused", "ignored"),
    "region-required": ("optional", "required"),
    "region-names": ("all", "v2-v5", "v6"),
    "region-case": ("ignored", "exact"),
    "error-shape": ("message", "Message"),
    "token-error-shape": ("oauth", "message"),
    "bad-body-status": ("400", "422"),
    "charset": ("utf-8", "none"),
    "length": ("content-length", "chunked"),
    "code-shape": ("9", "8"),
    "verification-url": ("region", "worldwide", "link"),
    "path-case": ("ignored", "exact"),
    "path-slash": ("ignored", "refused"),
    "json-leniency": ("read", "refused"),
    "form-multipart": ("read", "refused"),
    "extra-properties": ("none", "some"),
    "throttling": ("none", "some"),
    "extended-view": ("required", "optional"),
    "antiforgery": ("ignored", "cookie"),
    "refresh-rotation": ("rotated", "kept", "same", "family"),
    "refresh-access": ("lives", "ends"),
    "logins-per-user": ("any", "one", "one-access"),
}
STRICTEST = {key: names[1] for key, names in READINGS.items() if key in describe(VERSIONS[0]).questions}

VARIANTS: tuple[Variant, ...] = (
    *(reading(question, name) for question, names in READINGS.items() for name in names),
    Variant("every second reading at once", {"ambiguities": STRICTEST}),
    *(Variant(f"{version}, as it is", api=version.name) for version in VERSIONS[1:]),
    Variant("no organizations yet", {"organizations": []}),
    Variant("another 4xx for a bad body", behave=another_4xx),
    Variant("401 without a body", behave=empty_401),
    Variant("no header that nobody asks for", behave=few_headers),
    Variant("404 for other methods", behave=not_found_for_methods),
    Variant("only the four members of a login", behave=without_dates),
    Variant("dates as RFC 1123 writes them", behave=dates_of_owin),
    Variant("a refusal has a stack trace that is null", behave=null_trace),
    Variant("another sign-in page of Microsoft's", behave=another_sign_in_page),
    Variant("a message in another language", behave=page_message),
    Variant("one login per user ends the one before", behave=one_login_per_user),
    Variant("899 and 900 seconds in turn", behave=one_second_passed),
    *(Variant(name, settings, behave) for name, behave, settings in HABITS),
    *(Variant(name, settings, behave, api) for name, api, behave, settings in LATER),
)
