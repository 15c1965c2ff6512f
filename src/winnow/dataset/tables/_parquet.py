"""Read a table from Parquet, whose columns have types: numbers arrive as float64, all else as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.dataset._container import MAX_BYTES, opened, table_fault, unreadable
from winnow.dataset._wording import clean_name, listed, named
from winnow.store.regular_file import size_in_words

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

ROWS_AT_ONCE = 2048
PANDAS_INDEX = "__index_level_"


@dataclass(frozen=True, eq=False)
class ParquetTable:
    """A table in a Parquet file; it has rows instead of lines."""

    path: Path
    names: tuple[str, ...]
    rows: int
    index: frozenset[int] = frozenset()
    """Columns that pandas wrote for an index without a name, whatever it holds."""

    @property
    def header_is_guessed(self) -> bool:
        """Say no: names are apart from the rows."""
        return False

    @property
    def sample(self) -> Sequence[list[str]]:
        """No cells: numbers are not written as text."""
        return ()

    def __len__(self) -> int:
        return self.rows

    def __str__(self) -> str:
        """Say how it is written, as a part of a sentence."""
        return "Parquet"

    def place(self, row: int) -> str:
        """Say where a row lies in the file."""
        return f"row {row + 1}"

    def batches(self, columns: list[int]) -> Iterator[list["pa.Array"]]:
        """Yield the cells of some columns, some thousand rows at a time: float64 or text.

        Raises
        ------
        DatasetUnavailable
            If a column holds neither numbers nor text, or the file cannot be read to its end.
        """
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        with opened(self.path, "parquet") as stream:
            try:
                file = ParquetFile(stream)
                self._check_types(file, columns)
                names = [file.schema_arrow.names[column] for column in columns]
                for batch in file.iter_batches(ROWS_AT_ONCE, columns=names, use_threads=False):
                    yield [_plain(batch.column(name)) for name in names]
            except pa.ArrowException as error:
                raise unreadable(self.path, " ".join(str(error).split())) from error

    def _check_types(self, file: "ParquetFile", columns: list[int]) -> None:
        import pyarrow.types as kinds

        types = [(self.names[column], file.schema_arrow.types[column]) for column in columns]
        odd = [
            f"{named(name)} of type {kind}"
            for name, kind in types
            if kinds.is_nested(kind) or "binary" in str(kind)
        ]
        if odd:
            raise table_fault(
                self.path,
                f"hold numbers or text, got {listed(odd)}",
                "leave these columns out with dataset.ignored; dataset=huggingface reads images in a column",
            )


def read_parquet(path: Path) -> ParquetTable:
    """Read what a Parquet file says about itself.

    Raises
    ------
    DatasetUnavailable
        If it is damaged or too large.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with opened(path, "parquet") as stream:
        try:
            file = ParquetFile(stream)
        except (pa.ArrowException, ValueError) as error:
            raise unreadable(path, " ".join(str(error).split()), "fetch the file again") from error
        about, names = file.metadata, file.schema_arrow.names
    size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if size > MAX_BYTES:
        raise unreadable(path, f"{size_in_words(size)}, at most {size_in_words(MAX_BYTES)} are read")
    # pandas gives a nameless index a name of its own.
    columns = tuple("" if name.startswith(PANDAS_INDEX) else clean_name(name) for name in names)
    index = frozenset(at for at, name in enumerate(names) if name.startswith(PANDAS_INDEX))
    return ParquetTable(path, columns, about.num_rows, index)


def _plain(cells: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if kinds.is_floating(cells.type) or kinds.is_decimal(cells.type):
        return pc.cast(cells, pa.float64(), safe=False)
    # Whole numbers too: as text they keep all their digits, be they identifiers or classes.
    return pc.fill_null(pc.cast(cells, pa.string()), "")
