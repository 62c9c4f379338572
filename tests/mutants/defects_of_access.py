"""Planted defects: logins, tokens, and what they protect."""

from dataclasses import replace
from urllib.parse import parse_qs

from mutants.defects import defect, login_defect
from mutants.harness import PASSWORD, USERNAME, Answer, Ask, Server, say

LOGIN = {"grant_type": "password", "username": USERNAME, "password": PASSWORD}


def good_token(server: Server) -> str:
    """A token that works, got behind everybody's back."""
    if "token" not in server.memory:
        answer = server.answer(Ask("POST", "/v4/Token", say(200).headers, b"").with_json(LOGIN))
        server.memory["token"] = answer.json["access_token"]
    return str(server.memory["token"])


def let_in(server: Server, ask: Ask) -> Answer:
    """What a good token would be answered; what does not come as a bearer is no token."""
    given = ask.headers.get("Authorization")
    if given is not None and not given.lower().startswith("bearer"):
        return server.answer(ask)
    answer = server.answer(ask.with_header("Authorization", f"Bearer {good_token(server)}"))
    if answer.status != 401:
        return answer
    del server.memory["token"]  # Its time was over.
    return server.answer(ask.with_header("Authorization", f"Bearer {good_token(server)}"))


def remember(server: Server, ask: Ask, answer: Answer) -> Answer:
    """Keep every token that is issued."""
    if ask.is_login and answer.status == 200:
        server.memory.setdefault("issued", set()).add(answer.json["access_token"])
    return answer


@login_defect("token.shape")
def no_refresh_token(server: Server, answer: Answer) -> Answer:
    return answer.with_json({key: value for key, value in answer.json.items() if key != "refresh_token"})


@login_defect("token.shape")
def no_access_token(server: Server, answer: Answer) -> Answer:
    return answer.with_json({key: value for key, value in answer.json.items() if key != "access_token"})


@login_defect("token.shape")
def another_token_type(server: Server, answer: Answer) -> Answer:
    return answer.with_members(token_type="mac")


@login_defect("token.shape", "token.lifetime")
def a_token_life_as_text(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expires_in="3600")


@login_defect("token.lifetime")
def a_token_life_in_milliseconds(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expires_in=3_600_000)


@login_defect("token.lifetime")
def a_token_life_that_contradicts_its_dates(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expires_in=7200)


@login_defect("token.shape")
def a_login_answered_with_201(server: Server, answer: Answer) -> Answer:
    return replace(answer, status=201)


@login_defect("token.shape")
def a_login_answered_as_text(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "text/plain")


@defect("token", "token.unguessable")
def tokens_of_8_digits(server: Server, ask: Ask) -> Answer:
    long_ones = server.memory.setdefault("long", {})
    if ask.token in long_ones:
        ask = ask.with_header("Authorization", f"Bearer {long_ones[ask.token]}")
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        short = f"{10_000_000 + 7_919 * len(long_ones)}"
        long_ones[short] = answer.json["access_token"]
        return answer.with_members(access_token=short)
    return answer


@defect("token", "token.reuse", "token.alive")
def a_token_that_dies_after_one_use(server: Server, ask: Ask) -> Answer:
    if ask.token and server.count(ask.token) > 1:
        return say(401)
    return server.answer(ask)


@defect("token", "token.refresh")
def a_refresh_that_gives_a_dead_token(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    refreshed = ask.is_login and b"grant_type=refresh_token" in ask.body and answer.status == 200
    return answer.with_members(access_token=answer.json["access_token"][::-1]) if refreshed else answer


@defect("token", "token.refresh")
def a_refresh_that_gives_the_spent_token_again(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    refreshed = ask.is_login and b"grant_type=refresh_token" in ask.body and answer.status == 200
    return answer.with_members(refresh_token=parse_qs(ask.body.decode())["refresh_token"][0]) if refreshed else answer


@defect("token", "token.refresh-unknown")
def any_refresh_token_will_do(server: Server, ask: Ask) -> Answer:
    refresh = ask.is_login and b"grant_type=refresh_token" in ask.body
    return server.answer(ask.with_json(LOGIN)) if refresh else server.answer(ask)


@defect("token", "token.grant-unknown")
def an_unknown_grant_is_taken_for_a_password(server: Server, ask: Ask) -> Answer:
    return server.answer(ask.with_json(LOGIN)) if ask.is_login and b"telepathy" in ask.body else server.answer(ask)


@defect("token", "token.wrong-password")
def any_password_will_do(server: Server, ask: Ask) -> Answer:
    if ask.is_login and b"grant_type=password" in ask.body and b"password=" in ask.body:
        return server.answer(ask.with_json(LOGIN))
    return server.answer(ask)


@defect("token", "token.wrong-password")
def a_wrong_password_is_answered_with_401(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=401) if ask.is_login and b"incorrect" in answer.body else answer


@defect("token", "token.wrong-password", "answers.no-5xx")
def a_wrong_password_crashes(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=500) if ask.is_login and b"incorrect" in answer.body else answer


@defect("token", "token.incomplete")
def an_empty_login_gets_in(server: Server, ask: Ask) -> Answer:
    empty = ask.is_login and b"grant_type=password" in ask.body and b"username=&password=" in ask.body
    return server.answer(ask.with_json(LOGIN)) if empty else server.answer(ask)


@defect("token", "token.clients")
def extra_fields_of_clients_are_refused(server: Server, ask: Ask) -> Answer:
    return say(400, {"error": "invalid_request"}) if b"antiforgery" in ask.body else server.answer(ask)


@defect("token", "answers.no-secret")
def a_refused_password_is_repeated(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if ask.is_login and answer.status == 400:
        return answer.with_members(
            error_description=f"The form {ask.body.decode('latin-1').replace('+', ' ')} is wrong."
        )
    return answer


@defect("credentials", "credentials.absent")
def no_token_is_needed_for_a_code(server: Server, ask: Ask) -> Answer:
    return let_in(server, ask) if ask.is_code and not ask.token else server.answer(ask)


@defect("credentials", "credentials.absent")
def no_token_is_needed_for_organizations(server: Server, ask: Ask) -> Answer:
    listing = ask.path.lower() == "/v4/organizations" and ask.method == "GET"
    return let_in(server, ask) if listing and not ask.token else server.answer(ask)


@defect("credentials", "credentials.unknown")
def any_token_opens(server: Server, ask: Ask) -> Answer:
    return let_in(server, ask) if ask.token and not ask.is_login else server.answer(ask)


@defect("credentials", "credentials.empty")
def an_empty_token_opens(server: Server, ask: Ask) -> Answer:
    empty = ask.headers.get("Authorization", "").strip().lower() == "bearer"
    return let_in(server, ask) if empty else server.answer(ask)


@defect("credentials", "credentials.scheme")
def the_token_opens_as_basic_too(server: Server, ask: Ask) -> Answer:
    basic = ask.headers.get("Authorization", "").startswith("Basic ")
    return server.answer(ask.with_header("Authorization", f"Bearer {ask.token}")) if basic else server.answer(ask)


@defect("credentials", "credentials.truncated")
def the_beginning_of_a_token_opens(server: Server, ask: Ask) -> Answer:
    issued = server.memory.get("issued", ())
    if len(ask.token) > 20 and any(token.startswith(ask.token) for token in issued):
        return let_in(server, ask)
    return remember(server, ask, server.answer(ask))


@defect("credentials", "credentials.refresh-token")
def a_refresh_token_opens(server: Server, ask: Ask) -> Answer:
    refresh_tokens = server.memory.setdefault("refresh", set())
    if ask.token in refresh_tokens:
        return let_in(server, ask)
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        refresh_tokens.add(answer.json["refresh_token"])
    return answer


@defect("credentials", "credentials.altered")
def a_token_with_another_character_opens(server: Server, ask: Ask) -> Answer:
    def close(token: str) -> bool:
        return len(token) == len(ask.token) and sum(a != b for a, b in zip(token, ask.token, strict=True)) <= 1

    if any(map(close, server.memory.get("issued", ()))):
        return let_in(server, ask)
    return remember(server, ask, server.answer(ask))


@defect("credentials", "token.expired")
def an_expired_token_opens(server: Server, ask: Ask) -> Answer:
    if ask.token in server.memory.get("issued", ()):
        answer = server.answer(ask)
        if answer.status == 401:
            server.memory.pop("token", None)
            return let_in(server, ask)
        return answer
    return remember(server, ask, server.answer(ask))


@defect("credentials", "credentials.absent")
def refused_with_403(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=403) if answer.status == 401 else answer


@defect("credentials", "credentials.absent", "answers.no-redirect")
def refused_by_a_redirect_to_a_login_page(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=302).with_header("Location", "/login") if answer.status == 401 else answer


@defect("credentials", "credentials.absent")
def refused_with_200_and_an_error(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=200) if answer.status == 401 else answer


@defect("credentials", "credentials.truncated", "credentials.altered", "answers.no-5xx")
def a_malformed_token_crashes(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=500) if answer.status == 401 and ask.token else answer


@defect("credentials", "answers.no-secret")
def a_refused_token_is_repeated(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_json({"message": f"Token {ask.token} is refused."}) if answer.status == 401 else answer


@defect("credentials", "credentials.scheme-case")
def the_word_bearer_must_be_capitalized(server: Server, ask: Ask) -> Answer:
    word = ask.headers.get("Authorization", "Bearer").partition(" ")[0]
    return server.answer(ask) if word in ("Bearer", "Basic") else say(401)


@defect("credentials", "credentials.get-with-form-type")
def a_get_must_not_have_a_media_type(server: Server, ask: Ask) -> Answer:
    return say(415) if ask.method == "GET" and "Content-Type" in ask.headers else server.answer(ask)
