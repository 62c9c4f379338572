"""Operations that other documents describe (`--also`), answered from the world in which they are asked.

This is imported when one is asked for, so that a server without such documents does not load the room `also`.
"""

from veeam_mock.also.also import Served
from veeam_mock.also.contents import CannotMake
from veeam_mock.also.scene import MOST_ORGANIZATIONS, Scene
from veeam_mock.api.calls import Call
from veeam_mock.messages import Reply
from veeam_mock.spec.spec import Match
from veeam_mock.spec.versions import Versions


def answer_other(served: Versions | Served, call: Call) -> Reply:
    """The answer to a call of an operation of another document, already checked against it; 500 where none fits."""
    world = call.world
    _, match = served.find(call.request.method, call.request.path)
    assert isinstance(served, Served) and isinstance(match, Match)
    seed = f"{world.settings.seed if world.settings.seed is not None else ''}/{world.name}"
    scene = Scene(seed, world.clock.now(), world.organizations.all()[:MOST_ORGANIZATIONS])
    try:
        return served.also.answer(match, call.checked, scene)
    except CannotMake as error:
        message = f"No answer could be made that fits the schema of {call.operation.id}: {error}"
        return call.version.refusals.plain(500, message)
