"""Sleep that moves clocks instead of taking time, for the thread that asks for it and for nobody else."""

import asyncio
import sys
import threading
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

_sleep = time.sleep
_sleep_async = asyncio.sleep
_moved = threading.local()
_lock = threading.Lock()
_users = 0
"""How often `sleep_moves` holds at this moment, over all threads."""


class Movable(Protocol):
    """A clock that can be moved ahead."""

    def time(self) -> float:
        """Its time in Unix seconds, UTC."""

    def advance(self, duration: float, /) -> object:
        """Move ahead by seconds."""


def _clocks() -> list[Movable]:
    """The clocks that sleep of this thread moves."""
    clocks: list[Movable] = _moved.__dict__.setdefault("clocks", [])
    return clocks


@contextmanager
def sleep_moves(clock: Movable) -> Iterator[None]:
    """In this thread, `time.sleep` and `asyncio.sleep` move `clock` ahead and return at once."""
    global _users
    clocks = _clocks()
    with _lock:
        _users += 1
        _replace({_sleep: sleep, _sleep_async: sleep_async})
    clocks.append(clock)
    try:
        yield
    finally:
        clocks.remove(clock)
        with _lock:
            _users -= 1
            if not _users:
                _replace({sleep: _sleep, sleep_async: _sleep_async})


def _replace(others: Mapping[object, object]) -> None:
    """Put others for the functions called `sleep` in all modules, also where they were imported by name."""
    for name, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", {})
        found = names.get("sleep")
        if name != __name__ and isinstance(found, Hashable) and found in others:
            names["sleep"] = others[found]


def sleep(seconds: float, /) -> None:
    """`time.sleep`, which moves the clocks of this thread where it has some."""
    clocks = _clocks()
    if not clocks or not seconds >= 0:
        return _sleep(seconds)
    for clock in clocks:
        clock.advance(seconds)
    return None


async def sleep_async(delay: float, result: Any = None) -> Any:
    """`asyncio.sleep`, which moves the clocks of this thread where it has some.

    Coroutines that sleep at the same time do so side by side: the clocks come to where the longest sleep ends.
    """
    clocks = _clocks()
    if not clocks or not delay > 0:
        return await _sleep_async(delay, result)
    ends = [(clock, clock.time() + delay) for clock in clocks]
    await _sleep_async(0)
    for clock, end in ends:
        clock.advance(max(0.0, end - clock.time()))
    return result
