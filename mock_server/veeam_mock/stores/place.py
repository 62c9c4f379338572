"""The place of one world in a shared store."""

from typing import Any, NamedTuple

from veeam_mock.stores import scripts
from veeam_mock.stores.link import Argument, Link, Script


class Standing(NamedTuple):
    """What a world stands at.

    `time` is the store's, in Unix seconds, UTC; `ahead` and `frozen` are the clock's as they are written; `settings`
    and `faults` are versions that change with them.
    """

    time: float
    epoch: str
    ahead: str
    frozen: str
    settings: str
    faults: str


class Place:
    """Where a world lies. `epoch` is another each time that it begins anew; who knows an old one changes nothing."""

    def __init__(self, link: Link, name: str) -> None:
        self.link = link
        self.name = name
        self.key = f"{link.prefix}:w:{name}"
        self.epoch = ""

    def run(self, script: Script, *arguments: Argument, below: str = "") -> Any:
        """What a script answers that is told world and epoch, and the kind of its records where it has one."""
        keys = [self.key, f"{self.key}:{below}"] if below else [self.key]
        return self.link.run(script, keys, self.epoch, *arguments)

    def enter(self) -> Standing | float:
        """What the world stands at; the time alone where it is not there."""
        self.link.begin()
        seconds, micros, *state = self.link.run(scripts.ENTER, [self.key])
        source = self.link.source
        time = int(seconds) + int(micros) / 1e6 if source is None else source()
        if state[0] is None:
            return time
        standing = Standing(time, *(value.decode() for value in state))
        self.epoch = standing.epoch
        return standing
