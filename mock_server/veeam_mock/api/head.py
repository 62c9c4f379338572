"""What follows from the head of a request alone: worked out once, and shared by all requests that have that head."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from veeam_mock.api.worlds import enter_world
from veeam_mock.journal.journal import Journal, Kept
from veeam_mock.messages import Request, bearer_token
from veeam_mock.model.tokens import digest_of
from veeam_mock.spec.spec import CheckedHead, CheckedRequest, Match, NoMatch, Operation
from veeam_mock.spec.versions import Version, Versions

if TYPE_CHECKING:
    from veeam_mock.also.also import Served

ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


@dataclass(slots=True, repr=False)
class Outline:
    """The head of a request as a pipeline reads it, good for one `generation` of that pipeline.

    `world` is the name of the world that it means, `request` what that world sees of it, without a body, and `version`
    that of the API, if it is served. `token` is the digest of its bearer token, None without one; `head` what is wrong
    with its parameters; `kept_head` what the journal keeps of it; `looking` and `finishing` are the steps of the
    pipeline that have something to do for it. What was made of the last body is kept too: clients send it again.
    """

    generation: object
    has_lawful_host: bool
    world: str
    request: Request
    version: Version | None
    match: Match | NoMatch
    operation: Operation | None
    token: str | None
    head: CheckedHead | None
    kept_head: Kept
    looking: Sequence[Callable[..., None]] = ()
    finishing: Sequence[Callable[..., None]] = ()
    last_body: bytes | None = None
    last_check: CheckedRequest | None = None
    last_kept: Kept | None = None

    @classmethod
    def of(cls, request: Request, served: "Versions | Served", journal: Journal, generation: object) -> "Outline":
        """The outline of `request`. Never raises."""
        world, seen = enter_world(request.with_body(b""))
        version, match = served.find(seen.method, seen.path)
        token = bearer_token(request)
        return cls(
            generation,
            is_origin(request.origin),
            world,
            seen,
            version,
            match,
            match.operation if isinstance(match, Match) else None,
            None if token is None else digest_of(token),
            version.spec.check_head(match, seen) if version is not None and isinstance(match, Match) else None,
            journal.head_of(seen),
        )

    @property
    def is_protected(self) -> bool:
        """Whether an operation is meant that asks for credentials."""
        return self.operation is not None and self.operation.protected

    def check(self, request: Request) -> CheckedRequest:
        """What its version says of a request with this outline that means an operation."""
        assert isinstance(self.match, Match) and self.version is not None
        if request.body is not self.last_body or self.last_check is None:
            self._turn_to(request.body)
            self.last_check = self.version.spec.check_request(self.match, request, self.head)
        return self.last_check

    def keep(self, request: Request, journal: Journal) -> Kept:
        """What `journal` keeps of a request with this outline."""
        if request.body is not self.last_body or self.last_kept is None:
            self._turn_to(request.body)
            self.last_kept = journal.whole(self.kept_head, request.body)
        return self.last_kept

    def _turn_to(self, body: bytes) -> None:
        if body is not self.last_body:
            self.last_body, self.last_check, self.last_kept = body, None, None


@lru_cache(maxsize=64)
def is_origin(text: str) -> bool:
    """Whether this is scheme, host and port as a client may name them."""
    return ORIGIN.fullmatch(text) is not None
