"""The control API under `/__admin`: its operations over worlds and journal, and who may call them.

Like the API it takes a plain request and gives a plain reply, so that the Flask page and `MockServer` in the same
process use one implementation.
"""

import hmac
import logging
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from mock_server.admin_key import is_loopback
from mock_server.durations import parse_duration
from mock_server.exchange import Reply, Request
from mock_server.faults.parsing import FaultError
from mock_server.faults.rules import Rule
from mock_server.journal import Entry, Journal, select
from mock_server.model.clock import TimeTravelError, parse_date_time
from mock_server.model.device_codes import DeviceCode
from mock_server.model.errors import DeviceCodeError, ModelError, NotFound
from mock_server.operations import date_time
from mock_server.pipeline import Pipeline
from mock_server.refusals import Refusals
from mock_server.settings import SettingsError
from mock_server.spec import CheckedRequest, Match, Operation, Spec, load_document
from mock_server.validation import shorten
from mock_server.wording import in_words
from mock_server.worlds import PATH_PREFIX, NoSuchWorld, TooManyWorlds, World, enter_world

log = logging.getLogger("veeam_mock")

CHANGEABLE = ("code_lifetime", "token_lifetime", "refresh_lifetime", "expires_unit", "verification_url", "auto_approve")
STATUSES = ((NotFound, 404), (TimeTravelError, 409), (DeviceCodeError, 409), (TooManyWorlds, 503))
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
KEY_HEADER = "x-admin-key"


class ControlError(Exception):
    """A call that cannot be carried out, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Answers requests below `/__admin`. Never raises."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._refusals = Refusals({})
        self.spec = Spec(load_document(Path(__file__).with_name("control.yaml")))

    def answer(self, request: Request, *, trusted: bool = False) -> Reply:
        """The reply to a call; `trusted` callers (in this process) need neither key nor address."""
        with self._pipeline.lock:
            try:
                reply = self._answer(request, trusted)
            except (ControlError, ModelError, TimeTravelError, NoSuchWorld, TooManyWorlds) as error:
                reply = self._refusals.plain(_status(error), str(error))
            except (FaultError, SettingsError) as error:
                reply = self._refusals.plain(400, str(error).replace("\n", "; "))
            except Exception:
                log.exception("failed to answer %s %s", request.method, request.path)
                reply = self._refusals.plain(500, "The mock failed to answer. Its log says why.")
        if reply.status >= 400:
            reply.content = self._pipeline.journal.masker.value(reply.content)
        reply.body = b"" if reply.content is None else orjson.dumps(reply.content)
        reply.headers["Content-Type"] = "application/json; charset=utf-8"
        reply.headers["Content-Length"] = str(len(reply.body))
        reply.headers["Cache-Control"] = "no-store"
        return reply

    def _answer(self, request: Request, trusted: bool) -> Reply:
        name, request = enter_world(request)
        match = self.spec.find(request.method, request.path)
        if not trusted:
            self.admit(request, is_open=isinstance(match, Match) and not match.operation.protected)
        if not isinstance(match, Match):
            allowed = ", ".join(match.allowed)
            if not allowed:
                raise ControlError(404, f"{request.path[:200]} is not a path of the control API.")
            return self._refusals.plain(405, f"{allowed} is served here.", {"Allow": allowed})
        checked = self.spec.check_request(match, request)
        if checked.violations:
            return self._refusals.for_violations(match.operation.id, map(in_words, checked.violations))
        _refuse_unknown_filters(match.operation, request.query)
        status = next(status for status in match.operation.replies if status < 300)
        return Reply(status, OPERATIONS[match.operation.id](self._pipeline, self._pipeline.worlds.find(name), checked))

    def admit(self, request: Request, *, is_open: bool = False) -> None:
        """Who may call: whoever knows the key; without a key this machine, and no page of another origin.

        `ControlError` for everybody else; `is_open` is for what all may see.
        """
        key = self._pipeline.settings.admin_key
        if key is not None:
            given = request.headers.get(KEY_HEADER, "").encode()
            if not is_open and not hmac.compare_digest(given, key.encode()):
                raise ControlError(401, "The header X-Admin-Key is missing or wrong.")
            return
        own = {*LOOPBACK_NAMES, self._pipeline.settings.host}
        if not is_open and request.client and not is_loopback(request.client):
            raise ControlError(403, "Without an admin key only this machine may call the control API.")
        if _host_name(request.headers.get("host", "localhost")) not in own:
            raise ControlError(403, "The Host header names another machine; call the control API by localhost.")
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            raise ControlError(403, "A page of another origin may not call the control API.")


def _refuse_unknown_filters(operation: Operation, query: str) -> None:
    """`ControlError` for a filter that is mistyped, and would let everything pass."""
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]
    unknown = [name for name, _ in parse_qsl(query, keep_blank_values=True) if known and name not in known]
    if unknown:
        raise ControlError(400, f"query: unknown key {', '.join(map(shorten, unknown))}; known are {', '.join(known)}")


def _status(error: Exception) -> int:
    if isinstance(error, ControlError):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


@cache
def package_version() -> str:
    """The version of this package; `unknown` in a checkout that is not installed."""
    try:
        return version("veeam-devicecode-mock")
    except PackageNotFoundError:
        return "unknown"


def get_health(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Say that the mock answers."""
    return {"status": "ok", "version": package_version()}


def get_settings(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The settings of the world that may change."""
    return {key: getattr(world.settings, key) for key in CHANGEABLE}


def change_settings(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Change all that is named, or nothing."""
    world.change(world.settings.replace(**call.body))
    return get_settings(pipeline, world, call)


def get_clock(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The time of the world."""
    return {"now": date_time(world.clock.now(), precise=True), "frozen": world.clock.frozen}


def change_clock(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Advance, set, freeze or release."""
    body = call.body
    if "advance" in body:
        world.clock.advance(parse_duration(body["advance"]))
    elif "set" in body:
        world.clock.set(_moment(body["set"]))
    elif "freeze" in body:
        world.clock.freeze()
    else:
        world.clock.release()
    return get_clock(pipeline, world, call)


def _moment(text: str) -> float:
    try:
        return parse_date_time(text)
    except ValueError as error:
        raise ControlError(400, f"body.set: {error}") from None


def get_faults(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The rules in the order in which they are asked."""
    return [_fault(pipeline, world, rule) for rule in world.faults.rules()]


def add_fault(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Parse and add one rule."""
    rule = pipeline.fault_parser.parse(call.body, world.clock.now())
    try:
        return _fault(pipeline, world, world.faults.add(rule))
    except OverflowError as error:
        raise ControlError(409, str(error)) from None


def clear_faults(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Remove all rules."""
    world.faults.clear()
    return None


def remove_fault(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Remove one rule."""
    if not world.faults.remove(call.values["faultId"]):
        raise ControlError(404, f"There is no fault {call.values['faultId'][:80]}.")
    return None


def get_requests(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The exchanges of this world, filtered."""
    wanted = call.values
    filters = {key: wanted[key] for key in ("operation", "method", "path") if key in wanted}
    pipeline.fault_parser.parse_pattern(filters, "query")
    entries = [e for e in _journal(pipeline).entries(world.name) if e.id > wanted.get("after", 0)]
    found = select(entries, status=wanted.get("status"), **filters)
    return [_exchange(entry) for entry in found[-wanted.get("limit", 10_000) :]]


def get_one_request(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """One exchange of this world."""
    wanted = call.values["requestId"]
    for entry in _journal(pipeline).entries(world.name):
        if entry.id == wanted:
            return _exchange(entry)
    raise ControlError(404, f"There is no request {wanted} in this world, or it has been forgotten.")


def clear_requests(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Forget the exchanges of this world."""
    pipeline.journal.forget(world.name)
    return None


def verify_requests(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Count what fits; name the near misses when that is too little."""
    pattern = pipeline.fault_parser.parse_pattern(call.body.get("match", {}), "body.match")
    found = _journal(pipeline).verify(world.name, pattern, call.body.get("status"))
    wanted = call.body.get("count")
    short = found.count < (1 if wanted is None else wanted)
    return {
        "verified": not short if wanted is None else found.count == wanted,
        "count": found.count,
        "nearMisses": [
            {"exchange": _exchange(entry), "differences": pipeline.journal.masker.value(differences)}
            for entry, differences in (found.near_misses if short else [])
        ],
    }


def get_device_codes(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The codes of this world."""
    return [_device_code(world, code) for code in world.device_codes.all()]


def get_one_device_code(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """One code."""
    return _device_code(world, world.device_codes.find(call.values["userCode"]))


def approve_device_code(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Play the person who signs in and agrees."""
    code = world.device_codes.find(call.values["userCode"])
    world.device_codes.approve(code, (call.body or {}).get("account") or world.fresh_account())
    return _device_code(world, code)


def deny_device_code(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Play the person who declines."""
    code = world.device_codes.find(call.values["userCode"])
    world.device_codes.deny(code)
    return _device_code(world, code)


def expire_device_code(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """End the life of a code now."""
    code = world.device_codes.find(call.values["userCode"])
    world.device_codes.expire(code)
    return _device_code(world, code)


def get_tokens(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The logins whose access token is alive; the tokens themselves are not kept."""
    now = world.clock.now()
    return [
        {
            "username": login.username,
            "issuedAt": date_time(login.issued_at, precise=True),
            "expiresAt": date_time(login.access_expires_at, precise=True),
            "expiresIn": round(login.access_expires_at - now, 3),
            "refreshExpiresAt": date_time(login.refresh_expires_at, precise=True),
        }
        for login in world.tokens.logins()
    ]


def get_worlds(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """The worlds that have been used, the default one first."""
    return [{"name": name, "path": f"{PATH_PREFIX}{name}" if name else ""} for name in pipeline.worlds.names()]


def reset(pipeline: Pipeline, world: World, call: CheckedRequest) -> object:
    """Start the world anew."""
    pipeline.worlds.reset(world.name)
    pipeline.journal.forget(world.name)
    return None


def _journal(pipeline: Pipeline) -> Journal:
    """The journal to read in; one that is off would count every exchange as one that never was."""
    if not pipeline.journal.keeps:
        raise ControlError(
            409, "The journal is off, as journal_entries or journal_bytes is 0; nothing is known of requests."
        )
    return pipeline.journal


def _fault(pipeline: Pipeline, world: World, rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "fault": pipeline.journal.masker.value(rule.given),
        "matched": rule.matched,
        "struck": rule.struck,
        "active": not rule.is_spent(world.clock.now()),
    }


def _exchange(entry: Entry) -> dict[str, object]:
    request = entry.request
    reply = None
    if entry.status is not None:
        body = entry.reply_body.decode("utf-8", "replace")
        reply = {"status": entry.status, "headers": entry.reply_headers, "body": body}
    return {
        "id": entry.id,
        "at": date_time(entry.at, precise=True),
        "operation": entry.operation,
        "outcome": entry.ending,
        "faults": list(entry.faults),
        "request": {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body.decode("utf-8", "replace"),
        },
        "reply": reply,
    }


def _device_code(world: World, code: DeviceCode) -> dict[str, object]:
    left = world.device_codes.remaining(code)
    return {
        "userCode": code.user_code,
        "use": code.purpose.use.value,
        "region": code.purpose.region,
        "organizationId": code.purpose.organization_id,
        "restoreSessionId": code.purpose.restore_session_id,
        "issuedAt": date_time(code.issued_at, precise=True),
        "expiresAt": date_time(code.expires_at, precise=True),
        "expiresIn": round(left, 3),
        "state": world.device_codes.state(code).value,
        "account": code.account,
    }


OPERATIONS: dict[str, Callable[[Pipeline, World, CheckedRequest], Any]] = {
    "getHealth": get_health,
    "getSettings": get_settings,
    "changeSettings": change_settings,
    "getClock": get_clock,
    "changeClock": change_clock,
    "getFaults": get_faults,
    "addFault": add_fault,
    "clearFaults": clear_faults,
    "removeFault": remove_fault,
    "getRequests": get_requests,
    "getOneRequest": get_one_request,
    "clearRequests": clear_requests,
    "verifyRequests": verify_requests,
    "getDeviceCodes": get_device_codes,
    "getOneDeviceCode": get_one_device_code,
    "approveDeviceCode": approve_device_code,
    "denyDeviceCode": deny_device_code,
    "expireDeviceCode": expire_device_code,
    "getTokens": get_tokens,
    "getWorlds": get_worlds,
    "reset": reset,
}
