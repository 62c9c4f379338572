"""From a request to its reply. Knows no Flask, no sockets, no `responses`; the order of the steps is `STEPS`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate

import orjson

from mock_server.exchange import Reply, Request
from mock_server.model.errors import AccessDenied, ModelError
from mock_server.operations import OPERATIONS, Call
from mock_server.refusals import Refusals
from mock_server.settings import Settings
from mock_server.spec import CheckedRequest, Match, NoMatch, Spec, bundled_path, load_document
from mock_server.worlds import World

log = logging.getLogger("veeam_mock")

CONTENT_TYPES = {"utf-8": "application/json; charset=utf-8", "none": "application/json"}


@dataclass(slots=True)
class Exchange:
    """One request on its way. As soon as `reply` stands, the steps that look for an answer are passed over."""

    request: Request
    world: World
    match: Match | NoMatch = field(default_factory=NoMatch)
    checked: CheckedRequest = field(default_factory=CheckedRequest)
    reply: Reply | None = None


class Pipeline:
    """Answers requests. Never raises: what goes wrong inside is logged and answered with 500."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.spec = Spec(load_document(bundled_path()), self.settings.ambiguities)
        self.refusals = Refusals(self.settings.ambiguities)
        self.world = World(self.settings)

    def answer(self, request: Request) -> Reply:
        """The reply to `request`, complete with body, headers and how it is to be delivered."""
        exchange = Exchange(request, self.world)
        with exchange.world.lock:
            for looks_for_answer, step in STEPS:
                if looks_for_answer and exchange.reply is not None:
                    continue
                try:
                    step(self, exchange)
                except ModelError as error:
                    exchange.reply = self.refusals.for_error(error)
                except Exception:
                    log.exception("failed to answer %s %s", request.method, request.path)
                    exchange.reply = self.refusals.plain(500, "The mock failed to answer. Its log says why.")
        assert exchange.reply is not None
        return exchange.reply

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what a door could not read as a request (bad HTTP, too large, too slow); ends the connection."""
        exchange = Exchange(request, self.world)
        exchange.reply = self.refusals.plain(status, message, {"Connection": "close"})
        self._serialize(exchange)
        return exchange.reply

    def _find_operation(self, exchange: Exchange) -> None:
        request = exchange.request
        exchange.match = self.spec.find(request.method, request.path)
        if isinstance(exchange.match, Match):
            return
        allowed = ", ".join(exchange.match.allowed)
        if allowed:
            message = f"{request.method[:20]} is not served here; {allowed} is."
            exchange.reply = self.refusals.plain(405, message, {"Allow": allowed})
        else:
            message = f"{request.path[:200]} is not a path of this server, which serves version 4 of the API."
            exchange.reply = self.refusals.plain(404, message)

    def _check_credentials(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match)
        if exchange.match.operation.protected:
            exchange.world.tokens.authenticate(bearer_token(exchange.request))

    def _check_request(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match)
        exchange.checked = self.spec.check_request(exchange.match, exchange.request)
        if exchange.checked.violations:
            operation = exchange.match.operation
            exchange.reply = self.refusals.for_violations(operation.id, exchange.checked.violations)

    def _perform(self, exchange: Exchange) -> None:
        assert isinstance(exchange.match, Match)
        operation = OPERATIONS[exchange.match.operation.id]
        result = operation(Call.of(exchange.world, exchange.checked, exchange.request))
        exchange.reply = Reply(result.status, result.content, dict(result.headers or {}))

    def _check_reply(self, exchange: Exchange) -> None:
        if not isinstance(exchange.match, Match) or exchange.reply is None:
            return
        violations = self.spec.check_reply(exchange.match.operation, exchange.reply)
        if violations:
            wrong = "; ".join(map(str, violations))
            log.error("%s would answer against the spec: %s", exchange.match.operation.id, wrong)
            exchange.reply = self.refusals.plain(500, f"The mock's answer would break the spec: {wrong}")

    def _serialize(self, exchange: Exchange) -> None:
        reply = exchange.reply
        assert reply is not None
        reply.body = orjson.dumps(reply.content)
        readings = self.settings.ambiguities
        reply.headers["Content-Type"] = CONTENT_TYPES[readings["charset"]]
        if readings["length"] == "content-length":
            reply.headers["Content-Length"] = str(len(reply.body))
        reply.headers["Date"] = formatdate(exchange.world.clock.now(), usegmt=True)


def bearer_token(request: Request) -> str:
    """The token of `Authorization: Bearer …`, the scheme word in any case (clients); `AccessDenied` without one."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AccessDenied()
    return token.strip()


LOOKS_FOR_ANSWER, ALWAYS = True, False

STEPS: tuple[tuple[bool, Callable[[Pipeline, Exchange], None]], ...] = (
    (LOOKS_FOR_ANSWER, Pipeline._find_operation),
    (LOOKS_FOR_ANSWER, Pipeline._check_credentials),
    (LOOKS_FOR_ANSWER, Pipeline._check_request),
    (LOOKS_FOR_ANSWER, Pipeline._perform),
    (ALWAYS, Pipeline._check_reply),
    (ALWAYS, Pipeline._serialize),
)
