"""From a request to its reply, by the steps that are listed at the end. Knows no Flask, no sockets, no `responses`."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

import orjson

from mock_server.cors import origin_headers, preflight_headers
from mock_server.exchange import Reply, Request
from mock_server.faults.kinds import NO_BODY, Strike
from mock_server.faults.parsing import FaultError, FaultParser
from mock_server.faults.prefer import rules_from_header
from mock_server.faults.rules import Rule
from mock_server.journal import Journal
from mock_server.masking import Masker
from mock_server.model.errors import AccessDenied, ModelError
from mock_server.operations import OPERATIONS, Call
from mock_server.options import DEFAULT_PASSWORD
from mock_server.outline import Outline
from mock_server.refusals import Refusals
from mock_server.settings import Settings
from mock_server.spec import CheckedRequest, Match, NoMatch, Spec, bundled_path, load_document
from mock_server.worlds import NoSuchWorld, TooManyWorlds, World, Worlds

log = logging.getLogger("veeam_mock")

CONTENT_TYPES = {"utf-8": "application/json; charset=utf-8", "none": "application/json"}


@dataclass(slots=True)
class Exchange:
    """One request on its way. As soon as `reply` stands, the other steps that look for an answer are passed over."""

    request: Request
    world: World
    outline: Outline | None = None
    match: Match | NoMatch = NoMatch()
    checked: CheckedRequest | None = None
    reply: Reply | None = None
    strikes: Sequence[Rule] = ()
    preferences: Sequence[Rule] = ()
    answered_by_fault: bool = False
    no_socket: str | None = None

    @property
    def operation_id(self) -> str | None:
        """The operation that the request means, if any."""
        return self.match.operation.id if isinstance(self.match, Match) else None


class Pipeline:
    """Answers requests. Never raises: what goes wrong inside is logged and answered with 500.

    `lock` is held while one request is answered; whoever else touches the worlds or the journal holds it too.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.lock = threading.RLock()
        self._begin(settings or Settings())

    def _begin(self, settings: Settings) -> None:
        self.settings = settings
        self._generation = object()
        self.spec = compiled_spec(settings)
        self.refusals = Refusals(settings.ambiguities)
        self.fault_parser = FaultParser(self.spec)
        self.worlds = Worlds(settings, self.fault_parser)
        masker = Masker(_chosen_secrets(settings))
        self.journal = Journal(settings.journal_entries, settings.journal_bytes, masker)

    def restart(self, settings: Settings) -> None:
        """Forget all worlds and exchanges, and go on with `settings`; listeners of the journal stay."""
        with self.lock:
            listeners = self.journal.listeners
            self._begin(settings)
            self.journal.listeners = listeners

    def answer(self, request: Request, *, no_socket: str | None = None) -> Reply:
        """The reply to `request`, complete with body, headers and how it is to be delivered.

        A door that cannot break a connection says so in `no_socket`, which is what the client then reads with 501.
        """
        with self.lock:
            exchange = Exchange(request, self.worlds.default, no_socket=no_socket)
            self._run(LOOKING_FOR_AN_ANSWER, exchange)
            self._run(ON_EVERY_ANSWER, exchange)
        assert exchange.reply is not None
        return exchange.reply

    def _run(self, steps: "Steps", exchange: Exchange) -> None:
        """Take the steps in their order; those that look for an answer end with the first one."""
        looking = steps is LOOKING_FOR_AN_ANSWER
        for step in steps:
            try:
                step(self, exchange)
            except ModelError as error:
                exchange.reply = self.refusals.for_error(error)
            except Exception:
                log.exception("failed to answer %s %s", exchange.request.method, exchange.request.path)
                exchange.reply = self.refusals.plain(500, "The mock failed to answer. Its log says why.")
                self._serialize(exchange)
            if looking and exchange.reply is not None:
                return

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what a door could not read as a request (bad HTTP, too large, too slow); ends the connection."""
        with self.lock:
            exchange = Exchange(request, self.worlds.default)
            exchange.reply = self.refusals.plain(status, message, {"Connection": "close"})
            self._allow_origin(exchange)
            self._serialize(exchange)
            self._record(exchange)
        return exchange.reply

    def _read_head(self, exchange: Exchange) -> None:
        """See what the request means; the work is done once for all requests that share a head."""
        request = exchange.request
        outline = request.outline
        if not isinstance(outline, Outline) or outline.generation is not self._generation:
            outline = request.outline = Outline.of(request, self.spec, self.journal, self._generation)
        exchange.outline = outline
        if outline.world:
            exchange.request = outline.request.with_body(request.body)

    def _check_host(self, exchange: Exchange) -> None:
        """The origin becomes part of the addresses in answers (RFC 9112 section 3.2: 400 for a bad Host)."""
        assert exchange.outline is not None
        if not exchange.outline.has_lawful_host:
            exchange.reply = self.refusals.plain(400, "header.Host: is not a host and a port.")

    def _enter_world(self, exchange: Exchange) -> None:
        assert exchange.outline is not None
        try:
            exchange.world = self.worlds.find(exchange.outline.world)
        except NoSuchWorld as error:
            exchange.reply = self.refusals.plain(400, str(error))
        except TooManyWorlds as error:
            exchange.reply = self.refusals.plain(503, str(error))

    def _find_operation(self, exchange: Exchange) -> None:
        assert exchange.outline is not None
        exchange.match = exchange.outline.match

    def _answer_preflight(self, exchange: Exchange) -> None:
        if self.settings.cors and isinstance(exchange.match, NoMatch) and exchange.match.allowed:
            headers = preflight_headers(exchange.request, self.settings.cors, exchange.match.allowed)
            if headers is not None:
                exchange.reply = Reply(204, None, headers)

    def _plan_faults(self, exchange: Exchange) -> None:
        request = exchange.request
        prefer = request.headers.get("prefer")
        if prefer is not None and not exchange.world.settings.no_prefer:
            try:
                exchange.preferences = rules_from_header(prefer, self.fault_parser, exchange.world.clock.now())
            except FaultError as error:
                exchange.reply = self.refusals.plain(400, str(error))
                exchange.answered_by_fault = True
                return
        exchange.strikes = exchange.world.faults.strike(request, exchange.operation_id, exchange.preferences)
        for rule in exchange.strikes:
            if not rule.fault.needs_answer:
                exchange.reply = rule.fault.strike(Reply(200), self._strike(exchange, rule))
                exchange.answered_by_fault = True

    def _strike(self, exchange: Exchange, rule: Rule) -> Strike:
        return Strike(self.refusals, rule.randomness, exchange.operation_id)

    def _refuse_unknown(self, exchange: Exchange) -> None:
        if isinstance(exchange.match, Match):
            return
        allowed = ", ".join(exchange.match.allowed)
        if allowed:
            message = f"{exchange.request.method[:20]} is not served here, which serves {allowed}."
            exchange.reply = self.refusals.plain(405, message, {"Allow": allowed})
        else:
            path = exchange.request.path[:200]
            message = f"{path} is not a path of this server, which serves version 4 of the API."
            exchange.reply = self.refusals.plain(404, message)

    def _check_credentials(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match) and exchange.outline is not None
        if exchange.match.operation.protected:
            if exchange.outline.token is None:
                raise AccessDenied()
            exchange.world.tokens.authenticate(exchange.outline.token)

    def _check_request(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match) and exchange.outline is not None
        checked = exchange.checked = exchange.outline.check(exchange.request, self.spec)
        if checked.violations:
            exchange.reply = self.refusals.for_violations(exchange.match.operation.id, checked.violations)

    def _perform(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match) and exchange.checked is not None
        operation = OPERATIONS[exchange.match.operation.id]
        world, checked = exchange.world, exchange.checked
        exchange.reply = operation(
            Call(world, world.settings.ambiguities, checked.values, checked.body, exchange.request)
        )

    def _check_reply(self, exchange: Exchange) -> None:
        if not isinstance(exchange.match, Match) or exchange.reply is None or exchange.answered_by_fault:
            return
        operation = self._spec_of(exchange.world).operations[exchange.match.operation.id]
        violations = self.spec.check_reply(operation, exchange.reply)
        if violations:
            wrong = "; ".join(map(str, violations))
            log.error("%s would answer against the spec: %s", operation.id, wrong)
            exchange.reply = self.refusals.plain(500, f"The mock's answer would break the spec: {wrong}")

    def _spec_of(self, world: World) -> Spec:
        """The spec with the readings of a world, whose settings may have been changed."""
        return self.spec if world.settings is self.settings else compiled_spec(world.settings)

    def _apply_faults(self, exchange: Exchange) -> None:
        for rule in exchange.strikes:
            if rule.fault.needs_answer:
                assert exchange.reply is not None
                exchange.reply = rule.fault.strike(exchange.reply, self._strike(exchange, rule))

    def _require_socket(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        if exchange.no_socket is not None and exchange.reply.delivery.needs_socket:
            exchange.reply = self.refusals.plain(501, exchange.no_socket)

    def _allow_origin(self, exchange: Exchange) -> None:
        if self.settings.cors and exchange.reply is not None:
            exchange.reply.headers |= origin_headers(exchange.request, self.settings.cors)

    def _serialize(self, exchange: Exchange) -> None:
        reply = exchange.reply
        assert reply is not None
        readings = self.settings.ambiguities
        if reply.content is not None:
            reply.body = orjson.dumps(reply.content)
        if reply.body:
            reply.headers.setdefault("Content-Type", CONTENT_TYPES[readings["charset"]])
        if readings["length"] == "content-length" and reply.status not in NO_BODY:
            reply.headers["Content-Length"] = str(len(reply.body))
        reply.headers.setdefault("Date", http_date(int(exchange.world.clock.now())))
        if exchange.preferences:
            applied = [rule.label for rule in exchange.preferences if rule in exchange.strikes]
            reply.headers |= {"Preference-Applied": ", ".join(applied)} if applied else {}

    def _record(self, exchange: Exchange) -> None:
        journal, outline, request = self.journal, exchange.outline, exchange.request
        assert exchange.reply is not None
        if not journal.is_on:
            return
        journal.record(
            journal.keep(request) if outline is None else outline.keep(request, journal),
            exchange.reply,
            at=exchange.world.clock.now(),
            world=exchange.world.name,
            operation=exchange.operation_id,
            faults=tuple(rule.label for rule in exchange.strikes) if exchange.strikes else (),
        )


@lru_cache(maxsize=64)
def http_date(moment: int) -> str:
    """Unix seconds as a date of HTTP (RFC 9110 section 5.6.7)."""
    return formatdate(moment, usegmt=True)


def compiled_spec(settings: Settings) -> Spec:
    """The bundled document with the readings of `settings`, compiled once for each combination."""
    return _compiled_spec(tuple(sorted(settings.ambiguities.items())))


@lru_cache(maxsize=8)
def _compiled_spec(readings: tuple[tuple[str, str], ...]) -> Spec:
    return Spec(load_document(bundled_path()), dict(readings))


def _chosen_secrets(settings: Settings) -> list[str]:
    """What the user chose as a secret and must not be written down anywhere; the documented default is none."""
    passwords = [password for password in settings.passwords.values() if password != DEFAULT_PASSWORD]
    return [*passwords, *([settings.admin_key] if settings.admin_key else [])]


Steps = tuple[Callable[[Pipeline, Exchange], None], ...]

LOOKING_FOR_AN_ANSWER: Steps = (
    Pipeline._read_head,
    Pipeline._check_host,
    Pipeline._enter_world,
    Pipeline._find_operation,
    Pipeline._answer_preflight,
    Pipeline._plan_faults,
    Pipeline._refuse_unknown,
    Pipeline._check_credentials,
    Pipeline._check_request,
    Pipeline._perform,
)
ON_EVERY_ANSWER: Steps = (
    Pipeline._check_reply,
    Pipeline._apply_faults,
    Pipeline._require_socket,
    Pipeline._allow_origin,
    Pipeline._serialize,
    Pipeline._record,
)
