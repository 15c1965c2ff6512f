"""Keep exactly the rows that a file names: train again on somebody's selection.

The file is one that winnow wrote (`repetition-*.csv`), or any csv with the columns index and label.
Labels are compared with the data set's, so a file made for other data is refused instead of trained on.
"""

from dataclasses import dataclass, field

from jaxtyping import Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.stages import Selector
from winnow.store import kept_rows
from winnow.types import Subset


@dataclass(frozen=True)
class FromFile(Selector):
    """Select the rows listed in a file.

    Every repetition trains on the same rows and differs in initial weights and batch order. It is identified
    by the content of the file and not by its path.

    Parameters
    ----------
    path : str
        The csv to read.
    sha256 : str
        Checksum of the file when it was first read (`FromFile.of`); a file that has changed is refused.
    rows : int
        Number of rows in the file: the only budget it can meet.
    """

    path: str = field(repr=False)
    sha256: str = ""
    rows: int = 0

    needs = frozenset({"y"})
    reads_all_labels = False  # only those of the rows in the file are compared

    @classmethod
    def of(cls, path: str) -> "FromFile":
        """Read the file once, to know its content and its number of rows."""
        kept = kept_rows.read(path)
        return cls(path, kept.sha256, len(kept.indices))

    def check_fits(self, y: Int64[ndarray, " n"]) -> None:
        """Refuse a file that was made for other data than the n rows with these labels."""
        kept_rows.read(self.path).check_fits(y, self.path)

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        kept = kept_rows.read(self.path)
        if kept.sha256 != self.sha256:
            raise InvalidValue("subset_file must not change while winnow runs", where=self.path)
        if budget != len(kept.indices):
            raise InvalidValue(f"budget must be the {len(kept.indices)} rows of the file, got {budget}")
        kept.check_fits(pool.y, self.path)
        return Subset.of(kept.indices, {"file_sha256": kept.sha256})
