"""Habits of lawful servers that somebody has blamed: of frameworks, of gateways, and of what no source settles."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutants.defects_of_access import LOGIN
from mutants.harness import USERNAME, Answer, Ask, Behaviour, Server, say
from veeam_contracts.paths import is_at

HABITS: list[tuple[str, Behaviour, dict[str, Any]]] = []
"""What a server does, how, and with which settings of the mock."""


def habit(**settings: Any) -> Callable[[Behaviour], Behaviour]:
    """Enter a habit into the table; its name is that of the function."""

    def enter(behave: Behaviour) -> Behaviour:
        HABITS.append((behave.__name__.replace("_", " "), behave, settings))
        return behave

    return enter


def text(answer: Answer, body: bytes, media_type: str = "text/html") -> Answer:
    """The same answer with another body."""
    return answer.with_body(body).with_header("Content-Type", media_type)


@habit()
def a_page_of_html_with_401(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return text(answer, b"<html><body>Log in</body></html>") if answer.status == 401 else answer


@habit()
def a_gateway_says_405_in_plain_text(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return text(answer, b"method not allowed", "text/plain") if answer.status == 405 else answer


@habit()
def an_empty_body_under_text_html(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return text(answer, b"") if answer.status in (401, 405) else answer


@habit()
def unknown_methods_are_not_implemented(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=501) if answer.status == 405 else answer


@habit()
def a_used_refresh_token_still_works(server: Server, ask: Ask) -> Answer:
    if ask.is_login and ask.body in server.memory.get("used", ()):
        return server.answer(ask.with_json(LOGIN))
    answer = server.answer(ask)
    if ask.is_login and b"grant_type=refresh_token" in ask.body and answer.status == 200:
        server.memory.setdefault("used", set()).add(ask.body)
    return answer


@habit()
def now_and_then_busy_and_says_when_to_come_again(server: Server, ask: Ask) -> Answer:
    return say(503).with_header("Retry-After", "2") if server.count() % 40 == 39 else server.answer(ask)


@habit()
def the_list_tells_less_than_the_single_view(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (is_at(ask.path, "getOrganizations") and ask.method == "GET" and answer.status == 200):
        return answer
    return answer.with_json([{key: item[key] for key in ("id", "name")} for item in answer.json])


@habit()
def an_id_in_capital_letters(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    single = is_at(ask.path, "getOrganization") and ask.method == "GET" and answer.status == 200
    return answer.with_members(id=answer.json["id"].upper()) if single else answer


@habit()
def an_unknown_restore_session_is_gone(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    unknown = is_at(ask.path, "getRestoreDeviceCode") and answer.status == 404
    return replace(answer, status=410) if unknown else answer


@habit()
def an_error_of_its_own_for_a_wrong_password(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_members(error="account_locked") if ask.is_login and b"incorrect" in answer.body else answer


@habit()
def parameters_behind_the_charset(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        return answer.with_header("Content-Type", "application/json; charset=utf-8; odata.metadata=none")
    return answer


@habit()
def no_store_beside_a_max_age(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("Cache-Control", "no-store, max-age=600")


@habit(organizations=[], ambiguities={"organization-id": "required"})
def no_organizations_and_one_is_required(server: Server, ask: Ask) -> Answer:
    return server.answer(ask)


@habit()
def values_that_dotnet_binds_to_an_enum(server: Server, ask: Ask) -> Answer:
    body = ask.json if ask.is_code else None
    if isinstance(body, dict) and body.get("targetRegion") in ("", "worldwide ", 0):
        return server.answer(ask.with_json({"targetRegion": "worldwide"}))
    return server.answer(ask)


@habit()
def a_body_is_read_whatever_its_media_type(server: Server, ask: Ask) -> Answer:
    if ask.is_code and ask.body and "json" not in ask.headers.get("Content-Type", ""):
        return server.answer(ask.with_json({"targetRegion": "worldwide"}))
    return server.answer(ask)


def with_address(change: Callable[[str], str]) -> Behaviour:
    """Codes with another way to write their address."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if answer.status != 200 or b"verificationUrl" not in answer.body:
            return answer
        old = answer.json["verificationUrl"]
        new = change(old)
        return answer.with_members(verificationUrl=new, message=answer.json["message"].replace(old, new))

    return behave


@habit()
def the_scheme_of_the_address_in_capital_letters(server: Server, ask: Ask) -> Answer:
    return with_address(lambda url: url.replace("https:", "HTTPS:"))(server, ask)


@habit()
def an_address_with_a_query(server: Server, ask: Ask) -> Answer:
    return with_address(lambda url: f"{url}?market=de")(server, ask)


@habit()
def a_malformed_bearer_is_a_bad_request(server: Server, ask: Ask) -> Answer:
    malformed = ask.headers.get("Authorization", "").strip().lower() == "bearer"
    return say(400) if malformed else server.answer(ask)


@habit()
def the_user_is_named_in_refusals(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    wrong = ask.is_login and b"incorrect" in answer.body
    return answer.with_members(error_description=f"{USERNAME} may not log in.") if wrong else answer
