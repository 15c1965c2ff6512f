"""How a command ends: signals, exit codes, and one line for the person who typed it.

Hydra, Lightning and MLflow each have their own idea of what Ctrl-C or an exception means. Here it is
decided once, outside all of them.
"""

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from winnow.command import sweep
from winnow.command.config import guard_the_door, in_own_words
from winnow.errors import TRACEBACK, Terminated, TryLater, exit_code, explain
from winnow.report.rows import Row

FULL_ERROR = "HYDRA_FULL_ERROR"


def guard(main: Callable[[], None]) -> int:
    """Run a command to its end, say what there is to say, and return its exit code."""
    if os.environ.get(FULL_ERROR) == "1":
        os.environ[TRACEBACK] = "1"
    # Without it Hydra prints its own report of an error and leaves with its own code.
    os.environ[FULL_ERROR] = "1"
    guard_the_door()
    sweep.name_command()
    signal.signal(signal.SIGTERM, _terminate)
    # Shells start background jobs with SIGINT ignored; an explicit kill -INT should still work.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.showwarning = _one_line_warning
    error: BaseException | None = None
    try:
        main()
    except BaseException as caught:
        error = in_own_words(caught)
    try:
        outcome = sweep.finish(error)
    except Exception as fault:
        error, outcome = error or fault, []
    return _verdict(error, outcome)


def _verdict(error: BaseException | None, outcome: Sequence[Row]) -> int:
    """Print the last line, if something went wrong, and return the exit code."""
    failed = [row for row in outcome if row.status == "failed"]
    if isinstance(error, SystemExit) and not outcome:  # usage, help: what there was to say is said
        return exit_code(error)
    if error is not None:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        print(f"error: {explain(error)}", file=sys.stderr)
        return exit_code(error) or 1
    if not failed:
        return 0
    jobs = len({row.job for row in outcome})
    if jobs == 1:
        print(f"error: {failed[0].reason}", file=sys.stderr)
    else:
        print(f"error: {len(failed)} of {jobs} jobs failed | listed above", file=sys.stderr)
    codes = {row.exit_code for row in failed}
    return TryLater.exit_code if codes == {TryLater.exit_code} else 1


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _one_line_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
