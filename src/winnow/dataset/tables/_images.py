"""Find the column of a table that lists image files, and read the images."""

import sys
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._container import table_fault
from winnow.dataset._wording import SPELLED_OUT, listed, named, quoted
from winnow.dataset.images._listed import Reading, decode_listed
from winnow.dataset.images._pixels import SUFFIXES
from winnow.dataset.tables._columns import read_columns
from winnow.dataset.tables._opened import OpenedTable, Parts
from winnow.dataset.tables._roles import Roles
from winnow.dataset.tables._summary import summary

if TYPE_CHECKING:
    import pyarrow as pa


def image_column(opened: OpenedTable) -> int | None:
    """Return which of the columns that nothing is declared of lists image files; None if there is none.

    It is told by its first cells, which all end as names of images do, and one at least is the path of a
    file, from the folder of the table: names of files that are elsewhere are no images here.

    Raises
    ------
    DatasetUnavailable
        If several columns list images.
    """
    table, folder = opened.table, opened.path.parent
    candidates = [at for at, name in enumerate(table.names) if name not in opened.declared.names]
    if not candidates:
        return None
    batch = next(table.batches(candidates), [])
    found = [at for at, cells in zip(candidates, batch, strict=False) if _lists_images(cells, folder)]
    if len(found) > 1:
        columns = [named(table.names[at]) for at in found]
        raise table_fault(
            opened.path,
            f"have one column of image files, got {listed(columns)}",
            f"leave out others, such as dataset.ignored=[{columns[-1]}]",
        )
    return found[0] if found else None


def read_images(
    opened: OpenedTable,
    at: int,
    reading: Reading,
    train: Int64[ndarray, " n"],
    test: Int64[ndarray, " m"],
) -> Parts:
    """Return the images that column `at` lists in the training and the test rows, and say what was taken.

    Raises
    ------
    DatasetUnavailable
        Naming all faults of the table, or the files that are missing or cannot be read.
    """
    paths = _read_paths(opened, at)
    opened.refuse_faults()
    names = opened.table.names
    others = [name for name in names if name not in (*opened.declared.labels, names[at])]
    roles = Roles(left_out=list(map(named, others)), notes=[f"images: {named(names[at])}"])
    print(summary(opened, roles), file=sys.stderr)
    n, chosen = len(train), [paths[row] for row in np.concatenate([train, test]).tolist()]
    x = decode_listed(opened.name, opened.path.parent, chosen, reading)
    return Parts(x[:n], x[n:], chosen[:n], chosen[n:], "file")


def _read_paths(opened: OpenedTable, at: int) -> list[str]:
    """Return the cells of a column as paths; those without one or with one twice are added to the faults.

    An image that is listed twice could be learnt from and tested on, and a list of kept files names it once.
    """
    table, faults = opened.table, opened.faults
    (column,) = read_columns(table, [at], [table.names[at]])
    remedy = "fill these cells or delete their rows"
    faults.add_cells("have the path of an image in every row", remedy, column, column.missing)
    if table.header_is_guessed and Path(column.name).suffix.lower() in SUFFIXES:
        faults.add("name its columns in the first line", "if there are none: dataset.header=false", column)
    paths = [cell for cells in column.text for cell in cells.to_pylist()]
    first: dict[str, int] = {}
    again = [
        f"{quoted(path)} in {table.place(first[plain])} and {table.place(row)}"
        for row, path in enumerate(paths)
        if path and first.setdefault(plain := normpath(path), row) != row
    ]
    if again:
        faults.add(
            "list every image once",
            "remove the rows that repeat one",
            column,
            again[:SPELLED_OUT],
            len(again),
        )
    return paths


def _lists_images(cells: "pa.Array", folder: Path) -> bool:
    import pyarrow as pa

    if not pa.types.is_string(cells.type):
        return False
    paths = [cell for each in cells.to_pylist() if (cell := each.strip())]
    are_names = paths and all(Path(path).suffix.lower() in SUFFIXES for path in paths)
    return bool(are_names) and any(_is_file(folder / path) for path in paths)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a character that no path has
        return False
