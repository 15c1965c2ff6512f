"""What a table promises, whether its file is text or Parquet."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pyarrow as pa


@runtime_checkable
class Table(Protocol):
    """Rows of cells in a file, read in batches."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        ...

    @property
    def index(self) -> frozenset[int]:
        """Columns that a program wrote to number the rows, whatever they hold."""
        ...

    @property
    def header_is_guessed(self) -> bool:
        """Whether its first line is taken for the names of the columns without that being certain."""
        ...

    @property
    def sample(self) -> Sequence[list[str]]:
        """The cells of the first rows, where numbers are written as text; else none."""
        ...

    def __len__(self) -> int: ...

    def place(self, row: int) -> str:
        """Say where a row lies in the file."""
        ...

    def batches(self, columns: list[int]) -> Iterator[list["pa.Array"]]:
        """Yield the cells of some columns, as text or float64."""
        ...
