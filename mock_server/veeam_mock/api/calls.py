"""A call of an operation, as the operations get it, and what their answers have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from veeam_mock.api.worlds import World
from veeam_mock.messages import Fields, Reply, Request
from veeam_mock.spec.spec import CheckedRequest, Match, Operation
from veeam_mock.spec.versions import Version

PAGE_SIZE = 30


@dataclass(slots=True)
class Call:
    """What an operation gets: the world, the version that was asked with its reading of each ambiguity, the operation
    as that version describes it, the checked values of the parameters and of the body, and the request as it came."""

    world: World
    version: Version
    readings: Mapping[str, str]
    operation: Operation
    values: Mapping[str, Any]
    body: Any
    request: Request

    def reply(self, content: object = None, headers: Fields | None = None) -> Reply:
        """The good reply, with the status that the version gives it."""
        return Reply(self.operation.success, content, Fields() if headers is None else headers)

    def link(self, path: str) -> str:
        """The address of `path` below the version: whole up to v5, without host and port from v6."""
        root = self.request.address if self.version.rendition.has_absolute_links else self.request.mount
        return f"{root}/{self.version.name}/{path}"


def page_of(call: Call, path: str, items: Sequence[Any]) -> dict[str, Any]:
    """The page of `items` that the parameters `offset` and `limit` name, with links to itself and the next one.

    A link keeps the other parameters of the query, so that what follows it gets the next page of the same list.
    """
    offset, limit = call.values.get("offset", 0), call.values.get("limit", PAGE_SIZE)
    taken = {each.name for each in call.operation.parameters if each.place == "query"} - {"offset", "limit"}
    others = {name: value for name, value in parse_qsl(call.request.query, errors="replace") if name in taken}

    def link(begin: int) -> dict[str, str]:
        return {"href": f"{call.link(path)}?{urlencode({**others, 'offset': begin, 'limit': limit})}"}

    links = {"self": link(offset)}
    if 0 < limit < len(items) - offset:
        links["next"] = link(offset + limit)
    return {"offset": offset, "limit": limit, "results": items[offset : offset + limit], "_links": links}


def answer_other(served: object, call: Call, checked: CheckedRequest) -> Reply:
    """The answer to a call of an operation of another document, `checked` against it; 500 where none fits.

    What makes answers is loaded here, so that a server without such documents does without it.
    """
    from veeam_mock.also.also import Served
    from veeam_mock.also.contents import CannotMake
    from veeam_mock.also.scene import MOST_ORGANIZATIONS, Scene

    world = call.world
    assert isinstance(served, Served)
    _, match = served.find(call.request.method, call.request.path)
    assert isinstance(match, Match)
    seed = f"{world.settings.seed if world.settings.seed is not None else ''}/{world.name}"
    scene = Scene(seed, world.clock.now(), world.organizations.all()[:MOST_ORGANIZATIONS])
    try:
        return served.also.answer(match, checked, scene)
    except CannotMake as error:
        message = f"No answer could be made that fits the schema of {call.operation.id}: {error}"
        return call.version.refusals.plain(500, message)


Operations = Mapping[str, Callable[[Call], Reply]]
"""operationId -> what the operation does."""
