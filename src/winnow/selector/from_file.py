"""Keep exactly the rows that a file names: train again on somebody's selection.

The file is one that winnow wrote (`kept.csv`, or `kept.parquet` beside it where the rows are more than a
million), or any csv or Parquet file with the columns index and label. Rows are found by the file or row that
they come from, where the list says it, else by their index. Labels are compared with the data set's, so a
file made for other data is refused instead of trained on.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.registry import COMPUTED
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
        Checksum of the file when it was read (`FromFile.of`).
    rows : int
        Number of rows in the file: the only budget it can meet.
    found : str
        Checksum of the indices at which the rows of the file were found in the data set (`fitted`).
    kept : KeptList or None
        The list (`FromFile.of`), or the indices found (`fitted`). The file is not read again.
    """

    path: str = field(repr=False)
    sha256: str = field(default="", metadata=COMPUTED)
    rows: int = field(default=0, metadata=COMPUTED)
    found: str = field(default="", metadata=COMPUTED)
    kept: Any = field(default=None, repr=False, compare=False)  # no setting, though a field of one

    needs = frozenset({"y"})
    reads_all_labels = False  # only those of the rows in the file are compared

    @classmethod
    def of(cls, path: str) -> "FromFile":
        """Read the file."""
        kept = subset_file.read(path)
        return cls(path, kept.sha256, len(kept.indices), kept=kept)

    def fitted(self, dataset: Dataset | Rows) -> "FromFile":
        """Return the same, with the rows found in a data set; a file made for other data is refused."""
        indices = self.kept.rows_in(dataset, self.path)
        found = sha256(indices.tobytes()).hexdigest()
        return replace(self, found=found, kept=KeptList(indices, self.sha256))

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        if budget != self.rows:
            raise InvalidValue(f"budget must be the {self.rows} rows of the file, got {budget}")
        if not self.found:
            self.kept.check_fits(pool.y, self.path)
        return Subset.of(self.kept.indices, {"file_sha256": self.sha256})
