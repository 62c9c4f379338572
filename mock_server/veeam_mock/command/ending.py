"""The signals that stop the server."""

import signal
import sys
import threading
from collections.abc import Callable

ENDING = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop the server, which is a success."""


def on_ending(stop: Callable[[], None]) -> None:
    """Call `stop` when one of these signals comes, from another thread where the platform can wait for signals. More of
    them change nothing.

    A handler is run anew for each signal, on top of those that have not ended: in a flood of them it never ends, and
    what it asks for is never done. Signals that are blocked cost nothing, however many come.
    """
    for number in ENDING:
        signal.signal(number, lambda number, frame: stop())
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        threading.Thread(target=_wait, args=(stop,), name="signals", daemon=True).start()


def ignore_ending() -> None:
    """Let these signals change nothing until the process is gone.

    Threads that were there before the signals were blocked still get them; and Python, when it ends, gives each signal
    that has a handler its default action back, which is death.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _wait(stop: Callable[[], None]) -> None:
    signal.sigwait(ENDING)
    stop()
