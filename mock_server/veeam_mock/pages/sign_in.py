"""The sign-in page: a person enters a device code, picks an account, and approves or declines.

Three forms, each shown by GET, which decides nothing, and sent by POST. Nothing is kept between the steps: the address
of a step says what was chosen, and the token of its form binds it to the browser, the world, and what it says.
"""

from typing import cast

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from veeam_mock.api.installation import Installation
from veeam_mock.api.worlds import NoSuchWorld, TooManyWorlds, World
from veeam_mock.model.device_codes import DeviceCode, State
from veeam_mock.model.errors import NotFound
from veeam_mock.pages import form_tokens
from veeam_mock.pages.carrying import sent_request
from veeam_mock.pages.shielding import require_own_origin, shield
from veeam_mock.settings.options import BY_KEY
from veeam_mock.spec.schema import Schema
from veeam_mock.world_names import enter_world

FORM_LIMIT = 8 * 1024
"""Bytes of a form."""

LONGEST_SHOWN = 64
"""Characters of what was typed that are shown again."""

ACCOUNT = Schema({**BY_KEY["accounts"].schema["items"], "maxLength": 254})

OTHER = "other"
"""The choice of an account that is typed, not picked."""

DECISIONS = APPROVE, DECLINE = "approve", "decline"

REFUSALS = {
    State.APPROVED: "Somebody has already signed in with this code. Go back to the application that showed it.",
    State.DENIED: "This code was declined. Ask the application for a new one.",
    State.SPENT: "This code has been used. A code works once; ask the application for a new one.",
    State.EXPIRED: "This code has expired. Ask the application for a new one.",
}
UNKNOWN = "This server has not issued that code. Check it and enter it again."

sign_in = Blueprint("sign_in", __name__, url_prefix="/devicelogin", static_folder="static", static_url_path="/static")
sign_in.after_request(shield)


class Refused(Exception):
    """A code that cannot be decided on; the message is for the person."""


@sign_in.before_request
def _guard() -> None:
    g.nonce = form_tokens.browser_nonce()
    request.max_content_length = FORM_LIMIT
    if request.method == "POST":
        require_own_origin()


@sign_in.errorhandler(HTTPException)
def _show_problem(error: HTTPException) -> AnyResponse:
    """What is refused before a step is reached, as a page for the person."""
    return _page("problem", error.code or 500, problem=error.description or error.name)


@sign_in.errorhandler(Refused)
def _show_refusal(error: Refused) -> AnyResponse:
    return _page("problem", 409, problem=str(error))


@sign_in.get("", strict_slashes=False)
def ask_for_code() -> AnyResponse:
    """The first form; `?user_code=` fills it in (RFC 8628 section 3.3.1) and decides nothing."""
    return _code_form(request.args.get("user_code", ""))


@sign_in.post("", strict_slashes=False)
def take_code() -> AnyResponse:
    """On to the second form, for a code that waits; else the first one with what is wrong."""
    world = _world()
    form_tokens.require_token(g.nonce, world.name, "code")
    typed = request.form.get("user_code", "")
    if not typed.strip():
        return _code_form("", "Enter the code that the application shows.")
    try:
        code = _waiting(world, typed)
    except Refused as refused:
        return _code_form(typed, str(refused))
    return _go_on("show_accounts", user_code=code.user_code)


@sign_in.get("/account")
def show_accounts() -> AnyResponse:
    """The second form."""
    world = _world()
    return _account_form(world, _waiting(world, request.args.get("user_code", "")))


@sign_in.post("/account")
def take_account() -> AnyResponse:
    """On to the third form, which asks for the decision; else the second one with what is wrong."""
    world = _world()
    typed = request.form.get("user_code", "")
    form_tokens.require_token(g.nonce, world.name, "account", typed)
    code = _waiting(world, typed)
    picked = request.form.get("account", "")
    account = request.form.get("other_account", "").strip() if picked == OTHER else picked
    problem = _account_problem(account, picked)
    if problem:
        return _account_form(world, code, problem, picked, account)
    return _go_on("show_decision", user_code=code.user_code, account=account)


@sign_in.get("/decision")
def show_decision() -> AnyResponse:
    """The third form."""
    world = _world()
    code = _waiting(world, request.args.get("user_code", ""))
    account = request.args.get("account", "")
    if _account_problem(account, account):
        return _go_on("show_accounts", user_code=code.user_code)
    token = form_tokens.form_token(g.nonce, world.name, "decision", code.user_code, account)
    return _page("decision", code=code, account=account, token=token)


@sign_in.post("/decision")
def take_decision() -> AnyResponse:
    """Approve or decline."""
    world = _world()
    typed, account = request.form.get("user_code", ""), request.form.get("account", "")
    form_tokens.require_token(g.nonce, world.name, "decision", typed, account)
    decision = request.form.get("decision")
    if decision not in DECISIONS:
        raise BadRequest("Approve or decline.")
    with _installation().lock:
        code = _waiting(world, typed)
        if decision == APPROVE:
            world.device_codes.approve(code, account)
        else:
            world.device_codes.deny(code)
        _installation().watchers.tell(world.name)
    return _go_on("show_outcome", user_code=code.user_code)


@sign_in.get("/done")
def show_outcome() -> AnyResponse:
    """What became of a code."""
    world = _world()
    with _installation().lock:
        code = _find(world, request.args.get("user_code", ""))
        state = world.device_codes.state(code)
    if state in (State.PENDING, State.EXPIRED):
        return _go_on("ask_for_code", user_code=code.user_code)
    return _page("done", approved=state is not State.DENIED, code=code)


def _go_on(step: str, user_code: str, account: str | None = None) -> AnyResponse:
    """To the next step by GET, so that reloading and going back send no form twice."""
    return redirect(url_for(f"sign_in.{step}", user_code=user_code, account=account), 303)


def _installation() -> Installation:
    return cast(Installation, current_app.extensions["veeam"])


def _world() -> World:
    installation = _installation()
    with installation.lock:
        try:
            return installation.worlds.find(enter_world(sent_request())[0])
        except NoSuchWorld as error:
            raise BadRequest(str(error)) from None
        except TooManyWorlds as error:
            raise ServiceUnavailable(str(error)) from None


def _find(world: World, typed: str) -> DeviceCode:
    try:
        return world.device_codes.find(typed.strip())
    except NotFound:
        raise Refused(UNKNOWN) from None


def _waiting(world: World, typed: str) -> DeviceCode:
    """The code, which waits for a decision; `Refused` for every other."""
    with _installation().lock:
        code = _find(world, typed)
        state = world.device_codes.state(code)
    if state is not State.PENDING:
        raise Refused(REFUSALS[state])
    return code


def _account_problem(account: str, picked: str) -> str | None:
    if not account:
        return "Enter an account." if picked == OTHER else "Pick an account."
    sound = account.isprintable() and not ACCOUNT.violations(account, "")
    return None if sound else "Enter an account such as name@organization.onmicrosoft.com."


def _code_form(typed: str, problem: str | None = None) -> AnyResponse:
    token = form_tokens.form_token(g.nonce, _world().name, "code")
    return _page("code", 400 if problem else 200, typed=typed[:LONGEST_SHOWN], problem=problem, token=token)


def _account_form(
    world: World, code: DeviceCode, problem: str | None = None, picked: str = "", typed: str = ""
) -> AnyResponse:
    accounts = world.settings.accounts
    token = form_tokens.form_token(g.nonce, world.name, "account", code.user_code)
    picked = picked if picked == OTHER or picked in accounts else next(iter(accounts), OTHER)
    return _page(
        "account",
        400 if problem else 200,
        code=code,
        accounts=accounts,
        other=OTHER,
        picked=picked,
        typed=typed[:LONGEST_SHOWN] if picked == OTHER else "",
        problem=problem,
        token=token,
    )


def _page(name: str, status: int = 200, **values: object) -> Response:
    response = make_response(render_template(f"sign_in/{name}.html", **values), status)
    form_tokens.remember(response, g.nonce)
    return response
