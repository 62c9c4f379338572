"""The head of a request as the pipeline reads it: worked out once, and shared by all requests that have that head."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from veeam_mock.journal.journal import cost_of
from veeam_mock.messages import Request, bearer_token
from veeam_mock.model.tokens import digest_of
from veeam_mock.spec.bodies import BodyReader
from veeam_mock.spec.spec import NOT_SERVED, CheckedRequest, Match, NoMatch, Operation
from veeam_mock.spec.versions import Findable, Version
from veeam_mock.world_names import enter_world

ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


class Head:
    """What follows from the head of a request, whatever its body and whenever it comes.

    `asked` is the request as it came, without its body, and `seen` what its world sees of it. `generation` is that of
    the settings by which it was read. `version` is that of the API which is meant, the oldest one where none is;
    `match` the operation, `operation` and `operation_id` are None where there is none. `token` is the digest of the
    bearer token, None without one. `checked` is what the description says of the head, `reader` reads the bodies that
    come with it. `cost` is what the journal counts it for. `looking` and `finishing` are the steps of the pipeline that
    have something to do for it.
    """

    __slots__ = (
        "asked",
        "checked",
        "cost",
        "finishing",
        "generation",
        "has_lawful_host",
        "is_beside_the_api",
        "looking",
        "match",
        "operation",
        "operation_id",
        "reader",
        "seen",
        "token",
        "version",
        "world",
    )

    def __init__(self, asked: Request, *, is_beside_the_api: bool = False) -> None:
        self.asked = asked
        self.is_beside_the_api = is_beside_the_api
        self.generation: object = None
        self.seen = asked
        self.cost: int | None = None
        self.has_lawful_host = is_origin(asked.origin)
        self.world = ""
        self.version: Version | None = None
        self.match: Match | NoMatch = NoMatch()
        self.operation: Operation | None = None
        self.operation_id: str | None = None
        self.token: str | None = None
        self.checked: CheckedRequest | None = None
        self.reader: BodyReader | None = None
        self.looking: Sequence[Callable[..., None]] = ()
        self.finishing: Sequence[Callable[..., None]] = ()

    def read(self, served: Findable) -> None:
        """Work out what follows from the request by the description. Never raises."""
        self.world, self.seen = enter_world(self.asked)
        self.cost = cost_of(self.seen)
        token = bearer_token(self.seen)
        self.token = None if token is None else digest_of(token)
        version, self.match = None, NOT_SERVED
        if self.has_lawful_host:
            version, self.match = served.find(self.seen.method, self.seen.path)
        self.version = version or served.oldest
        self.operation = self.operation_id = self.checked = self.reader = None
        if isinstance(self.match, Match) and version is not None:
            self.operation, self.operation_id = self.match.operation, self.match.operation.id
            self.checked = version.spec.check_head(self.match, self.seen)
            self.reader = version.spec.body_reader(self.match, self.seen)


@lru_cache(maxsize=64)
def is_origin(text: str) -> bool:
    """Whether this is scheme, host and port as a client may name them."""
    return ORIGIN.fullmatch(text) is not None
