"""Keep exactly the rows that a file names: train again on somebody's selection.

The file is one that winnow wrote (`kept.csv`, or `kept.parquet` beside it where the rows are more than a
million), or any csv or Parquet file with the columns index and label. Rows are found by the file or row that
they come from, where the list says it, else by their index. Labels are compared with the data set's, so a
file made for other data is refused instead of trained on.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.stages import Selector
from winnow.store import subset_file
from winnow.store.kept_list import KeptList
from winnow.types import Dataset, Rows, Subset


@dataclass(frozen=True)
class FromFile(Selector):
    """Select the rows listed in a file.

    Every repetition trains on the same rows and differs in initial weights and batch order. It is identified
    by the content of the file and not by its path. The time grows with n, to find the rows, and with the
    budget; the memory with both.

    Parameters
    ----------
    path : str
        The csv or Parquet file to read.
    sha256 : str
        Checksum of the file when it was first read (`FromFile.of`); a file that has changed is refused.
    rows : int
        Number of rows in the file: the only budget it can meet.
    found : str
        Checksum of the indices at which the rows of the file were found in the data set (`fitted`).
    indices : int64 (m,) or None
        Those indices.
    """

    path: str = field(repr=False)
    sha256: str = ""
    rows: int = 0
    found: str = ""
    indices: Any = field(default=None, repr=False, compare=False)  # no setting, though a field of one

    needs = frozenset({"y"})
    reads_all_labels = False  # only those of the rows in the file are compared

    @classmethod
    def of(cls, path: str) -> "FromFile":
        """Read the file, to know its content and its number of rows."""
        kept = _list_in(path)
        return cls(path, kept.sha256, len(kept.indices))

    def fitted(self, dataset: Dataset | Rows) -> "FromFile":
        """Return the same, with the rows found in a data set; a file made for other data is refused."""
        rows = self._kept().rows_in(dataset, self.path)
        return replace(self, found=sha256(rows.tobytes()).hexdigest(), indices=rows)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        if budget != self.rows:
            raise InvalidValue(f"budget must be the {self.rows} rows of the file, got {budget}")
        return Subset.of(self._places(pool), {"file_sha256": self.sha256})

    def _places(self, pool: Pool) -> Int64[ndarray, " m"]:
        """Return the indices of the rows: those that were found, or else those in the file."""
        if self.indices is not None:
            return self.indices
        kept = self._kept()
        kept.check_fits(pool.y, self.path)
        return kept.indices

    def _kept(self) -> KeptList:
        kept = _list_in(self.path)
        if kept.sha256 != self.sha256:
            raise InvalidValue("subset_file must not change while winnow runs", where=self.path)
        return kept


def _list_in(path: str) -> KeptList:
    """Return the list in a file, which all jobs of a command ask for, each of them several times."""
    return _read_once(path, _state(path))


@lru_cache(maxsize=1)
def _read_once(path: str, _state: tuple[int, ...]) -> KeptList:
    return subset_file.read(path)


def _state(path: str) -> tuple[int, ...]:
    """Return what is another as soon as the file is written to; nothing for one that cannot be read."""
    with suppress(OSError):
        found = Path(path).stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return ()
