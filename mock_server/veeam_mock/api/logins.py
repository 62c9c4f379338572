"""The operations of logins: tokens, logout, authentication codes."""

from veeam_mock.api.calls import NO_STORE, Call, Operations
from veeam_mock.messages import Reply, bearer_token
from veeam_mock.model.dates import date_time
from veeam_mock.model.errors import InvalidLogin
from veeam_mock.model.randomness import TOKEN_ALPHABET
from veeam_mock.model.tokens import TOKEN_LENGTH, TokenPair

AUTH_CODE_PREFIX = "mock-auth-"


def get_token(call: Call) -> Reply:
    """Log in by password, refresh (RFC 6749 sections 4.3 and 6), or by any assertion, as the first user (RFC 7523)."""
    if call.version.rendition.limits_logins and call.world.settings.login_limit:
        call.world.login_limit.count()
    form = call.body
    match form["grant_type"]:
        case "refresh_token":
            pair = call.world.tokens.refresh(_needed(form, "refresh_token"))
        case "password" | "operator":
            pair = call.world.tokens.log_in(_needed(form, "username"), _needed(form, "password"))
        case _:
            _needed(form, "assertion")
            pair = call.world.tokens.grant_for(next(iter(call.world.settings.passwords)))
    return call.reply(_token_response(pair), NO_STORE.copy())


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
