"""What was chosen: rows, where they come from, and ways to take them along."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtyping import Float64, Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.store import kept_rows
from winnow.store.named_file import file_named
from winnow.store.whole_file import write_whole
from winnow.types import Clustering, Rows

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch.utils.data import Dataset, Subset


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """The rows that are worth keeping.

    Parameters
    ----------
    indices : int64 (m,)
        The kept rows, counted from 0, in increasing order.
    provenance : mapping
        The selector, k, the budget, the seed, the sha256 of the data, and what the selector notes.
    rounds : int64 (m,), optional
        The round, from 1, in which each row was chosen; None where that was done at once.
    """

    indices: Int64[ndarray, " m"]
    provenance: Mapping[str, Any]
    _rows: Rows = field(repr=False)
    _clustering: Clustering | None = field(repr=False)
    _folder: Path | None = field(repr=False)
    rounds: Int64[ndarray, " m"] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"Selection({len(self)} of {self._rows.n} rows by {self.provenance['selector']})"

    @property
    def files(self) -> list[Path] | None:
        """The files of the kept rows, in their order; None where rows are no files."""
        if self._folder is None or self._rows.origins is None or self._rows.origin != "file":
            return None
        return [self._folder / self._rows.origins[row] for row in self.indices.tolist()]

    @property
    def labels(self) -> list[str] | None:
        """The names of the classes of the kept rows; None without labels."""
        y = self._rows.y
        return None if y is None else [self._rows.classes[label] for label in y[self.indices].tolist()]

    @property
    def clusters(self) -> Int64[ndarray, " m"] | None:
        """The cluster of each kept row; None where the selector is blind to clusters."""
        return self._clustering and self._clustering.labels[self.indices]

    @property
    def distances(self) -> Float64[ndarray, " m"] | None:
        """The distance of each kept row to the centroid of its cluster, in the units of the embedding."""
        return self._clustering and self._clustering.distances[self.indices]

    def to_csv(self, path: str | Path) -> Path:
        """Write the list of kept rows, byte for byte the `kept.csv` of `train.py`, and return its path."""
        path = file_named(path)
        write_whole(path, kept_rows.text(self._rows, self.indices, self._clustering, 0, self.rounds))
        return path

    def link(self, folder: str | Path) -> Path:
        """Make a folder of symbolic links to the kept files, with their classes as folders, and return it.

        Raises
        ------
        InvalidValue
            If the rows are no files, or the folder holds anything.
        """
        folder = Path(folder).expanduser()
        if (files := self.files) is None:
            raise InvalidValue("the rows must be files to be linked, got others", remedy="use .indices")
        if folder.exists() and any(folder.iterdir()):
            raise InvalidValue(
                "folder must be empty or new for links, got one with files",
                where=str(folder),
                remedy="name another folder",
            )
        for link, file in zip(self._links(folder, files), files, strict=True):
            link.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(file.absolute(), link)
        return folder

    def _links(self, folder: Path, files: Sequence[Path]) -> list[Path]:
        """Return a name for each link: the path below the data set's folder, or below that of its class."""
        origins = [Path(self._rows.origins[row]) for row in self.indices.tolist()]
        if not any(origin.is_absolute() for origin in origins):
            return [folder / origin for origin in origins]
        classes = self.labels or [""] * len(files)
        named = [
            folder / name.replace(os.sep, "_") / file.name for name, file in zip(classes, files, strict=True)
        ]
        if len(set(named)) == len(named):
            return named
        return [path.with_name(f"{row}-{path.name}") for row, path in zip(self.indices, named, strict=True)]

    def subset(self, dataset: "Dataset") -> "Subset":
        """Return the kept rows of a torch data set that has the rows of this selection in their order.

        Raises
        ------
        InvalidValue
            If it has another number of rows.
        """
        from torch.utils.data import Subset

        if len(dataset) != self._rows.n:
            raise InvalidValue(f"dataset must have the {self._rows.n} rows chosen from, got {len(dataset)}")
        return Subset(dataset, self.indices.tolist())

    def contact_sheet(self, across: int = 24) -> "Image":
        """Return a picture of the first `across` kept images of every class, one class a row.

        Raises
        ------
        InvalidValue
            If the rows are no images.
        """
        from PIL import Image

        if self._rows.x.ndim != 4:
            raise InvalidValue(f"rows must be images for a contact sheet, got {self._rows.x.shape[1:]}")
        return Image.fromarray(kept_rows.contact_sheet(self._rows, self.indices, across))
