"""How a command ends: signals, the last line, the exit code."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable

from winnow.command.interruption import interruption
from winnow.errors import TRACEBACK, Interrupted, exit_code, explain

FULL_ERROR = "HYDRA_FULL_ERROR"


def guard(main: Callable[[], None]) -> int:
    """Run a command to its end, say what there is to say, and return its exit code."""
    if os.environ.get(FULL_ERROR) == "1":
        os.environ[TRACEBACK] = "1"
    # Without it Hydra prints its own report of an error and leaves with its own code.
    os.environ[FULL_ERROR] = "1"
    interruption.listen_to_the_end()
    warnings.showwarning = _one_line_warning
    code = _report(_run(main))
    interruption.end_with(code)
    if interruption.signal is not None and code != 128 + interruption.signal:
        code = _report(None)  # it arrived a moment ago
        interruption.end_with(code)
    return code


def _run(main: Callable[[], None]) -> BaseException | None:
    try:
        main()
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
        traceback.print_exception(error)
    print(f"error: {explain(error)}", file=sys.stderr)
    return exit_code(error) or 1


def _one_line_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
