"""What winnow says when it cannot go on: one line that names the fault, the place and the remedy.

exit codes: 0 all done   1 failed   2 usage   75 try later   130 interrupted   143 terminated
"""

import errno
from collections.abc import Sequence
from typing import ClassVar

TRACEBACK = "WINNOW_TRACEBACK"


class WinnowError(Exception):
    """A fault the user can mend; the command ends with `exit_code` and one line on stderr.

    >>> str(WinnowError("k must be at least 1, got 0", where="k=0", remedy="try k=600"))
    'k must be at least 1, got 0 | k=0 | try k=600'
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        return " | ".join(part for part in (self.what, self.where, self.remedy) if part)

    def __reduce__(self) -> tuple:
        # The keyword arguments do not survive the default pickling on the way back from a worker process.
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(kind: type[WinnowError], what: str, where: str, remedy: str) -> WinnowError:
    return kind(what, where=where, remedy=remedy)


class InvalidValue(WinnowError, ValueError):
    """A setting or an array breaks a stated rule."""


class DatasetUnavailable(WinnowError):
    """The files of a data set are missing, damaged, or cannot be fetched."""


class WeightsUnavailable(WinnowError):
    """The weights of a pretrained network are missing, damaged, or cannot be fetched."""


class TryLater(WinnowError):
    """Nothing is wrong with the request; the same line may succeed later (lock, disk, tracking store)."""

    exit_code = 75


class WinnowWarning(UserWarning):
    """Something the user should know that does not stop the work."""


class JobsFailed(WinnowError):
    """Some jobs of a command failed; the others were run all the same.

    Parameters
    ----------
    failures : reason and exit code of every job that failed.
    jobs : number of jobs of the command.
    """

    def __init__(self, failures: Sequence[tuple[str, int]], jobs: int) -> None:
        if jobs == 1:
            super().__init__(failures[0][0])
        else:
            super().__init__(f"{len(failures)} of {jobs} jobs failed", remedy="listed above")
        self.codes = {code for _, code in failures}


class Interrupted(BaseException):
    """A signal arrived; like KeyboardInterrupt, not to be mistaken for a fault of the work."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


def exit_code(error: BaseException | None) -> int:
    """Return the code that tells a script what kind of ending this was.

    >>> exit_code(None), exit_code(TryLater("disk full")), exit_code(KeyboardInterrupt())
    (0, 75, 130)
    """
    match error:
        case None:
            return 0
        case KeyboardInterrupt():
            return 130
        case Interrupted():
            return 128 + error.signal
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case JobsFailed():
            return TryLater.exit_code if error.codes == {TryLater.exit_code} else 1
        case WinnowError():
            return error.exit_code
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return TryLater.exit_code
        case _:
            return 1


def explain(error: BaseException) -> str:
    """Return one line for any error: what, where, what to do.

    >>> explain(KeyError("x"))
    "KeyError: 'x' | HYDRA_FULL_ERROR=1 shows the traceback"
    >>> explain(OSError(errno.ENOSPC, "No space left on device", "state/sweep.json"))
    'the disk is full | state/sweep.json | make room and type the same line again'
    """
    match error:
        case KeyboardInterrupt() | Interrupted():
            return "stopped; finished work is kept | type the same line again to go on"
        case WinnowError():
            return str(error)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            where = error.filename or "where data_dir, state_dir or the temporary files are"
            return f"the disk is full | {where} | make room and type the same line again"
        case MemoryError():
            return f"not enough memory: {error} | lower n_jobs or the size of the data"
        case _:
            text = " ".join(str(error).split())
            return f"{type(error).__name__}: {text} | HYDRA_FULL_ERROR=1 shows the traceback"
