"""Name the folder of a command by the time of its beginning, so that the latest command is the last one."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex

TIME = "%Y-%m-%d_%H-%M-%S.%f"
NAMES = "[0-9][0-9][0-9][0-9]-*_*_*"


def new_folder(runs: Path) -> Path:
    """Return a path below `runs` that no other command uses, and that comes last in the order of names.

    The clock may have been set back since the latest command began: then its time goes on by a microsecond.
    """
    began = datetime.now()
    for earlier in _beginnings(runs):
        with suppress(OverflowError):  # the last moment of the year 9999
            began = max(began, earlier + timedelta(microseconds=1))
    # Microseconds and a random part: two commands of the same second must not share a folder.
    return runs / f"{began:{TIME}}_{token_hex(3)}"


def beginning_of(folder: Path) -> datetime:
    """Return when the command of a folder began.

    >>> str(beginning_of(Path("runs/2026-01-02_12-00-00.500000_1a2b3c")))
    '2026-01-02 12:00:00.500000'

    Raises
    ------
    ValueError
        If its name is not one that `new_folder` gives.
    """
    return datetime.strptime(folder.name.rpartition("_")[0], TIME)


def _beginnings(runs: Path) -> Iterator[datetime]:
    """Yield when earlier commands began; folders of other names are a person's own."""
    for path in runs.glob(NAMES):
        with suppress(ValueError):
            yield beginning_of(path)
