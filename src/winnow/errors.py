"""What winnow says when it cannot go on: one line that names the fault, the place and the remedy."""

from typing import ClassVar


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


class TryLater(WinnowError):
    """Nothing is wrong with the request; the same line may succeed later (lock, disk, tracking store)."""

    exit_code = 75


class WinnowWarning(UserWarning):
    """Something the user should know that does not stop the work."""
