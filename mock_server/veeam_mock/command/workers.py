"""Several processes that serve one port: started, replaced when one dies, and stopped together."""

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from veeam_mock.command.ending import ENDING

LEAST_LIFE = 1.0
"""Seconds from the start of a worker to that of the one in its place."""

LAST_SECONDS = 1.9
"""How long workers may take to end before they are killed: all ends within two seconds, however busy they are. Answers
under way and lines of the log have had their time by then."""

Serve = Callable[[int, socket.socket, Callable[[], None], Callable[[Callable[[], None]], None]], None]
"""Serves as the worker of this number on a socket, says when it is ready, and hands over what stops it."""


class WorkersFailed(Exception):
    """A worker ended before all were ready; it has said why."""


class Workers:
    """One process for each of `listeners`, forked from this one, which starts no threads.

    `announce` is called once all are ready, and `reload` before they are told to read the settings again: it says
    whether to go on, which a closed terminal forbids; it is None where there is nothing to read. A worker that is
    killed loses its connections, and its socket goes on with the next one.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        serve: Serve,
        announce: Callable[[], None],
        reload: Callable[[], bool] | None,
    ) -> None:
        self._listeners = listeners
        self._serve = serve
        self._announce = announce
        self._reload = reload
        self._pids: dict[int, int] = {}
        self._started = [0.0] * len(listeners)
        self._lifeline = os.pipe()  # nothing is ever written: it ends with this process, however that dies
        self._ready = os.pipe()
        self._signals = os.pipe()

    def run(self) -> None:
        """Serve until a signal ends it; `WorkersFailed` when a worker does before all are ready."""
        os.set_blocking(self._signals[1], False)
        signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        for number in (*ENDING, signal.SIGCHLD, *([signal.SIGHUP, signal.SIGUSR1] if self._reload else [])):
            signal.signal(number, lambda number, frame: None)
        try:
            for place in range(len(self._listeners)):
                self._start(place)
            self._watch()
        finally:
            self._stop()

    def _watch(self) -> None:
        """Replace workers that died, until a signal ends it."""
        waiting = len(self._listeners)
        while True:
            readable = select.select([self._signals[0], self._ready[0]], [], [], self._pause())[0]
            if self._ready[0] in readable:
                waiting -= len(os.read(self._ready[0], 1))
                if waiting == 0:
                    self._announce()
            numbers = set(os.read(self._signals[0], 4096)) if self._signals[0] in readable else set()
            if not numbers.isdisjoint(ENDING):
                return
            ended = self._bury()
            if waiting > 0 and ended:
                raise WorkersFailed(f"{ended[0]} before all were ready")
            for end in ended:
                click.echo(f"veeam-mock: {end}; another takes its place.", err=True)
            self._start_missing()
            if self._reload and not numbers.isdisjoint({signal.SIGHUP, signal.SIGUSR1}):
                if not self._reload():
                    return
                self._tell_to_reload(anew=signal.SIGHUP in numbers)

    def _missing(self) -> list[int]:
        return [place for place in range(len(self._listeners)) if place not in self._pids.values()]

    def _pause(self) -> float | None:
        """Seconds until the next worker may start; None when all are there."""
        due = [self._started[place] + LEAST_LIFE for place in self._missing()]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_missing(self) -> None:
        for place in self._missing():
            if time.monotonic() >= self._started[place] + LEAST_LIFE:
                self._start(place)

    def _start(self, place: int) -> None:
        self._started[place] = time.monotonic()
        pid = os.fork()
        if pid == 0:
            self._be_worker(place)
        self._pids[pid] = place

    def _be_worker(self, place: int) -> NoReturn:
        self._pids.clear()  # they are not ours to end
        signal.set_wakeup_fd(-1)
        for number in (*ENDING, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._lifeline[1])
        self._serve(place, self._listeners[place], self._say_ready, self._stop_with_parent)
        sys.exit(0)

    def _say_ready(self) -> None:
        os.write(self._ready[1], b".")

    def _stop_with_parent(self, stop: Callable[[], None]) -> None:
        def wait() -> None:
            os.read(self._lifeline[0], 1)
            stop()

        threading.Thread(target=wait, name="lifeline", daemon=True).start()

    def _bury(self) -> list[str]:
        """Take leave of workers that have ended; how each did."""
        ends = []
        for pid in list(self._pids):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                place = self._pids.pop(pid)
                end = os.waitstatus_to_exitcode(status)
                reason = f"by {signal.Signals(-end).name}" if end < 0 else f"with status {end}"
                ends.append(f"worker {place + 1} ended {reason}")
        return ends

    def _tell_to_reload(self, *, anew: bool) -> None:
        """One worker starts all worlds anew; the others go on with the new settings."""
        for pid, place in self._pids.items():
            os.kill(pid, signal.SIGHUP if anew and place == 0 else signal.SIGUSR1)

    def _stop(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGTERM)
        ends = time.monotonic() + LAST_SECONDS
        while self._pids:
            for pid in list(self._pids):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._pids[pid]
            if time.monotonic() >= ends:
                for pid in self._pids:
                    os.kill(pid, signal.SIGKILL)
            if self._pids:
                select.select([self._signals[0]], [], [], 0.05)
                with contextlib.suppress(BlockingIOError):
                    os.set_blocking(self._signals[0], False)
                    os.read(self._signals[0], 4096)
