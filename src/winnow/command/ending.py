"""How a command ends: signals, the last line, the exit code."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO, TextIOWrapper
from typing import Any, TextIO

from winnow.command.interruption import interruption
from winnow.errors import TRACEBACK, Interrupted, exit_code, explain
from winnow.report.escape import printable
from winnow.store.credentials import hide_credentials, without_credentials

FULL_ERROR = "HYDRA_FULL_ERROR"
ADDRESS = "tracker.uri"


class Ended(BaseException):
    """Carries the error of a job past Hydra, which would print all words typed, passwords included."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def guard(main: Callable[[], None]) -> int:
    """Run a command to its end, say what there is to say, and return its exit code."""
    # Without it Hydra prints its own report of an error and leaves with its own code.
    os.environ[FULL_ERROR] = "1"
    interruption.listen_to_the_end()
    sys.stdout, sys.stderr = _Output(_opened(sys.stdout)), _Output(_opened(sys.stderr))
    warnings.showwarning = one_line_warning
    code = _report(_run(main))
    interruption.end_with(code)
    if interruption.signal is not None and code != 128 + interruption.signal:
        code = _report(None)  # it arrived a moment ago
        interruption.end_with(code)
    return code


def _opened(stream: TextIO | None) -> TextIO:
    """Return a stream that can show every name; one that was closed before the command began shows none."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        # Of a letter that the terminal does not know the code is shown: the work is done by then.
        stream.reconfigure(errors="backslashreplace")
    return stream


class _Output:
    """A stream whose reader may go away, as `head` does; then nobody reads the rest, and the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._to_nobody_once_closed():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._to_nobody_once_closed():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _to_nobody_once_closed(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._stream.fileno())
            os.close(nobody)


def show(print_configuration: Callable[[], None]) -> None:
    """Print what Hydra shows of a configuration, without the password of the tracking store."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            print_configuration()
    finally:
        print(_without_secrets(printed.getvalue()), end="")


def _run(main: Callable[[], None]) -> BaseException | None:
    try:
        main()
    except Ended as ended:
        return ended.error
    except BaseException as error:
        return error
    return None


def _report(error: BaseException | None) -> int:
    """Print the last line of the command, if there is one to print, and return the exit code."""
    if interruption.signal is not None and not isinstance(error, Interrupted):
        error = Interrupted(interruption.signal)  # whatever else happened was brought about by it
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return 0
    from winnow.command.messages import in_own_words

    error = in_own_words(error)
    if isinstance(error, SystemExit):  # usage: what there was to say is said
        return exit_code(error)
    if os.environ.get(TRACEBACK):
        print(_without_secrets("".join(traceback.format_exception(error))), file=sys.stderr)
    print(f"error: {_shown(explain(error))}", file=sys.stderr)
    return exit_code(error) or 1


def _shown(text: str) -> str:
    """Return a message on one line, without control characters and without passwords."""
    return printable(_without_secrets(text))


def _without_secrets(text: str) -> str:
    for word in sys.argv[1:]:
        name, _, address = word.partition("=")
        if name.lstrip("+") == ADDRESS:
            text = hide_credentials(text, address.strip("'\""))
    return without_credentials(text)


def one_line_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Print a warning as every line of a command: without a place in the code, and without passwords."""
    print(f"warning: {_shown(str(message))}", file=sys.stderr)
