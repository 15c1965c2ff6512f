"""Read images with labels from Parquet files as the Hugging Face hub keeps them, or from the hub by name.

A Parquet file, or a folder of such files for several splits, is read by pyarrow alone; names on the hub need
the library `datasets`: `pip install winnow-subset[hf]`. Images are bytes in one column, or paths of files.
They are brought to one square size, as `dataset=image_folder` does, a few hundred at a time, so that the
files may be larger than memory.

.. [1] Lhoest et al., "Datasets: a community library for natural language processing", EMNLP 2021.
   https://arxiv.org/abs/2109.02846
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Bool, Int64, Shaped
from numpy import ndarray
from pydantic import Field

from winnow.dataset._classes import check_learnt, numbered
from winnow.dataset._split import stratified_split
from winnow.dataset.images._cells import ImageCells
from winnow.dataset.images._decode import Format
from winnow.dataset.images._hub import hub_splits
from winnow.dataset.images._pixels import MOST_PIXELS
from winnow.dataset.images._splits import Split, one_of_names, parquet_splits
from winnow.dataset.images._square import SquareImages
from winnow.dataset.images._summary import format_in_words
from winnow.dataset.images._walk import shown
from winnow.errors import DatasetUnavailable
from winnow.types import Dataset

TABLES = {".csv", ".tsv", ".txt"}
"""How files end that `dataset=csv` reads."""


@dataclass(frozen=True)
class HuggingFace(SquareImages):
    """Images and labels in two columns of Parquet files, or of a data set on the Hugging Face hub.

    Files belong to the split that their name begins with (`train-00000-of-00001.parquet`), or to that of
    their folder (`train/0000.parquet`). Classes have the names that are known for them, else their labels in
    order; classes without a row are left out.

    Parameters
    ----------
    path
        A Parquet file, a folder of Parquet files, or a name on the hub such as `uoft-cs/cifar10`.
    image
        Name of the column of the images.
    label
        Name of the column of the labels, text or whole numbers.
    subset
        Which of several data sets under one name on the hub.
    train_split
        Split to learn from; None for `train`, or for the only one there is.
    test_split
        Split to be tested on; None for `test` where there is one, else rows drawn from the training split.
    size
        Side of the square images in pixels; None for the median shorter side, at most `largest`.
    channels
        1 for grey, 3 for RGB; None for 1 if all images are grey, else 3.
    test_fraction
        Share of each class that is set aside for testing where there is no split for it.
    split_seed
        Seed of the draw of these images.
    max_pixels
        Images with more pixels are refused by what their header says.
    cache_dir
        Folder where decoded images are kept; None to keep them in memory only. No part of the data set's
        identity.
    """

    path: str
    image: str = "image"
    label: str = "label"
    subset: str | None = None
    train_split: str | None = None
    test_split: str | None = None
    size: Annotated[int, Field(ge=1, le=4096)] | None = None
    channels: Literal[1, 3] | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = 50_000_000
    cache_dir: str | None = field(default=None, repr=False, compare=False)

    def load(self) -> Dataset:
        chosen = self._chosen(self._splits())
        rows = JoinedSplits(tuple(chosen.values()))
        for name, split in chosen.items():
            self._check_columns(name, split)
        labels = list(rows.cells(self.label))
        names = one_of_names([split.class_names(self.label) for split in rows.splits])
        classes, y = numbered(labels, names, rows.place)
        is_test = self._is_test(rows, y)
        check_learnt(classes, y, ~is_test)
        cells = ImageCells(
            cells=lambda: rows.cells(self.image),
            rows=len(y),
            folder=rows.splits[0].folder,
            place=rows.place,
            identity=(self.image, *chain(*(split.identity for split in rows.splits))),
            max_pixels=self.max_pixels,
            cache_dir=self.cache_dir,
        )
        headers = cells.headers()
        form = Format.of(headers, self.size, self.largest, self.channels)
        self._say(chosen, is_test, classes, headers, form)
        x = cells.decode(form, is_test)
        origins = [[rows.place(row) for row in np.flatnonzero(part).tolist()] for part in (~is_test, is_test)]
        return Dataset(self._name, x["x"], y[~is_test], x["x_test"], y[is_test], classes, *origins, "row")

    @property
    def _name(self) -> str:
        return shown(Path(self.path).stem) or "images"

    def _splits(self) -> Mapping[str, Split]:
        path = Path(self.path).expanduser()
        if path.is_file() and not TABLES.isdisjoint(path.suffixes):
            raise DatasetUnavailable(
                "path must name a Parquet file or a folder of them, got a table of text",
                where=shown(self.path),
                remedy=f"type dataset=csv dataset.file={shown(self.path)}",
            )
        if path.exists():
            return parquet_splits(path)
        if self.path.endswith(".parquet") or self.path.startswith(("/", ".", "~")):
            raise DatasetUnavailable(
                "path must name a Parquet file or a folder of them, got none there",
                where=shown(self.path),
                remedy="check dataset.path",
            )
        return hub_splits(self.path, self.subset)

    def _chosen(self, splits: Mapping[str, Split]) -> dict[str, Split]:
        """Return the split to learn from and, if there is one, that to be tested on."""
        train = self.train_split or ("train" if "train" in splits or len(splits) > 1 else next(iter(splits)))
        test = self.test_split or ("test" if "test" in splits and train != "test" else None)
        for setting, name in (("train_split", train), ("test_split", test)):
            if name not in (None, *splits):
                raise DatasetUnavailable(
                    f"{setting} must be one of {', '.join(map(shown, splits))}, got {name!r}",
                    where=shown(self.path),
                    remedy=f"say dataset.{setting}=...",
                )
        if train == test:
            raise DatasetUnavailable(
                f"test_split must be another split than train_split, got {test!r} for both",
                where=shown(self.path),
            )
        return {name: splits[name] for name in (train, test) if name is not None}

    def _check_columns(self, name: str, split: Split) -> None:
        for setting, column in (("image", self.image), ("label", self.label)):
            if column not in split.columns:
                raise DatasetUnavailable(
                    f"{setting} must be one of the columns {', '.join(map(shown, split.columns))}, "
                    f"got {column!r}",
                    where=f"{shown(self.path)}, split {shown(name)}",
                    remedy=f"say dataset.{setting}=...",
                )
        if not split.rows:
            raise DatasetUnavailable(f"split {shown(name)} must have a row, got none", where=shown(self.path))

    def _is_test(self, rows: "JoinedSplits", y: Int64[ndarray, " n"]) -> Bool[ndarray, " n"]:
        is_test = np.zeros(len(y), bool)
        if len(rows.splits) == 2:
            is_test[rows.splits[0].rows :] = True
        else:
            is_test[stratified_split(y, self.test_fraction, self.split_seed)[1]] = True
        return is_test

    def _say(
        self,
        chosen: Mapping[str, Split],
        is_test: Bool[ndarray, " n"],
        classes: tuple[str, ...],
        headers: Shaped[ndarray, " n"],
        form: Format,
    ) -> None:
        train, test = (*map(shown, chosen), "drawn from it")[:2]
        amounts = (
            f"{(~is_test).sum():,} images for training ({train}) and {is_test.sum():,} for testing ({test})"
        )
        words = f"{len(classes):,} classes; {format_in_words(headers, form)}"
        print(f"{self._name}: {amounts} of {words}", file=sys.stderr, flush=True)


@dataclass(frozen=True, eq=False)
class JoinedSplits:
    """The rows of one or two splits, one after the other."""

    splits: tuple[Split, ...]

    def cells(self, column: str) -> Iterator[Any]:
        """Yield the cells of a column in all splits."""
        for split in self.splits:
            yield from split.cells(column)

    def place(self, row: int) -> str:
        """Say where a row lies."""
        first = self.splits[0]
        return first.place(row) if row < first.rows else self.splits[1].place(row - first.rows)
