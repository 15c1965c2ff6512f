"""Ctrl-C, SIGTERM and SIGHUP: noted when they arrive, and obeyed where nothing is left half done.

An exception raised by a signal handler can come up inside a callback of a library that only prints and
forgets it. So a handler notes the signal; it raises at once only inside `interruptible`, around work that may
stop anywhere, and `check` raises wherever else it is called. What a callback swallowed inside `interruptible`
is raised again. While a module is imported nothing is raised: a library in C++ that defines its functions
would end the process without a word. A second signal ends the process at once.
"""

import atexit
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from winnow.errors import Interrupted

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_SECONDS_UNTIL_RAISED_AGAIN = 0.05  # enough for the callback that swallowed it to be over


class Interruption:
    """What signals have arrived in this process."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._may_raise = False
        self._exit_code: int | None = None
        self._also: frozenset[int] = frozenset()

    def listen(self, also: Sequence[int] = ()) -> None:
        """Handle signals from now on, those in `also` among them.

        One of `also` that follows another signal takes its place; it does not end the process.
        """
        self._also = frozenset(also)
        for number in (*SIGNALS, *also):
            signal.signal(number, self._handle)
        sys.unraisablehook = self._handle_swallowed
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._raise_again)

    def listen_to_the_end(self) -> None:
        """As `listen`, and obey signals as well while the interpreter exits.

        Called before other modules register exit functions: then these have run when the process ends, and
        only the clearing of memory, in which no signal is handled, is left out.
        """
        atexit.register(self._end)
        self.listen()

    def end_with(self, code: int) -> None:
        """Let the process end with this exit code, unless a signal arrives first."""
        self._exit_code = code

    def check(self) -> None:
        """Raise `Interrupted` if a signal has arrived."""
        if self.signal is not None:
            raise Interrupted(self.signal)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal stop the work inside the block wherever it is."""
        before = self._may_raise
        self._may_raise = True
        try:
            self.check()
            yield
        finally:
            self._may_raise = before
        self.check()  # a library may have swallowed what was raised

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Raise `Interrupted` in place of an error after a signal, which may have stopped a child process."""
        self.check()
        try:
            yield
        except Exception as error:
            if self.signal is not None:
                raise Interrupted(self.signal) from error
            raise

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._exit_code is not None or (self.signal is not None and number not in self._also):
            os._exit(128 + number)
        self.signal = number
        self._raise_here(frame)

    def _handle_swallowed(self, swallowed: "sys.UnraisableHookArgs") -> None:
        """Raise again, outside the callback, what was raised inside one that could not pass it on."""
        if not isinstance(swallowed.exc_value, Interrupted):
            sys.__unraisablehook__(swallowed)
        else:
            self._raise_soon()

    def _raise_again(self, number: int, frame: FrameType | None) -> None:
        if self._exit_code is None:
            self._raise_here(frame)

    def _raise_here(self, frame: FrameType | None) -> None:
        """Raise `Interrupted` if a signal has arrived and work may stop where it is, or a moment later."""
        if not self._may_raise:
            return
        if _is_importing(frame):
            self._raise_soon()
        else:
            self.check()

    def _raise_soon(self) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_UNTIL_RAISED_AGAIN)

    def _end(self) -> None:
        if self._exit_code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # whoever was reading it has gone
                continue
        os._exit(self._exit_code)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") != "importlib._bootstrap":
        frame = frame.f_back
    return frame is not None


interruption = Interruption()
"""The signals of this process, of which there is one set."""
