"""Word for those who watch a world: that something in it has changed, and nothing of what."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator

MOST_WATCHERS = 32
"""Those who watch at the same time, over all worlds."""

GATHER_SECONDS = 0.1
"""The least time between two words to the same watcher: what changes in between is told at once."""

QUIET_SECONDS = 15.0
"""The longest time without a word. Time passes in every world, and a client that has gone away is noticed by it."""

CHANGED = b"data: changed\n\n"
"""An event (HTML standard, section 9.2, server-sent events)."""

BEGIN = b"retry: 1000\n" + CHANGED
"""How each stream begins: look, as something may have changed since; where the stream ends, come back after 1000 ms."""


class Watchers:
    """All who watch. `tell` is cheap where there are none, and may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: tuple[_Watcher, ...] = ()

    def tell(self, world: str) -> None:
        """Something in this world has changed."""
        for watcher in self._all:
            if watcher.world == world:
                watcher.tell()

    def tell_all(self) -> None:
        """Something that all worlds show has changed."""
        for watcher in self._all:
            watcher.tell()

    def dismiss(self) -> None:
        """End every stream: who may watch has to be looked at anew."""
        for watcher in self._all:
            watcher.is_dismissed = True
            watcher.tell()

    async def watch(self, world: str) -> AsyncGenerator[bytes, None]:
        """An event after each change of a world; it ends at once where too many watch already."""
        watcher = _Watcher(world)
        if not self._take_in(watcher):
            return
        try:
            while not watcher.is_dismissed:
                await watcher.wait()
                yield CHANGED
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            with self._lock:
                self._all = tuple(other for other in self._all if other is not watcher)

    def _take_in(self, watcher: "_Watcher") -> bool:
        with self._lock:
            has_room = len(self._all) < MOST_WATCHERS
            if has_room:
                self._all = (*self._all, watcher)
        return has_room


class _Watcher:
    """One who watches, on the running event loop."""

    def __init__(self, world: str) -> None:
        self.world = world
        self.is_dismissed = False
        self._loop = asyncio.get_running_loop()
        self._word = asyncio.Event()
        self._is_told = False

    def tell(self) -> None:
        """Wake it up; once until it has woken."""
        if not self._is_told:
            self._is_told = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                self._loop.call_soon_threadsafe(self._word.set)

    async def wait(self) -> None:
        """Return when it has been told, or nothing was told for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                await self._word.wait()
        self._word.clear()
        self._is_told = False
