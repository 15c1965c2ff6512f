"""What a person declared of the columns of a table: which is the label, and which hold names or numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from winnow.dataset._container import table_fault
from winnow.dataset._wording import clean_name, listed, named, near
from winnow.dataset.tables._table import Table
from winnow.errors import InvalidValue

Names = tuple[str, ...]
IN_THE_FIRST_LINE = (
    "columns are named in the first line, or column_1, column_2, ... with dataset.header=false; check "
    "dataset.label, categorical, ignored and numeric"
)


@dataclass(frozen=True)
class Declared:
    """The columns that settings name, as names are compared; each is one of these at most."""

    label: str | None
    categorical: Names
    ignored: Names
    numeric: Names

    @classmethod
    def of(
        cls, label: str | None, categorical: Sequence[str], ignored: Sequence[str], numeric: Sequence[str]
    ) -> "Declared":
        """Take the settings as they were written.

        >>> Declared.of("kind ", [" colour"], [], []).names
        ('kind', 'colour')

        Raises
        ------
        InvalidValue
            If a column is declared to be two things.
        """
        declared = cls(
            label and clean_name(label),
            tuple(map(clean_name, categorical)),
            tuple(map(clean_name, ignored)),
            tuple(map(clean_name, numeric)),
        )
        groups = (declared.labels, declared.categorical, declared.ignored, declared.numeric)
        counts = Counter(name for group in groups for name in set(group))
        if twice := [name for name, count in counts.items() if count > 1]:
            raise InvalidValue(
                f"a column must be one of label, categorical, ignored and numeric, got {listed(twice)} twice",
                where=f"dataset.label={label}",
            )
        return declared

    @property
    def labels(self) -> Names:
        """The column of labels, if there is one."""
        return () if self.label is None else (self.label,)

    @property
    def names(self) -> Names:
        """All columns of which something is declared."""
        return (*self.labels, *self.categorical, *self.ignored, *self.numeric)

    def check(self, table: Table, path: Path) -> None:
        """Refuse a table that cannot hold what is declared.

        Raises
        ------
        DatasetUnavailable
            If it has no rows, two columns of one name, no column of a name that is declared, or no column
            besides the label.
        """
        if not len(table):
            raise table_fault(path, "have a row below the names of the columns, got none")
        counts = Counter(name for name in table.names if name)
        if repeated := [named(name) for name, count in counts.items() if count > 1]:
            raise table_fault(
                path,
                f"have different names for its columns, got {listed(repeated)} more than once",
                "rename or remove those of the same name; a first line that is a row: dataset.header=false",
            )
        if missing := [named(name) for name in self.names if name not in table.names]:
            raise table_fault(
                path,
                f"have the columns {', '.join(missing)}, got {listed(map(named, table.names))}",
                near(self.names, table.names) or IN_THE_FIRST_LINE,
            )
        if not set(table.names) - {*self.labels, *self.ignored}:
            raise table_fault(path, "have a column besides the label", "shorten dataset.ignored")
