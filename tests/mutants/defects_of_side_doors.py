"""Planted defects of what lets somebody in, or further than meant: spellings, header fields, words, ids, methods."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, unquote
from uuid import UUID

from mutants.defects import defect, on_logins
from mutants.defects_of_access import LOGIN, let_in, remember
from mutants.defects_of_content import opens, side_door
from mutants.harness import PASSWORD, USERNAME, Answer, Ask, Behaviour, Server, say
from veeam_contracts.paths import is_at

side_door("a dot segment opens", lambda path: "/." in path)
side_door("an extension opens", lambda path: path.partition("?")[0].lower().endswith(".json"))
side_door("an encoded slash opens", lambda path: "%2f" in path.lower())
side_door("a dot at the end opens", lambda path: path.partition("?")[0].endswith("."))
side_door("a NUL at the end opens", lambda path: path.partition("?")[0].endswith("%00"))


@defect("credentials", "credentials.side-doors")
def an_encoded_letter_opens(server: Server, ask: Ask) -> Answer:
    encoded = "%4f" in ask.path.lower() and not ask.token
    return let_in(server, replace(ask, path=unquote(ask.path))) if encoded else server.answer(ask)


def enter(name: str, group: str, rule: str, behave: Behaviour) -> None:
    """Enter a server into the table under this name."""
    behave.__name__ = name.replace(" ", "_")
    defect(group, rule)(behave)


def believes(name: str, field: str, wanted: Callable[[str], bool]) -> None:
    """Enter a server that needs no token from whoever sends this header field."""

    def behave(server: Server, ask: Ask) -> Answer:
        trusted = not ask.token and wanted(ask.headers.get(field, ""))
        return let_in(server, replace(ask, path="/v4/Organizations")) if trusted else server.answer(ask)

    enter(name, "credentials", "credentials.forwarded", behave)


believes("who says that he is on this machine gets in", "X-Forwarded-For", lambda value: "127.0.0.1" in value)
believes("who names an address of the own network gets in", "X-Real-IP", lambda value: value != "")
believes("who names a user gets in", "X-Forwarded-User", lambda value: value == USERNAME)
believes("who names a remote user gets in", "X-Remote-User", lambda value: value == USERNAME)
for name, field, word in (
    ("who says so in the field of RFC 7239 gets in", "Forwarded", "127.0.0.1"),
    ("who names an address as Cloudflare does gets in", "CF-Connecting-IP", "127.0.0.1"),
    ("who names a user as Azure does gets in", "X-MS-CLIENT-PRINCIPAL-NAME", USERNAME),
    ("who names a user as a login proxy does gets in", "X-Auth-Request-User", USERNAME),
    ("who says that his certificate was checked gets in", "X-SSL-Client-Verify", "SUCCESS"),
    ("who says that he has passed the layer that checks gets in", "X-Middleware-Subrequest", "middleware:middleware"),
):
    believes(name, field, lambda value, word=word: word in value)  # type: ignore[misc]
believes("the original address opens", "X-Original-URL", lambda value: "organizations" in value.lower())
believes("the rewritten address opens", "X-Rewrite-URL", lambda value: "organizations" in value.lower())


def takes_word(name: str, word: str) -> None:
    """Enter a server that takes a word for a token."""

    def behave(server: Server, ask: Ask) -> Answer:
        return let_in(server, ask) if ask.token == word else server.answer(ask)

    enter(name, "credentials", "credentials.words", behave)


takes_word("the word null opens", "null")
takes_word("the word undefined opens", "undefined")
takes_word("a percent sign opens as in SQL", "%")
takes_word("an asterisk opens as in a search", "*")

opens("a token with something before it opens", "credentials.longer", lambda sent, token: sent.endswith(token))


@defect("credentials", "credentials.side-doors")
def a_head_needs_no_token(server: Server, ask: Ask) -> Answer:
    head = ask.method == "HEAD" and is_at(ask.path, "getOrganizations") and not ask.token
    return let_in(server, replace(ask, method="GET")) if head else server.answer(ask)


def as_post(server: Server, ask: Ask) -> Answer:
    """The answer to a POST with a good body in place of this."""
    return server.answer(replace(ask, method="POST").with_json({"targetRegion": "worldwide"}))


@defect("methods", "methods.override")
def a_header_makes_a_get_a_post(server: Server, ask: Ask) -> Answer:
    named = ask.headers.get("X-HTTP-Method-Override", "") == "POST"
    return as_post(server, ask) if ask.is_code and ask.method == "GET" and named else server.answer(ask)


@defect("methods", "methods.override")
def a_query_makes_a_get_a_post(server: Server, ask: Ask) -> Answer:
    named = "_method=POST" in ask.path
    return as_post(server, ask) if ask.is_code and ask.method == "GET" and named else server.answer(ask)


@defect("methods", "methods.token")
def a_trace_is_repeated(server: Server, ask: Ask) -> Answer:
    if ask.method != "TRACE":
        return server.answer(ask)
    return say(200).with_body(f"TRACE {ask.path}".encode()).with_header("Content-Type", "message/http")


@defect("methods", "methods.device-code")
def a_head_is_answered_like_a_post(server: Server, ask: Ask) -> Answer:
    return as_post(server, ask) if ask.is_code and ask.method == "HEAD" else server.answer(ask)


def refreshes_with(name: str, mistaken: Callable[[str, str], bool]) -> None:
    """Enter a server that takes a bent refresh token for one that it gave."""

    def behave(server: Server, ask: Ask) -> Answer:
        given = server.memory.setdefault("given", [])
        sent = parse_qs(ask.body.decode("latin-1"), keep_blank_values=True).get("refresh_token", [""])[0]
        refresh = ask.is_login and b"grant_type=refresh_token" in ask.body and sent not in given
        if refresh and any(mistaken(sent, token) for token in given):
            return server.answer(ask.with_json(LOGIN))
        answer = server.answer(ask)
        if ask.is_login and answer.status == 200:
            given.append(answer.json["refresh_token"])
        return answer

    enter(name, "token", "token.refresh-unknown", behave)


refreshes_with(
    "a refresh token with another character works",
    lambda sent, token: len(sent) == len(token) and sum(a != b for a, b in zip(sent, token, strict=True)) == 1,
)
refreshes_with("a refresh token in another case works", lambda sent, token: sent.lower() == token.lower())
refreshes_with("the beginning of a refresh token works", lambda sent, token: len(sent) > 8 and token.startswith(sent))
refreshes_with("a refresh token with more behind it works", lambda sent, token: sent.startswith(token))
refreshes_with("an empty refresh token works", lambda sent, token: sent == "")


@defect("token", "token.refresh-unknown")
def an_access_token_refreshes(server: Server, ask: Ask) -> Answer:
    sent = parse_qs(ask.body.decode("latin-1")).get("refresh_token", [""])[0]
    if ask.is_login and sent in server.memory.get("issued", ()):
        return server.answer(ask.with_json(LOGIN))
    return remember(server, ask, server.answer(ask))


@defect("token", "token.wrong-password")
def only_the_first_8_characters_of_a_password_count(server: Server, ask: Ask) -> Answer:
    sent = parse_qs(ask.body.decode("latin-1")).get("password", [""])[0]
    return server.answer(ask.with_json(LOGIN)) if sent[:8] == PASSWORD[:8] else server.answer(ask)


def with_tokens(name: str, rule: str, make: Callable[[int], str]) -> None:
    """Enter a server whose access tokens are made so, from the number of the login."""

    def behave(server: Server, ask: Ask) -> Answer:
        own = server.memory.setdefault("own", {})
        if ask.token in own and ask.headers["Authorization"].lower().startswith("bearer "):
            ask = ask.with_header("Authorization", f"Bearer {own[ask.token]}")
        answer = server.answer(ask)
        if ask.is_login and answer.status == 200:
            token = make(len(own) + 1)
            own[token] = answer.json["access_token"]
            return answer.with_members(access_token=token)
        return answer

    enter(name, "token", rule, behave)


def _in_base64(text: str) -> str:
    return b64encode(text.encode()).decode()


with_tokens("tokens that count up", "answers.tokens", lambda number: f"AccessTokenOfThisServer{number:08}")
with_tokens("tokens of 24 digits", "token.unguessable", lambda number: f"{7_919_003**4 * number:024}"[-24:])
with_tokens(
    "tokens of 24 hexadecimal digits",
    "token.unguessable",
    lambda number: f"{(0x9E3779B97F4A7C15 * number * number) ** 2:048x}"[:24],
)
with_tokens(
    "a token that holds the password",
    "token.unguessable",
    lambda number: _in_base64(f"{USERNAME}:{PASSWORD}:{number * 7_919}"),
)
with_tokens(
    "tokens that are UUIDs of the time",
    "token.unguessable",
    lambda number: str(UUID(fields=(0x5F3A1C00 + 7_919_001 * number, 0x1B2C, 0x11EE, 0x9A, 0x7D, 0x00155D01AB0C))),
)


@on_logins
def a_refresh_token_that_opens(server: Server, answer: Answer) -> Answer:
    return answer.with_members(refresh_token=answer.json["access_token"])


defect("credentials", "credentials.refresh-token")(a_refresh_token_that_opens)


ORGANIZATION = re.compile(r"/v4/organizations/([^/?]+)(?:\?.*)?$", re.IGNORECASE)


def finds(name: str, mistaken: Callable[[str, str], bool]) -> None:
    """Enter a server that finds an organization by what is not its id."""

    def behave(server: Server, ask: Ask) -> Answer:
        asked = ORGANIZATION.fullmatch(ask.path)
        first = "00000000-0000-4000-8000-000000000001"
        if asked and ask.method == "GET" and ask.token and mistaken(unquote(asked[1]), first):
            return server.answer(replace(ask, path=f"/v4/Organizations/{first}"))
        return server.answer(ask)

    enter(name, "organizations", "organizations.unknown", behave)


finds("a percent sign finds an organization", lambda sent, id: sent == "%")
finds("an asterisk finds an organization", lambda sent, id: sent == "*")
finds("an id is a part of an SQL statement", lambda sent, id: "' or '" in sent.lower())
finds("the beginning of an id finds an organization", lambda sent, id: sent != id and id.startswith(sent))
finds("the word null finds an organization", lambda sent, id: sent == "null")


@defect("answers", "answers.no-injection")
def a_line_break_in_an_id_makes_a_header_field(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    _, found, more = unquote(ask.path).partition("\r\n")
    name, _, value = more.partition(":")
    return answer.with_header(name.strip(), value.strip()) if found and name.strip() else answer


def answers_origin(name: str, allowed: Callable[[str], bool]) -> None:
    """Enter a server that lets pages of a foreign origin read its answers, with what a browser knows."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer, origin = server.answer(ask), ask.headers.get("Origin", "")
        if not (origin and allowed(origin)):
            return answer
        told = answer.with_header("Access-Control-Allow-Origin", origin)
        return told.with_header("Access-Control-Allow-Credentials", "true")

    enter(name, "answers", "answers.origins", behave)


answers_origin("every origin may read with credentials", lambda origin: True)
answers_origin("an origin that begins like this server may read", lambda origin: "//faulty.test" in origin)
answers_origin("no origin at all may read", lambda origin: origin == "null")


def follows(name: str, field: str) -> None:
    """Enter a server whose links lead to where a header field of the caller says."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer, told = server.answer(ask), ask.headers.get(field)
        if not told or not is_at(ask.path, "getOrganizations") or answer.status != 200:
            return answer
        return answer.with_body(answer.body.replace(b"faulty.test:4443", told.encode()))

    enter(name, "organizations", "organizations.links", behave)


follows("links lead to where the caller says", "X-Forwarded-Host")
