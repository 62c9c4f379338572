"""From a request to its reply, by the steps that are listed at the end. Knows no Flask, no sockets, no `responses`."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from veeam_mock.api import device_codes, logins, organizations, restore_sessions, service_instance
from veeam_mock.api.calls import Call, Operations, answer_other
from veeam_mock.api.cors import allow_origin, preflight_headers
from veeam_mock.api.exchange import Exchange
from veeam_mock.api.head import Head
from veeam_mock.api.installation import Installation
from veeam_mock.api.logins import ANTIFORGERY
from veeam_mock.api.worlds import NoSuchWorld, TooManyWorlds
from veeam_mock.faults.kinds import Strike
from veeam_mock.faults.parsing import FaultError
from veeam_mock.faults.prefer import rules_from_header
from veeam_mock.faults.rules import Rule
from veeam_mock.messages import NO_LENGTH, Fields, Reply, Request, cookie_in
from veeam_mock.model.clock import system_time
from veeam_mock.model.dates import http_date
from veeam_mock.model.errors import AccessDenied, ModelError, StoreAway
from veeam_mock.model.tokens import is_shown
from veeam_mock.profiles.cases import case_of_error, case_of_no_operation, case_of_violations
from veeam_mock.profiles.compression import compress
from veeam_mock.settings.options import MEMORY
from veeam_mock.world_names import DEFAULT, comes_from_another_site

log = logging.getLogger("veeam_mock")

MODULES = (logins, organizations, device_codes, restore_sessions, service_instance)
OPERATIONS: Operations = {name: perform for module in MODULES for name, perform in module.OPERATIONS.items()}


class Pipeline:
    """Answers requests. Never raises: what goes wrong inside is logged and answered with 500.

    It reads and changes `installation`.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def read(self, request: Request, *, is_beside_the_api: bool = False) -> Head:
        """The head of `request`, for all requests that have it; what follows from it is seen when one is answered."""
        return Head(request.with_body(b""), is_beside_the_api=is_beside_the_api)

    def answer(self, head: Head, body: bytes, *, no_socket: str | None = None) -> Reply:
        """The reply to a request, complete with body, headers and how it is to be delivered.

        A door that cannot break a connection says so in `no_socket`, which is what the client then reads with 501.
        """
        installation = self.installation
        with installation.lock:
            if head.generation is not installation.generation:
                self._understand(head)
            world, version = installation.worlds.default, head.version or installation.versions.oldest
            if world.settings is not installation.settings:  # they may have been changed, and readings with them
                version = installation.versions.with_readings(version.name, world.settings.picked)
            exchange = Exchange(head, body, world, version, no_socket)
            if installation.journal.listeners:
                exchange.began = system_time()
            self._look_for_an_answer(exchange)
            self._finish_the_answer(exchange)
            installation.watchers.tell(exchange.world.name)
        assert exchange.reply is not None
        return exchange.reply

    def _understand(self, head: Head) -> None:
        """See what a head means by today's settings; once, until these change."""
        try:
            head.read(self.installation.served)
        except Exception:
            log.exception("failed to read the head of %s %s", head.asked.method, head.asked.path)
            head.looking, head.finishing = (Pipeline._fail,), (Pipeline._record,)
            return
        head.looking = self._steps_for(head, LOOKING_FOR_AN_ANSWER)
        head.finishing = self._steps_for(head, ON_EVERY_ANSWER)
        head.generation = self.installation.generation

    def _steps_for(self, head: Head, steps: "Sequence[Step]") -> "tuple[Take, ...]":
        installed = self.installation
        concerned = [step for step in steps if step.concerns is None or step.concerns(installed, head)]
        if installed.profile is None:
            return tuple([step.take for step in concerned])
        learned = installed.profile.answering(head.operation_id or "")
        return tuple([learned if step is LEARNED else step.take for step in concerned])

    def _look_for_an_answer(self, exchange: Exchange) -> None:
        """Take the steps until one of them has the answer."""
        try:
            for step in exchange.head.looking:
                step(self, exchange)
                if exchange.reply is not None:
                    return
        except ModelError as error:
            exchange.reply = exchange.refusals.for_error(error)
            exchange.case = case_of_error(error, exchange.head.seen)
            exchange.is_outside_the_description |= isinstance(error, StoreAway)
        except Exception:
            self._log_failure(exchange)
            self._fail(exchange)

    def _finish_the_answer(self, exchange: Exchange) -> None:
        """Take all of the steps, also when one fails."""
        for step in exchange.head.finishing:
            try:
                step(self, exchange)
            except Exception:
                self._log_failure(exchange)
                self._fail(exchange)

    def _log_failure(self, exchange: Exchange) -> None:
        log.exception("failed to answer %s %s", exchange.head.asked.method, exchange.head.asked.path)

    def _fail(self, exchange: Exchange) -> None:
        exchange.reply = exchange.refusals.plain(500, "The mock failed to answer. Its log says why.")
        self._serialize(exchange)

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what a door could not read as a request (bad HTTP, too large, too slow); ends the connection."""
        head = self.read(request)
        with self.installation.lock:
            worlds, versions = self.installation.worlds, self.installation.versions
            exchange = Exchange(head, request.body, worlds.default, versions.oldest)
            exchange.reply = exchange.refusals.plain(status, message, {"Connection": "close"})
            if self.installation.settings.cors:
                self._allow_origin(exchange)
            self._serialize(exchange)
            self._record(exchange)
            self.installation.watchers.tell(exchange.world.name)
        return exchange.reply

    def _refuse_host(self, exchange: Exchange) -> None:
        """The origin becomes part of the addresses in answers (RFC 9112 section 3.2: 400 for a bad Host)."""
        exchange.reply = exchange.refusals.plain(400, "header.Host: is not one host, with a port or without.")

    def _enter_world(self, exchange: Exchange) -> None:
        try:
            may_make = not comes_from_another_site(exchange.head.seen, self.installation.settings.cors)
            exchange.world = self.installation.worlds.find(exchange.head.world, may_make=may_make)
            settings, version = exchange.world.settings, exchange.head.version or self.installation.versions.oldest
            if settings is not self.installation.settings:
                version = self.installation.versions.with_readings(version.name, settings.picked)
            exchange.version = version  # so far it was as the default world reads it
        except NoSuchWorld as error:
            exchange.is_outside_the_description = True
            exchange.reply = exchange.refusals.plain(400, str(error))
        except TooManyWorlds as error:
            exchange.is_outside_the_description = True
            exchange.reply = exchange.refusals.plain(503, str(error))

    def _answer_preflight(self, exchange: Exchange) -> None:
        allowed = exchange.allowed
        headers = preflight_headers(exchange.request, self.installation.settings.cors, allowed) if allowed else None
        if headers is not None:
            exchange.reply = Reply(204, None, Fields(headers))

    def _plan_faults(self, exchange: Exchange) -> None:
        faults, prefer = exchange.world.faults, exchange.head.seen.headers.get("prefer")
        if prefer is None and not faults:
            return
        if prefer is not None and not exchange.world.settings.no_prefer:
            try:
                exchange.preferences = rules_from_header(
                    prefer, self.installation.fault_parser, exchange.world.clock.now()
                )
            except FaultError as error:
                exchange.reply = exchange.refusals.plain(400, str(error))
                exchange.is_outside_the_description = True
                return
        exchange.strikes = faults.strike(exchange.request, exchange.head.operation_id, exchange.preferences)
        for rule in exchange.strikes:
            if not rule.fault.needs_answer:
                exchange.reply = rule.fault.strike(Reply(200), self._strike(exchange, rule))
                exchange.is_outside_the_description = True

    def _strike(self, exchange: Exchange, rule: Rule) -> Strike:
        return Strike(exchange.refusals, rule.randomness, exchange.head.operation_id)

    def _refuse_unknown(self, exchange: Exchange) -> None:
        allowed = ", ".join(exchange.allowed)
        exchange.case = case_of_no_operation(exchange.head.seen.path, self.installation.versions.names, allowed)
        if allowed:
            message = f"{exchange.request.method[:20]} is not served here, which serves {allowed}."
            exchange.reply = exchange.refusals.plain(405, message, {"Allow": allowed})
        else:
            path = exchange.request.path[:200]
            served = ", ".join(self.installation.versions.names)
            message = f"{path} is not a path of this server, which serves {served} of the API."
            exchange.reply = exchange.refusals.plain(404, message)

    def _keep_to_limits(self, exchange: Exchange) -> None:
        profile, world = self.installation.profile, exchange.world
        assert profile is not None
        profile.limits.count(world, exchange.head.operation_id or "", world.clock.now())

    def _check_credentials(self, exchange: Exchange) -> None:
        token = exchange.head.token
        if token is None:
            raise AccessDenied()
        login = exchange.world.tokens.authenticate(token)
        if login.antiforgery and not is_shown(login, cookie_in(exchange.head.seen, ANTIFORGERY)):
            raise AccessDenied("The antiforgery cookie of the login is missing, or is another one")

    def _check_request(self, exchange: Exchange) -> None:
        head, checked = exchange.head, exchange.head.checked
        assert head.operation is not None and checked is not None
        if head.reader is not None:
            checked = checked.with_body(head.reader.read(exchange.body))
        if checked.violations and self.installation.profile is not None:
            checked = self.installation.profile.checked(head.operation.id, checked)
        exchange.checked = checked
        if checked.violations:
            exchange.reply = exchange.refusals.for_violations(head.operation.id, checked.violations)
            exchange.case = case_of_violations(head.operation.id, checked.violations)

    def _refuse_as_learned(self, exchange: Exchange) -> None:
        profile, operation = self.installation.profile, exchange.head.operation
        assert profile is not None and operation is not None
        profile.refuse(operation, exchange)

    def _perform(self, exchange: Exchange) -> None:
        checked, version, operation = exchange.checked, exchange.version, exchange.head.operation
        assert operation is not None and checked is not None
        asked = checked.values, checked.body, exchange.head.seen
        call = Call(exchange.world, version, version.spec.readings, operation, *asked)
        if operation.elsewhere is None:
            exchange.reply = OPERATIONS[operation.id](call)
        else:
            exchange.reply = answer_other(self.installation.served, call, checked)

    def _check_reply(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        operation = exchange.head.operation
        if operation is None or operation.elsewhere is not None or exchange.is_outside_the_description:
            return
        violations = exchange.version.spec.check_reply(operation.id, exchange.reply)
        if violations and "code" in exchange.world.settings.forms:  # whoever chose their form has no use for another
            violations = [found for found in violations if found.where != "body.userCode"]
        if violations:
            wrong = "; ".join(map(str, violations))
            log.error("%s would answer against the spec: %s", operation.id, wrong)
            exchange.reply = exchange.refusals.plain(500, f"The mock's answer would break the spec: {wrong}")

    def _apply_faults(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        for rule in exchange.strikes:
            if rule.fault.needs_answer:
                exchange.reply = rule.fault.strike(exchange.reply, self._strike(exchange, rule))
        if exchange.no_socket is not None and exchange.reply.delivery.needs_socket:
            exchange.reply = exchange.refusals.plain(501, exchange.no_socket)

    def _allow_origin(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        allow_origin(exchange.reply.headers, exchange.request, self.installation.settings.cors)

    def _serialize(self, exchange: Exchange) -> None:
        reply = exchange.reply
        assert reply is not None
        fields = reply.headers.lines
        if reply.content is not None:
            reply.body = orjson.dumps(reply.content)
        body, framing = reply.body, reply.manner.framing
        if body and "content-type" not in fields and not reply.manner.has_no_type:
            fields["content-type"] = self.installation.content_type
        says_length = framing == "content-length" if framing else self.installation.says_length
        if says_length and reply.status not in NO_LENGTH:
            fields["content-length"] = f"Content-Length: {len(body)}"
        exchange.at = at = exchange.world.clock.now()
        if "date" not in fields:
            fields["date"] = f"Date: {http_date(int(at))}"
        if exchange.preferences:
            applied = [rule.label for rule in exchange.preferences if rule in exchange.strikes]
            if applied:
                reply.headers["Preference-Applied"] = ", ".join(applied)

    def _record(self, exchange: Exchange) -> None:
        try:
            self._keep(exchange)
        except StoreAway as error:  # what was not written down is not acknowledged either
            exchange.reply = exchange.refusals.for_error(error)
            self._serialize(exchange)
            self._keep(exchange)

    def _compress(self, exchange: Exchange) -> None:
        """After the journal, which keeps the body as it can be read."""
        assert exchange.reply is not None
        compress(exchange.reply, exchange.head.seen)

    def _keep(self, exchange: Exchange) -> None:
        journal, head, checked, strikes = self.installation.journal, exchange.head, exchange.checked, exchange.strikes
        assert exchange.reply is not None
        if not (journal.keeps or journal.listeners):
            return
        journal.record(
            head.seen,
            exchange.body,
            exchange.reply,
            head.cost,
            at=exchange.at,
            world=exchange.world.name,
            operation=head.operation_id,
            faults=tuple(rule.label for rule in strikes) if strikes else (),
            forgiven=tuple(checked.forgiven) if checked is not None and checked.forgiven else (),
            began=exchange.began,
        )


Take = Callable[[Pipeline, Exchange], None]


class Step(NamedTuple):
    """A step, and whether it has anything to do for requests with a head, asked once for each head; None: for all."""

    take: Take
    concerns: Callable[[Installation, Head], bool] | None = None


LOOKING_FOR_AN_ANSWER = (
    Step(Pipeline._refuse_host, lambda installed, head: not head.has_lawful_host),
    Step(Pipeline._enter_world, lambda installed, head: head.world != DEFAULT or installed.settings.store != MEMORY),
    Step(Pipeline._answer_preflight, lambda installed, head: bool(installed.settings.cors) and head.operation is None),
    Step(Pipeline._plan_faults),
    Step(Pipeline._refuse_unknown, lambda installed, head: head.operation is None),
    Step(
        Pipeline._keep_to_limits, lambda installed, head: installed.profile is not None and installed.profile.has_limits
    ),
    Step(Pipeline._check_credentials, lambda installed, head: head.operation is not None and head.operation.protected),
    Step(Pipeline._check_request),
    Step(
        Pipeline._refuse_as_learned,
        lambda installed, head: installed.profile is not None and installed.profile.may_refuse(head.operation),
    ),
    Step(Pipeline._perform),
)
LEARNED = Step(lambda pipeline, exchange: None, lambda installed, head: installed.profile is not None)
"""Stands for what a profile makes of the answers to an operation (`Profile.answering`)."""

ON_EVERY_ANSWER = (
    Step(Pipeline._check_reply),
    LEARNED,
    Step(Pipeline._apply_faults),
    Step(Pipeline._allow_origin, lambda installed, head: bool(installed.settings.cors)),
    Step(Pipeline._serialize),
    Step(Pipeline._record),
    Step(Pipeline._compress, lambda installed, head: installed.profile is not None and installed.profile.compresses),
)
