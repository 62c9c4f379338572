"""The operations of logins: tokens, logout, authentication codes."""

from veeam_mock.api.calls import Call, Operations
from veeam_mock.messages import NO_STORE, Reply, bearer_token, cookie_in
from veeam_mock.model.dates import date_time
from veeam_mock.model.errors import InvalidLogin
from veeam_mock.model.randomness import TOKEN_ALPHABET
from veeam_mock.model.tokens import TOKEN_LENGTH, TokenPair

ANTIFORGERY = "antiforgery"
"""Our name for the cookie; that of a real server is not known (docs/evidence.md#antiforgery)."""

AUTH_CODE_PREFIX = "mock-auth-"


def get_token(call: Call) -> Reply:
    """Log in by password, refresh (RFC 6749 sections 4.3 and 6), or by any assertion, as the first user (RFC 7523)."""
    if call.version.rendition.limits_logins and call.world.settings.login_limit:
        call.world.count_login(call.world.clock.now())
    form, tokens = call.body, call.world.tokens
    match form["grant_type"]:
        case "refresh_token":
            pair = tokens.refresh(_needed(form, "refresh_token"), cookie_in(call.request, ANTIFORGERY))
        case "password" | "operator":
            username, password = _needed(form, "username"), _needed(form, "password")
            pair = tokens.log_in(username, password, with_antiforgery=_wants_antiforgery(call))
        case _:
            _needed(form, "assertion")
            first = next(iter(call.world.settings.passwords))
            pair = tokens.grant_for(first, with_antiforgery=_wants_antiforgery(call))
    reply = call.reply(_token_response(pair), NO_STORE.copy())
    if pair.antiforgery_token:
        secure = "; Secure" if call.request.origin.startswith("https:") else ""
        path = call.request.mount or "/"
        cookie = f"{ANTIFORGERY}={pair.antiforgery_token}; Path={path}{secure}; HttpOnly; SameSite=Strict"
        reply.headers.add("Set-Cookie", cookie)
    return reply


def _wants_antiforgery(call: Call) -> bool:
    """Whether this login needs a cookie beside its tokens: where there are such, unless the client does without."""
    if call.readings.get("antiforgery") != "cookie":
        return False
    disabled = call.body.get("disable_antiforgery_token")
    disabled = call.version.rendition.disables_antiforgery if disabled in (None, "") else disabled
    return str(disabled).lower() != "true"


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise InvalidLogin(f"body.{name}: is required for grant_type={form['grant_type']}")
    return form[name]


def _token_response(pair: TokenPair) -> dict[str, object]:
    login = pair.login
    return {
        "access_token": pair.access_token,
        "token_type": "bearer",
        "expires_in": max(1, round(login.access_expires_at - login.issued_at)),
        "refresh_token": pair.refresh_token,
        "userName": login.username,
        ".issued": date_time(login.issued_at),
        ".expires": date_time(login.access_expires_at),
    }


def log_out(call: Call) -> Reply:
    """End the login whose access token the request carries (v7)."""
    call.world.tokens.revoke(bearer_token(call.request) or "")
    return call.reply()


def get_auth_code(call: Call) -> Reply:
    """A code for this login (v7); nothing here takes it."""
    return call.reply({"authCode": AUTH_CODE_PREFIX + call.world.randomness.text(TOKEN_ALPHABET, TOKEN_LENGTH)})


OPERATIONS: Operations = {
    "getToken": get_token,
    "logOut": log_out,
    "getAuthCode": get_auth_code,
}
