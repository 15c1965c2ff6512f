"""Ctrl-C, SIGTERM and SIGHUP: noted when they arrive, and obeyed where nothing is left half done.

An exception raised by a signal handler can come up inside a callback of a library that only prints and
forgets it. So a handler notes the signal; it raises at once only inside `interruptible`, around work that may
stop anywhere, and `check` raises wherever else it is called. A second signal ends the process at once.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from winnow.errors import Interrupted

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interruption:
    """What signals have arrived in this process."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._may_raise = False

    def listen(self) -> None:
        """Handle signals from now on."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def check(self) -> None:
        """Raise `Interrupted` if a signal has arrived."""
        if self.signal is not None:
            raise Interrupted(self.signal)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal stop the work inside the block wherever it is."""
        self.check()
        self._may_raise = True
        try:
            yield
        finally:
            self._may_raise = False
        self.check()  # a library may have swallowed what was raised

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
        if self._may_raise:
            raise Interrupted(number)


interruption = Interruption()
"""The signals of this process, of which there is one set."""
