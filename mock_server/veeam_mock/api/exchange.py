"""One request on its way through the pipeline."""

from collections.abc import Sequence

from veeam_mock.api.head import Head
from veeam_mock.api.worlds import World
from veeam_mock.faults.rules import Rule
from veeam_mock.messages import Reply, Request
from veeam_mock.spec.refusals import Refusals
from veeam_mock.spec.spec import CheckedRequest, NoMatch
from veeam_mock.spec.versions import Version


class Exchange:
    """As soon as `reply` stands, the other steps that look for an answer are passed over.

    What stands here holds until a step knows better. `at` is when the answer was finished, in Unix seconds, UTC, of the
    world's clock; `is_outside_the_description` says that the reply is none that the description promises.
    """

    checked: CheckedRequest | None = None
    reply: Reply | None = None
    strikes: Sequence[Rule] = ()
    preferences: Sequence[Rule] = ()
    is_outside_the_description = False
    case = ""
    at = 0.0
    began: float | None = None  # by `system_time`; None where nobody listens

    def __init__(self, head: Head, body: bytes, world: World, version: Version, no_socket: str | None = None) -> None:
        self.head = head
        self.body = body
        self.world = world
        self.version = version
        self.no_socket = no_socket

    @property
    def refusals(self) -> Refusals:
        """What refuses in the words of the version."""
        return self.version.refusals

    @property
    def request(self) -> Request:
        """The request as its world sees it."""
        return self.head.seen.with_body(self.body)

    @property
    def api(self) -> str:
        """The name of the version."""
        return self.version.name

    @property
    def seen(self) -> Request:
        """The head of the request as its world sees it."""
        return self.head.seen

    @property
    def now(self) -> float:
        """The time of the world, in Unix seconds, UTC."""
        return self.world.clock.now()

    @property
    def wait(self) -> str:
        """The seconds that the reply asks to wait, as text; empty where it does not."""
        return "" if self.reply is None else self.reply.headers.get("Retry-After", "")

    @property
    def user(self) -> str:
        """The user whom the request names, else the first one of the world."""
        return self.sent("username") or next(iter(self.world.settings.passwords))

    def sent(self, name: str) -> str:
        """A member of the body that was read, as text; empty without one."""
        body = self.checked.body if self.checked is not None else None
        return str(body.get(name, "")) if isinstance(body, dict) else ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods that the path has, where no operation is meant."""
        match = self.head.match
        return match.allowed if isinstance(match, NoMatch) else ()
