"""From a request to its reply, by the steps that are listed at the end. Knows no Flask, no sockets, no `responses`."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from veeam_mock.api import device_codes, logins, organizations, restore_sessions, service_instance
from veeam_mock.api.calls import Call, Operations
from veeam_mock.api.cors import origin_headers, preflight_headers
from veeam_mock.api.head import Outline
from veeam_mock.api.installation import Installation
from veeam_mock.api.worlds import DEFAULT, NoSuchWorld, TooManyWorlds, World
from veeam_mock.faults.kinds import Strike
from veeam_mock.faults.parsing import FaultError
from veeam_mock.faults.prefer import rules_from_header
from veeam_mock.faults.rules import Rule
from veeam_mock.messages import NO_LENGTH, Reply, Request
from veeam_mock.model.dates import http_date
from veeam_mock.model.errors import AccessDenied, ModelError
from veeam_mock.settings.settings import Settings
from veeam_mock.spec.spec import CheckedRequest, NoMatch, Operation
from veeam_mock.spec.versions import Version

log = logging.getLogger("veeam_mock")

OPERATIONS: Operations = {
    **logins.OPERATIONS,
    **organizations.OPERATIONS,
    **device_codes.OPERATIONS,
    **restore_sessions.OPERATIONS,
    **service_instance.OPERATIONS,
}


class Exchange:
    """One request on its way. As soon as `reply` stands, the other steps that look for an answer are passed over.

    What stands here holds until a step knows better. `at` is when the answer was finished, in Unix seconds, UTC, of the
    world's clock.
    """

    outline: Outline | None = None
    operation: Operation | None = None
    operation_id: str | None = None
    checked: CheckedRequest | None = None
    reply: Reply | None = None
    strikes: Sequence[Rule] = ()
    preferences: Sequence[Rule] = ()
    answered_by_fault = False
    at = 0.0

    def __init__(self, request: Request, world: World, version: Version, no_socket: str | None = None) -> None:
        self.request = request
        self.world = world
        self.version = version
        self.no_socket = no_socket


class Pipeline:
    """Answers requests. Never raises: what goes wrong inside is logged and answered with 500.

    It reads and changes `installation`.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def answer(self, request: Request, *, no_socket: str | None = None) -> Reply:
        """The reply to `request`, complete with body, headers and how it is to be delivered.

        A door that cannot break a connection says so in `no_socket`, which is what the client then reads with 501.
        """
        with self.installation.lock:
            exchange = self._begin(request, no_socket)
            self._look_for_an_answer(exchange)
            self._finish_the_answer(exchange)
        assert exchange.reply is not None
        return exchange.reply

    def _begin(self, request: Request, no_socket: str | None = None) -> Exchange:
        """An exchange in the default world, and in the version whose words are used until another one is named."""
        return Exchange(request, self.installation.worlds.default, self.installation.versions.oldest, no_socket)

    def _look_for_an_answer(self, exchange: Exchange) -> None:
        """Take the steps until one of them has the answer."""
        try:
            for step in self._read_head(exchange).looking:
                step(self, exchange)
                if exchange.reply is not None:
                    return
        except ModelError as error:
            exchange.reply = exchange.version.refusals.for_error(error)
        except Exception:
            self._fail(exchange)

    def _finish_the_answer(self, exchange: Exchange) -> None:
        """Take all of the steps, also when one fails."""
        for step in exchange.outline.finishing if exchange.outline is not None else (Pipeline._record,):
            try:
                step(self, exchange)
            except Exception:
                self._fail(exchange)

    def _fail(self, exchange: Exchange) -> None:
        log.exception("failed to answer %s %s", exchange.request.method, exchange.request.path)
        exchange.reply = exchange.version.refusals.plain(500, "The mock failed to answer. Its log says why.")
        self._serialize(exchange)

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what a door could not read as a request (bad HTTP, too large, too slow); ends the connection."""
        with self.installation.lock:
            exchange = self._begin(request)
            exchange.reply = exchange.version.refusals.plain(status, message, {"Connection": "close"})
            if self.installation.settings.cors:
                self._allow_origin(exchange)
            self._serialize(exchange)
            self._record(exchange)
        return exchange.reply

    def _read_head(self, exchange: Exchange) -> Outline:
        """See what the request means; the work is done once for all requests that share a head."""
        request = exchange.request
        outline = request.outline
        if not isinstance(outline, Outline) or outline.generation is not self.installation.generation:
            outline = Outline.of(
                request, self.installation.served, self.installation.journal, self.installation.generation
            )
            outline.looking = self._steps_for(outline, LOOKING_FOR_AN_ANSWER)
            outline.finishing = self._steps_for(outline, ON_EVERY_ANSWER)
            request.outline = outline
        exchange.outline = outline
        exchange.version = outline.version or exchange.version
        if outline.world:
            exchange.request = outline.request.with_body(request.body)
        return outline

    def _steps_for(self, outline: Outline, steps: "Sequence[Step]") -> "tuple[Take, ...]":
        return tuple(step.take for step in steps if step.concerns(self.installation.settings, outline))

    def _refuse_host(self, exchange: Exchange) -> None:
        """The origin becomes part of the addresses in answers (RFC 9112 section 3.2: 400 for a bad Host)."""
        exchange.reply = exchange.version.refusals.plain(400, "header.Host: is not one host, with a port or without.")

    def _enter_world(self, exchange: Exchange) -> None:
        assert exchange.outline is not None
        try:
            exchange.world = self.installation.worlds.find(exchange.outline.world)
        except NoSuchWorld as error:
            exchange.reply = exchange.version.refusals.plain(400, str(error))
        except TooManyWorlds as error:
            exchange.reply = exchange.version.refusals.plain(503, str(error))

    def _find_operation(self, exchange: Exchange) -> None:
        assert exchange.outline is not None
        operation = exchange.operation = exchange.outline.operation
        if operation is not None:
            exchange.operation_id = operation.id

    def _answer_preflight(self, exchange: Exchange) -> None:
        allowed = _allowed(exchange)
        headers = preflight_headers(exchange.request, self.installation.settings.cors, allowed) if allowed else None
        if headers is not None:
            exchange.reply = Reply(204, None, headers)

    def _plan_faults(self, exchange: Exchange) -> None:
        request = exchange.request
        prefer = request.headers.get("prefer")
        if prefer is not None and not exchange.world.settings.no_prefer:
            try:
                exchange.preferences = rules_from_header(
                    prefer, self.installation.fault_parser, exchange.world.clock.now()
                )
            except FaultError as error:
                exchange.reply = exchange.version.refusals.plain(400, str(error))
                exchange.answered_by_fault = True
                return
        exchange.strikes = exchange.world.faults.strike(request, exchange.operation_id, exchange.preferences)
        for rule in exchange.strikes:
            if not rule.fault.needs_answer:
                exchange.reply = rule.fault.strike(Reply(200), self._strike(exchange, rule))
                exchange.answered_by_fault = True

    def _strike(self, exchange: Exchange, rule: Rule) -> Strike:
        return Strike(exchange.version.refusals, rule.randomness, exchange.operation_id)

    def _refuse_unknown(self, exchange: Exchange) -> None:
        allowed = ", ".join(_allowed(exchange))
        if allowed:
            message = f"{exchange.request.method[:20]} is not served here, which serves {allowed}."
            exchange.reply = exchange.version.refusals.plain(405, message, {"Allow": allowed})
        else:
            path = exchange.request.path[:200]
            served = ", ".join(self.installation.versions.names)
            message = f"{path} is not a path of this server, which serves {served} of the API."
            exchange.reply = exchange.version.refusals.plain(404, message)

    def _check_credentials(self, exchange: Exchange) -> None:
        assert exchange.outline is not None
        if exchange.outline.token is None:
            raise AccessDenied()
        exchange.world.tokens.authenticate(exchange.outline.token)

    def _check_request(self, exchange: Exchange) -> None:
        assert exchange.operation is not None and exchange.outline is not None
        checked = exchange.checked = exchange.outline.check(exchange.request)
        if checked.violations:
            exchange.reply = exchange.version.refusals.for_violations(exchange.operation.id, checked.violations)

    def _perform(self, exchange: Exchange) -> None:
        assert exchange.operation is not None and exchange.checked is not None
        world, checked = exchange.world, exchange.checked
        call = Call(world, self._version_in(exchange), exchange.operation, checked, exchange.request)
        if call.operation.elsewhere is None:
            exchange.reply = OPERATIONS[exchange.operation.id](call)
        else:
            from veeam_mock.api.others import answer_other

            exchange.reply = answer_other(self.installation.served, call)

    def _check_reply(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        if exchange.operation is None or exchange.answered_by_fault or exchange.operation.elsewhere is not None:
            return
        version = self._version_in(exchange)
        violations = version.spec.check_reply(version.spec.operations[exchange.operation.id], exchange.reply)
        if violations:
            wrong = "; ".join(map(str, violations))
            log.error("%s would answer against the spec: %s", exchange.operation.id, wrong)
            exchange.reply = exchange.version.refusals.plain(500, f"The mock's answer would break the spec: {wrong}")

    def _version_in(self, exchange: Exchange) -> Version:
        """The version with the readings of the exchange's world, whose settings may have been changed."""
        settings = exchange.world.settings
        if settings is self.installation.settings:
            return exchange.version
        return self.installation.versions.with_readings(exchange.version.name, settings.picked)

    def _apply_faults(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        for rule in exchange.strikes:
            if rule.fault.needs_answer:
                exchange.reply = rule.fault.strike(exchange.reply, self._strike(exchange, rule))
        if exchange.no_socket is not None and exchange.reply.delivery.needs_socket:
            exchange.reply = exchange.version.refusals.plain(501, exchange.no_socket)

    def _allow_origin(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        exchange.reply.headers |= origin_headers(exchange.request, self.installation.settings.cors)

    def _serialize(self, exchange: Exchange) -> None:
        reply = exchange.reply
        assert reply is not None
        headers = reply.headers
        exchange.at = exchange.world.clock.now()
        if reply.content is not None:
            reply.body = orjson.dumps(reply.content)
        if reply.body and "Content-Type" not in headers:
            headers["Content-Type"] = self.installation.content_type
        if self.installation.says_length and reply.status not in NO_LENGTH:
            headers["Content-Length"] = str(len(reply.body))
        if "Date" not in headers:
            headers["Date"] = http_date(int(exchange.at))
        if exchange.preferences:
            applied = [rule.label for rule in exchange.preferences if rule in exchange.strikes]
            headers |= {"Preference-Applied": ", ".join(applied)} if applied else {}

    def _record(self, exchange: Exchange) -> None:
        journal, outline, request = self.installation.journal, exchange.outline, exchange.request
        checked = exchange.checked
        assert exchange.reply is not None
        if not (journal.keeps or journal.listeners):
            return
        journal.record(
            journal.keep(request) if outline is None else outline.keep(request, journal),
            exchange.reply,
            at=exchange.at,
            world=exchange.world.name,
            operation=exchange.operation_id,
            faults=tuple(rule.label for rule in exchange.strikes) if exchange.strikes else (),
            forgiven=tuple(checked.forgiven) if checked is not None and checked.forgiven else (),
        )


def _allowed(exchange: Exchange) -> tuple[str, ...]:
    """The methods that the path of an exchange without an operation has."""
    match = exchange.outline.match if exchange.outline is not None else None
    return match.allowed if isinstance(match, NoMatch) else ()


Take = Callable[[Pipeline, Exchange], None]


def _always(settings: Settings, outline: Outline) -> bool:
    return True


class Step(NamedTuple):
    """A step, and whether it has anything to do for requests with a head; asked once for each head."""

    take: Take
    concerns: Callable[[Settings, Outline], bool] = _always


LOOKING_FOR_AN_ANSWER = (
    Step(Pipeline._refuse_host, lambda settings, outline: not outline.has_lawful_host),
    Step(Pipeline._enter_world, lambda settings, outline: outline.world != DEFAULT),
    Step(Pipeline._find_operation),
    Step(Pipeline._answer_preflight, lambda settings, outline: bool(settings.cors) and outline.operation is None),
    Step(Pipeline._plan_faults),
    Step(Pipeline._refuse_unknown, lambda settings, outline: outline.operation is None),
    Step(Pipeline._check_credentials, lambda settings, outline: outline.is_protected),
    Step(Pipeline._check_request),
    Step(Pipeline._perform),
)
ON_EVERY_ANSWER = (
    Step(Pipeline._check_reply),
    Step(Pipeline._apply_faults),
    Step(Pipeline._allow_origin, lambda settings, outline: bool(settings.cors)),
    Step(Pipeline._serialize),
    Step(Pipeline._record),
)
