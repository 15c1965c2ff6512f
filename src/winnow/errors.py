"""What winnow says when it cannot go on: one line that names the fault, the place and the remedy.

exit codes: 0 all done   1 failed   2 usage   75 try later   130 interrupted   143 terminated
"""

import errno
import os
from collections.abc import Sequence
from math import inf
from typing import ClassVar

TRACEBACK = "WINNOW_TRACEBACK"
"""The environment variable by which a person asks for tracebacks."""
# What libraries say when the system gives them no memory; none of them raises a MemoryError for it.
_NO_MEMORY = (
    "failed to map segment from shared object",
    "cannot allocate memory",
    "can't allocate memory",
    "std::bad_alloc",
    "can't start new thread",
)
# Of an import that was tried before, in the process that workers are copies of; why it failed there is lost.
_TRIED_BEFORE = "can only be initialized once per process"


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
    "KeyError: 'x' | WINNOW_TRACEBACK=1 shows the traceback"
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
        case _ if lacks_memory(error):
            return _no_memory(error)
        case _:
            text = " ".join(str(error).split())
            return f"{type(error).__name__}: {text} | WINNOW_TRACEBACK=1 shows the traceback"


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error, of whatever kind, comes from too little memory.

    >>> lacks_memory(ImportError("libtorch_cpu.so: failed to map segment from shared object"))
    True
    >>> lacks_memory(ImportError("No module named 'torch'"))
    False
    """
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower() if isinstance(error, ImportError | OSError | RuntimeError) else ""
    return any(words in text for words in _NO_MEMORY) or (_TRIED_BEFORE in text and _address_space() < inf)


def _no_memory(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    what = "a library could not be loaded, " if isinstance(error, ImportError) else ""
    memory = min(_address_space(), _installed())
    limit = f" | this process may use {memory / 2**30:.1f} GiB" if memory < inf else ""
    remedy = "lower n_jobs or the size of the data, or raise the limit"
    return f"not enough memory: {what}{text}{limit} | {remedy}"


def _address_space() -> float:
    """Return the bytes of address space that this process may use (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return inf if limit == resource.RLIM_INFINITY else float(limit)


def _installed() -> float:
    """Return the bytes of memory of this machine, as far as the system tells."""
    if not hasattr(os, "sysconf"):
        return inf
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
