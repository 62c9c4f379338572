"""What the operations of the control API do: operationId -> function over installation, world and checked call."""

from collections.abc import Callable, Mapping
from typing import Any

from veeam_mock.api.installation import Installation
from veeam_mock.api.worlds import World
from veeam_mock.control.description import control_spec
from veeam_mock.control.errors import ControlError
from veeam_mock.faults.rules import Rule
from veeam_mock.journal.journal import LONGEST_BODY, Entry, Journal, select
from veeam_mock.journal.pattern import Seen
from veeam_mock.journal.watching import BEGIN
from veeam_mock.messages import NEXT_AFTER, Fields, Reply
from veeam_mock.model.dates import date_time, parse_date_time
from veeam_mock.model.device_codes import DeviceCode
from veeam_mock.model.durations import parse_duration
from veeam_mock.spec.spec import CheckedRequest
from veeam_mock.version import package_version
from veeam_mock.world_names import PATH_PREFIX

PAGE_BYTES = 1024 * 1024
"""Bytes of the exchanges in one answer, as the journal counts them."""

CHANGEABLE = ("code_lifetime", "token_lifetime", "refresh_lifetime", "expires_unit", "verification_url", "auto_approve")


def get_health(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Say that the mock answers."""
    return {"status": "ok", "version": package_version()}


def get_description(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The description of the control API itself."""
    return control_spec().document


def get_settings(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The settings of the world that may change."""
    return {key: getattr(world.settings, key) for key in CHANGEABLE}


def change_settings(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Change all that is named, or nothing."""
    installation.worlds.change(world, call.body)
    return get_settings(installation, world, call)


def get_clock(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The time of the world."""
    return {"now": date_time(world.clock.now(), precise=True), "frozen": world.clock.frozen}


def change_clock(installation: Installation, world: World, call: CheckedRequest) -> object:
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
    return get_clock(installation, world, call)


def _moment(text: str) -> float:
    try:
        return parse_date_time(text)
    except ValueError as error:
        raise ControlError(400, f"body.set: {error}") from None


def get_faults(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The rules in the order in which they are asked."""
    return [_fault(installation, world, rule) for rule in world.faults.rules()]


def add_fault(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Parse and add one rule. To parse and to show it may take long: only to add it needs the lock."""
    rule = installation.fault_parser.parse(call.body, world.clock.now())
    with installation.lock:
        try:
            rule = world.faults.add(rule)
        except OverflowError as error:
            raise ControlError(409, str(error)) from None
        installation.watchers.tell(world.name)
    return _fault(installation, world, rule)


def clear_faults(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Remove all rules."""
    world.faults.clear()
    return None


def remove_fault(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Remove one rule."""
    if not world.faults.remove(call.values["faultId"]):
        raise ControlError(404, f"There is no fault {call.values['faultId'][:80]}.")
    return None


def get_requests(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The exchanges of this world, filtered."""
    wanted = call.values
    filters = {key: wanted[key] for key in ("operation", "method", "path") if key in wanted}
    installation.fault_parser.parse_pattern(filters, "query")
    entries = [e for e in _journal(installation).entries(world.name) if e.id > wanted.get("after", 0)]
    return _page(select(entries, status=wanted.get("status"), **filters), wanted)


def find_requests(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The exchanges of this world that fit a pattern."""
    wanted = call.body
    pattern = installation.fault_parser.parse_pattern(wanted.get("match", {}), "body.match")
    entries = [e for e in _journal(installation).entries(world.name) if e.id > wanted.get("after", 0)]
    status = wanted.get("status")
    found = [
        entry
        for entry in entries
        if (status is None or entry.status == status) and pattern.fits(Seen(entry.request, entry.operation))
    ]
    return _page(found, wanted)


def _page(found: list[Entry], wanted: Mapping[str, Any]) -> Reply:
    """The last exchanges of `found` that were asked for, or as many of them as one answer may have, the oldest first.

    Then a header field says by which id the next ones are asked for.
    """
    asked = found[-wanted.get("limit", 10_000) :]
    page: list[dict[str, object]] = []
    size = 0
    for entry in asked:
        size += entry.cost
        if page and size > PAGE_BYTES:
            return Reply(200, page, Fields({NEXT_AFTER: str(page[-1]["id"])}))
        page.append(_exchange(entry))
    return Reply(200, page)


def get_one_request(installation: Installation, world: World, call: CheckedRequest) -> object:
    """One exchange of this world."""
    wanted = call.values["requestId"]
    for entry in _journal(installation).entries(world.name):
        if entry.id == wanted:
            return _exchange(entry)
    raise ControlError(404, f"There is no request {wanted} in this world, or it has been forgotten.")


def clear_requests(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Forget the exchanges of this world."""
    installation.journal.forget(world.name)
    return None


def verify_requests(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Count what fits; name the near misses when that is too little."""
    pattern = installation.fault_parser.parse_pattern(call.body.get("match", {}), "body.match")
    found = _journal(installation).verify(world.name, pattern, call.body.get("status"))
    wanted = call.body.get("count")
    short = found.count < (1 if wanted is None else wanted)
    return {
        "verified": not short if wanted is None else found.count == wanted and not found.forgotten,
        "count": found.count,
        "forgotten": found.forgotten,
        "nearMisses": [
            {"exchange": _exchange(entry), "differences": installation.journal.masker.value(differences)}
            for entry, differences in (found.near_misses if short else [])
        ],
    }


def get_device_codes(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The codes of this world."""
    return [_device_code(world, code) for code in world.device_codes.all()]


def get_one_device_code(installation: Installation, world: World, call: CheckedRequest) -> object:
    """One code."""
    return _device_code(world, world.device_codes.find(call.values["userCode"]))


def approve_device_code(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Play the person who signs in and agrees."""
    code = world.device_codes.find(call.values["userCode"])
    account = (call.body or {}).get("account")
    account = account or world.organizations.account_of_missing(world.settings.accounts)
    return _device_code(world, world.device_codes.approve(code, account))


def deny_device_code(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Play the person who declines."""
    code = world.device_codes.find(call.values["userCode"])
    return _device_code(world, world.device_codes.deny(code))


def expire_device_code(installation: Installation, world: World, call: CheckedRequest) -> object:
    """End the life of a code now."""
    code = world.device_codes.find(call.values["userCode"])
    return _device_code(world, world.device_codes.expire(code))


def get_tokens(installation: Installation, world: World, call: CheckedRequest) -> object:
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


def get_worlds(installation: Installation, world: World, call: CheckedRequest) -> object:
    """The worlds that have been used, the default one first."""
    return [{"name": name, "path": f"{PATH_PREFIX}{name}" if name else ""} for name in installation.worlds.names()]


def reset(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Start the world anew."""
    installation.worlds.reset(world.name)
    installation.journal.forget(world.name)
    return None


def watch_changes(installation: Installation, world: World, call: CheckedRequest) -> Reply:
    """Events that say that something in this world has changed.

    Where servers share a store, no process hears of what the others do: the stream ends at once, and who watches comes
    back, and looks, once a second.
    """
    more = installation.watchers.watch(world.name) if installation.link is None else None
    return Reply(200, None, Fields({"Content-Type": "text/event-stream"}), BEGIN, more=more)


def reload(installation: Installation, world: World, call: CheckedRequest) -> object:
    """Read the settings again, and start all worlds anew with them; nothing changes where they do not fit."""
    if installation.reload is None:
        raise ControlError(
            409, "This server has no config file: its settings are those of the program that started it."
        )
    installation.reload()
    return None


def _journal(installation: Installation) -> Journal:
    """The journal to read in; one that is off would count every exchange as one that never was."""
    if not installation.journal.keeps:
        raise ControlError(
            409, "The journal is off, as journal_entries or journal_bytes is 0; nothing is known of requests."
        )
    return installation.journal


def _fault(installation: Installation, world: World, rule: Rule) -> dict[str, object]:
    if rule.shown is None:
        rule.shown = installation.journal.masker.value(rule.given)
    return {
        "id": rule.id,
        "fault": rule.shown,
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
        "forgiven": list(entry.forgiven),
        "request": {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body[:LONGEST_BODY].decode("utf-8", "replace"),
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


OPERATIONS: dict[str, Callable[[Installation, World, CheckedRequest], Any]] = {
    "getDescription": get_description,
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
    "findRequests": find_requests,
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
    "watchChanges": watch_changes,
    "reload": reload,
    "reset": reset,
}
