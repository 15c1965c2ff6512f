"""Load a data set from the Hugging Face hub by its name, through the library `datasets` (extra `hf`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from winnow.dataset.images._splits import AT_ONCE, Split
from winnow.errors import DatasetUnavailable


@dataclass(frozen=True, eq=False)
class HubSplit:
    """A split as `datasets.Dataset`; `title` is its name in messages."""

    title: str
    dataset: Any

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.dataset)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.dataset.column_names)

    @property
    def folder(self) -> Path:
        """Folder to which paths in cells are relative; the library writes them in full."""
        return Path()

    @property
    def identity(self) -> tuple[str, ...]:
        """Name and version of the split, and the files to which the library downloaded it."""
        files = [Path(file["filename"]) for file in self.dataset.cache_files]
        known = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
        return (self.title, str(self.dataset.version), *known)

    def class_names(self, column: str) -> tuple[str, ...]:
        """Return the names of the classes, if the column is one of the library's class labels."""
        return tuple(getattr(self.dataset.features[column], "names", None) or ())

    def cells(self, column: str) -> Iterator[Any]:
        """Yield the cells of a column; images as they are stored, not decoded."""
        import datasets

        table = self.dataset.select_columns([column])
        if isinstance(table.features[column], datasets.Image):
            table = table.cast_column(column, datasets.Image(decode=False))
        for batch in table.with_format("arrow").iter(AT_ONCE):
            yield from batch.column(column).to_pylist()

    def place(self, row: int) -> str:
        """Say where a row lies."""
        return f"row {row + 1} of {self.title}"


def hub_splits(path: str, subset: str | None) -> dict[str, Split]:
    """Return the splits of a data set on the hub by their names, downloading what is not there yet.

    Raises
    ------
    DatasetUnavailable
        If the library is missing, or the data set cannot be loaded.
    """
    if find_spec("datasets") is None:
        raise DatasetUnavailable(
            "no file or folder has this name, and names on the Hugging Face hub need the library datasets",
            where=f"dataset.path={path}",
            remedy="pip install winnow-subset[hf], or name a Parquet file or a folder of them",
        )
    import datasets

    try:
        found = datasets.load_dataset(path, name=subset)
    except Exception as error:  # of the network, the hub, the disk or the files
        raise DatasetUnavailable(
            f"the data set cannot be loaded: {' '.join(str(error).split()) or type(error).__name__}",
            where=f"dataset.path={path}",
            remedy="check dataset.path and dataset.subset, and the network",
        ) from error
    return {name: HubSplit(f"{path}, {name}", each) for name, each in found.items()}
