"""How a command ends: signals, exit codes, and one line for the person who typed it.

Hydra, Lightning and MLflow each have their own idea of what Ctrl-C or an exception means. Here it is
decided once, outside all of them.

    0 all done and stored   1 failed   2 usage   75 try later   130 interrupted   143 terminated
"""

import errno
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from winnow import sweep
from winnow.config import Refused
from winnow.errors import TryLater, WinnowError

FULL_ERROR = "HYDRA_FULL_ERROR"


class Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt, not to be mistaken for a fault of the job."""


def guard(main: Callable[[], None]) -> int:
    """Run a command to its end, say what there is to say, and return its exit code."""
    wants_traceback = os.environ.get(FULL_ERROR) == "1"
    # Otherwise Hydra prints its own report and leaves with its own code.
    os.environ[FULL_ERROR] = "1"
    sweep.name_command()
    signal.signal(signal.SIGTERM, _terminate)
    # Shells start background jobs with SIGINT ignored; an explicit kill -INT should still work.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.showwarning = _one_line_warning
    error: BaseException | None = None
    try:
        main()
    except BaseException as caught:
        error = caught.__cause__ if isinstance(caught, Refused) else caught
        if wants_traceback:
            traceback.print_exception(error)
    outcome = sweep.finish(error)
    code = exit_code(error)
    if code and not wants_traceback:
        failed = sum(row.status == "failed" for row in outcome)
        print(_last_line(error, failed, len(outcome)), file=sys.stderr)
    return code


def exit_code(error: BaseException | None) -> int:
    """Return the code that tells a script what kind of ending this was."""
    match error:
        case None:
            return 0
        case KeyboardInterrupt():
            return 130
        case Terminated():
            return 143
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case WinnowError():
            return error.exit_code
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return TryLater.exit_code
        case _:
            return 1


def explain(error: BaseException) -> str:
    """Return one line for an error: what, where, what to do."""
    match error:
        case KeyboardInterrupt() | Terminated():
            return "stopped; finished work is kept | type the same line again to go on"
        case WinnowError():
            return str(error)
        case MissingConfigException() if error.missing_cfg_file and error.options:
            group, _, option = error.missing_cfg_file.rpartition("/")
            return f"{group} must be one of {', '.join(error.options)}, got '{option}'" + _near(
                option, error.options
            )
        case HydraException() | OmegaConfBaseException():
            return _condensed(error)
        case MemoryError():
            return f"not enough memory: {error} | lower n_jobs or the size of the data"
        case _:
            return f"{type(error).__name__}: {error} | {FULL_ERROR}=1 shows the traceback"


def _last_line(error: BaseException, failed: int, jobs: int) -> str:
    if jobs > 1 and failed and isinstance(error, Exception):
        return (
            f"error: {failed} of {jobs} jobs failed, see above | type the same line again to run only those"
        )
    return f"error: {explain(error)}"


def _condensed(error: BaseException) -> str:
    """Hydra's messages run over many lines; keep what was wrong and the first remedy."""
    text = str(error if error.__cause__ is None else f"{error}\n{error.__cause__}")
    lines = [line.strip() for line in text.split("\n")]
    lines = [
        line
        for line in lines
        if line and not line.startswith(("full_key", "object_type", "reference_type", "^"))
    ]
    if lines[0].startswith("Ambiguous value"):
        return f"{lines[0]} | add -m to run one job for each value: python train.py -m ..."
    return " | ".join(dict.fromkeys(lines[:3]))


def _near(option: str, options: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(option, options, n=1)
    return f" | did you mean {near[0]}?" if near else ""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _one_line_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
