"""The state of a world as a page: rendered here from what the control API says, refreshed when that tells of a change,
and steered by a script.

The page is a client of the control API and keeps to its rules of admission. Where a key is demanded, whoever has none
gets the page without state, and its script asks for the key.
"""

import re
from typing import Any, cast

import orjson
from flask import Blueprint, Response, abort, current_app, make_response, render_template
from markupsafe import Markup, escape

from veeam_mock.api.installation import Installation
from veeam_mock.control.client import ControlClient, ControlFailure
from veeam_mock.control.errors import ControlError
from veeam_mock.control.transports import Admitting, InProcess
from veeam_mock.faults.kinds import TYPES, Fault
from veeam_mock.faults.parsing import BESIDE
from veeam_mock.faults.presets import PRESETS
from veeam_mock.pages.carrying import sent_request
from veeam_mock.pages.exports import as_assertion, as_curl
from veeam_mock.pages.shielding import shield
from veeam_mock.version import package_version
from veeam_mock.world_names import enter_world

SHOWN = 50
"""Codes, logins and organizations that are shown of each; the newest."""

SHOWN_EXCHANGES = 200
CONDITION_WORDS = {"after": "after", "probability": "chance", "until": "until"}
FEW_WORLDS = 8
"""As many worlds stand side by side; more of them fold into a list."""

dashboard = Blueprint("dashboard", __name__, url_prefix="/__admin", static_folder="static", static_url_path="/static")
dashboard.after_request(shield)


@dashboard.errorhandler(ControlFailure)
def _refuse(error: ControlFailure) -> Response:
    return Response(orjson.dumps({"message": str(error)}), error.status, content_type="application/json")


@dashboard.before_request
def _admit_all() -> None:
    """What is static holds no data, but keeps to the rules about origins and names all the same."""
    try:
        _control().admit(sent_request(), is_open=True)
    except ControlError as error:
        abort(error.status, str(error))


@dashboard.get("/")
def show_state() -> Response:
    """The whole page."""
    world, request = enter_world(sent_request())
    try:
        _control().admit(request)
    except ControlError as error:
        if error.status != 401:
            abort(error.status, str(error))
        return _page("page", world, locked=True)
    return _page("page", world, locked=False, **_state(world))


@dashboard.get("/exchanges/<int:request_id>")
def show_exchange(request_id: int) -> Response:
    """One exchange of the journal."""
    world, request = enter_world(sent_request())
    try:
        _control().admit(request)
    except ControlError as error:
        abort(error.status, str(error))
    exchange = _client(world).requests.get(request_id)
    exports = {"curl": as_curl(exchange, request.address), "pytest": as_assertion(exchange)}
    return _page("exchange", world, exchange=exchange, exports=exports)


def _control() -> Admitting:
    return cast(Admitting, current_app.extensions["veeam_control"])


def _client(world: str) -> ControlClient:
    return ControlClient(InProcess(_control(), world))


def _state(name: str) -> dict[str, Any]:
    """What the page shows of a world.

    Long lists are made one by one: to hold the lock for all of them would hold up the API.
    """
    installation = cast(Installation, current_app.extensions["veeam"])
    client = _client(name)
    long = {
        "codes": client.device_codes.list(),
        "logins": client.call("GET", "/tokens"),
        "faults": client.faults.list(),
        "exchanges": client.requests.list(limit=SHOWN_EXCHANGES) if installation.journal.keeps else None,
    }
    with installation.lock:
        world = installation.worlds.find(name)
        return {
            **long,
            "clock": client.call("GET", "/clock"),
            "worlds": client.call("GET", "/worlds"),
            "organizations": world.organizations.all(),
            "accounts": world.settings.accounts,
            "operations": installation.versions.operation_ids(),
        }


def _page(name: str, world: str, **values: Any) -> Response:
    values |= {"world": world, "version": package_version(), "shown": SHOWN, "few_worlds": FEW_WORLDS}
    values |= {"presets": PRESETS.values(), "kinds": TYPES, "mount": sent_request().mount}
    return make_response(render_template(f"dashboard/{name}.html", **values))


@dashboard.app_template_filter("countdown")
def countdown(seconds: float) -> str:
    """Seconds as minutes and seconds, `14:59`, or with hours, `1:00:00`; a begun second counts."""
    left = int(-(-seconds // 1))
    hours, minutes = left // 3600, left // 60 % 60
    return f"{hours}:{minutes:02}:{left % 60:02}" if hours else f"{minutes}:{left % 60:02}"


@dashboard.app_template_filter("pretty")
def pretty(body: str) -> str:
    """JSON with indentation, and any other text as it is."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body


@dashboard.app_template_filter("fault_name")
def fault_name(fault: dict[str, Any]) -> str:
    """A fault in a few words, such as `status 503` or `throttled`."""
    parts = [fault.get("preset") or fault.get("kind", ""), fault.get("status", "")]
    return " ".join(str(part) for part in parts if part != "")


@dashboard.app_template_filter("fault_conditions")
def fault_conditions(fault: dict[str, Any]) -> str:
    """When a fault strikes, in words: `getToken, after 2, chance 0.5`; empty for always."""
    match = {**fault.get("match", {}), **{part: fault[key] for key, part in BESIDE.items() if key in fault}}
    operation = match.pop("operation", ())
    parts = [operation] if isinstance(operation, str) else list(operation)
    parts += [f"{part} {_flat(value)}" for part, value in match.items()]
    parts += [f"{word} {fault[key]}" for key, word in CONDITION_WORDS.items() if key in fault]
    return ", ".join(parts)


def _flat(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


@dashboard.app_template_filter("parameters")
def parameters(kind: type[Fault]) -> str:
    """The parameters in the example of a kind, as JSON; empty where it needs none."""
    given = {key: value for key, value in kind.example.items() if key not in ("kind", "match", "times")}
    return orjson.dumps(given).decode() if given else ""


@dashboard.app_template_filter("breakable")
def breakable(account: str) -> Markup:
    """A name that a narrow screen breaks at its dots and its @, and nowhere else."""
    return Markup("").join(
        Markup("{}<wbr>").format(part) if part in ".@" and part else escape(part)
        for part in re.split(r"([.@])", account)
    )
