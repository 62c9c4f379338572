"""The control API under `/__admin`: from a call to its reply, and who may call. `control_operations` does the work.

Like the API it takes a plain request and gives a plain reply.
"""

import hmac
import logging
import threading
from contextlib import nullcontext
from urllib.parse import parse_qsl

import orjson

from veeam_mock.api.installation import Installation, SharedStore
from veeam_mock.api.worlds import NoSuchWorld, TooManyWorlds
from veeam_mock.control.description import control_spec
from veeam_mock.control.errors import ControlError
from veeam_mock.control.operations import OPERATIONS
from veeam_mock.faults.parsing import FaultError
from veeam_mock.messages import Reply, Request
from veeam_mock.model.clock import TimeTravelError
from veeam_mock.model.errors import DeviceCodeError, ModelError, NotFound, StoreAway
from veeam_mock.settings.addresses import is_loopback
from veeam_mock.settings.hosts import FOREIGN_HOST, is_own_host
from veeam_mock.settings.settings import SettingsError
from veeam_mock.spec.refusals import Refusals
from veeam_mock.spec.renditions import V4
from veeam_mock.spec.schema import listed
from veeam_mock.spec.spec import Match, Operation, Spec
from veeam_mock.spec.suggestions import suggestion
from veeam_mock.version import package_version
from veeam_mock.world_names import comes_from_another_site, enter_world

log = logging.getLogger("veeam_mock")

STATUSES = ((NotFound, 404), (TimeTravelError, 409), (DeviceCodeError, 409), (TooManyWorlds, 503), (StoreAway, 503))
LONG = frozenset(
    {"findRequests", "getRequests", "getOneRequest", "verifyRequests", "getDeviceCodes", "getTokens", "getFaults"}
    | {"addFault"}
)
"""Operations that go through a journal or a list of records as it was at one moment, or take the lock for themselves:
meanwhile the API goes on."""

SEARCHES = frozenset({"findRequests", "verifyRequests"})
"""Those that compare each exchange with a pattern, one at a time: each takes as large a part of the time as the API."""

KEY_HEADER = "x-admin-key"


def is_control(path: str) -> bool:
    """Whether a path as sent, below no world, is the control API's, unless it is that of a page."""
    return path[1:].partition("/")[0].lower() == "__admin"


class Control:
    """Answers requests below `/__admin`. Never raises."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._refusals = Refusals({}, V4)
        self._searching = threading.Lock()

    @property
    def spec(self) -> Spec:
        """The description that calls are checked against."""
        return control_spec()

    def answer(self, request: Request, *, trusted: bool = False) -> Reply:
        """The reply to a call; `trusted` callers (in this process) need neither key nor address."""
        try:
            reply = self._answer(request, trusted)
        except (ControlError, ModelError, TimeTravelError, NoSuchWorld, TooManyWorlds) as error:
            reply = self._refusals.plain(_status(error), str(error))
            if isinstance(error, StoreAway):
                reply.headers["Retry-After"] = str(error.retry_after)
        except (FaultError, SettingsError) as error:
            reply = self._refusals.plain(400, str(error).replace("\n", "; "))
        except Exception:
            log.exception("failed to answer %s %s", request.method, request.path)
            reply = self._refusals.plain(500, "The mock failed to answer. Its log says why.")
        if reply.status >= 400:
            reply.content = self._installation.journal.masker.value(reply.content)
        if reply.more is None:
            reply.body = reply.body if reply.content is None else orjson.dumps(reply.content)
            reply.headers["Content-Length"] = str(len(reply.body))
        reply.headers.setdefault("Content-Type", "application/json; charset=utf-8")
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
            return self._refusals.for_violations(match.operation.id, checked.violations)
        _refuse_unknown_filters(match.operation, request.query)
        status = next(status for status in match.operation.replies if status < 300)
        installation, perform = self._installation, OPERATIONS[match.operation.id]
        if match.operation.id == "getHealth" and installation.link is not None:
            return _health_of(installation.link)
        with installation.lock:
            may_make = not comes_from_another_site(request, installation.settings.cors)
            world = installation.worlds.find(name, may_make=may_make)
            if match.operation.id not in LONG:
                content = perform(installation, world, checked)
                if request.method != "GET":
                    installation.watchers.tell(name)
                return _reply(status, content)
        with self._searching if match.operation.id in SEARCHES else nullcontext():
            return _reply(status, perform(installation, world, checked))

    def admit(self, request: Request, *, is_open: bool = False) -> None:
        """Who may call: whoever knows the key; without a key this machine, and no page of another origin.

        `ControlError` for everybody else; `is_open` is for what all may see.
        """
        key = self._installation.settings.admin_key
        if key is not None:
            given = request.headers.get(KEY_HEADER, "").encode()
            if not is_open and not hmac.compare_digest(given, key.encode()):
                raise ControlError(401, "The header X-Admin-Key is missing or wrong.")
            return
        if not is_open and request.client and not is_loopback(request.client):
            raise ControlError(403, "Without an admin key only this machine may call the control API.")
        if not is_own_host(request, self._installation.settings):
            raise ControlError(403, FOREIGN_HOST)
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.origin.partition("://")[2]:
            raise ControlError(403, "A page of another origin may not call the control API.")


def _reply(status: int, content: object) -> Reply:
    return content if isinstance(content, Reply) else Reply(status, content)


def _health_of(link: SharedStore) -> Reply:
    """How a server is whose worlds are in a store."""
    trouble = link.look()
    content = {"status": "ok" if trouble is None else "store away", "version": package_version()}
    return Reply(200, content) if trouble is None else Reply(503, {**content, "message": f"The store: {trouble}."})


def _refuse_unknown_filters(operation: Operation, query: str) -> None:
    """`ControlError` for a filter that is mistyped, and would let everything pass."""
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]
    unknown = [name for name, _ in parse_qsl(query, keep_blank_values=True) if known and name not in known]
    if unknown:
        nearest = suggestion(unknown[0], known)
        raise ControlError(400, f"query: unknown key {listed(unknown)}; known are {', '.join(known)}{nearest}")


def _status(error: Exception) -> int:
    if isinstance(error, ControlError):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)
