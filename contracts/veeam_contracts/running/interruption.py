"""Ctrl-C and SIGTERM, alike: both end a run with its verdict and its reports."""

import signal
from types import FrameType


class Interruption:
    """What the signals do: one that comes before the run can be judged waits until it can."""

    def __init__(self) -> None:
        self._pending = False
        self._held = False

    def take_over(self) -> None:
        """Be what handles the signals of this process."""
        signal.signal(signal.SIGINT, self)
        signal.signal(signal.SIGTERM, self)

    def hold(self) -> None:
        """From now on, an interruption waits: pytest and schemathesis take a second to be imported."""
        self._held = True

    def release(self) -> None:
        """From now on, an interruption is a `KeyboardInterrupt`; so is one that waited."""
        self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if not self._held:
            raise KeyboardInterrupt
        self._pending = True


INTERRUPTION = Interruption()
