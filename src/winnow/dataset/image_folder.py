"""Read a person's own images: one folder per class, the folder's name is the name of the class.

Every image is decoded once, brought to one square size (scaled so that the shorter side fits, then cut to the
centre) and kept as bytes in a file below `cache_dir`: 10,000 images of 64 x 64 pixels take 120 MB there, and
in memory no more than is worked on. Where the disk has no room for that, `decode=always` decodes images
whenever they are asked for. Images are read as a viewer shows them: turned by their EXIF entry, the
first frame of an animation, transparency laid on white, more than eight bits scaled to 0..255 by the range of
the whole data set. Colour profiles (ICC) are not applied, and JPEG files at least eight times larger than
wanted are decoded at a fraction of their size.

It should lose where what tells the classes apart is small or lies at the edge of the picture: use a larger
`size` there. The layout is that of torchvision's ImageFolder.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.dataset.images._decode import Format, Images
from winnow.dataset.images._files import ImageFiles
from winnow.dataset.images._layout import Layout, understand, understand_rows
from winnow.dataset.images._pixels import MOST_PIXELS
from winnow.dataset.images._square import SquareImages
from winnow.dataset.images._summary import summary
from winnow.dataset.images._walk import ImageFile, shown, walk
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.rows.row_array import RowArray
from winnow.types import Dataset, Rows


@dataclass(frozen=True)
class ImageFolder(SquareImages):
    """Images in one folder per class, or in such folders below `train/` and `test/`.

    Classes and files are taken in the order of their names. What was found and what is left out (hidden
    files, those of other kinds, a part for validation) is said in one line on stderr; folders that could be
    meant in another way are refused. All files that cannot be read are named in one error.

    Parameters
    ----------
    folder
        The folder of the data set. The parts may have other usual names, such as `Training/` and `Testing/`.
    size
        Side of the square images in pixels; None for the median shorter side of the files, at most `largest`.
    channels
        1 for grey, 3 for RGB; None for 1 if all files are grey, else 3.
    test_fraction
        Share of each class that is set aside for testing where there is no folder for it.
    split_seed
        Seed of the draw of these images.
    max_pixels
        Images with more pixels are refused by what their header says, before memory is taken for them.
    decode
        `once`: images are decoded once and kept; `always`: whenever they are asked for, which is at least
        once in every command and in every worker process, and nothing is kept. The images are the same.
    cache_dir
        Folder where decoded images are kept, by the path, size and dates of their files; None: they are
        kept for this command. No part of the data set's identity.
    """

    folder: str
    size: Annotated[int, Field(ge=1, le=4096)] | None = None
    channels: Literal[1, 3] | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = 50_000_000
    decode: Literal["once", "always"] = "once"
    cache_dir: str | None = field(default=None, repr=False, compare=False)

    def holds(self, folder: Path) -> bool:
        return folder.resolve().is_relative_to(Path(self.folder).expanduser().resolve())

    def load(self) -> Dataset:
        root = self._root()
        layout = understand(root, walk(root))
        train, test = self._split(layout)
        # Training images first: each part is then one piece of the file that holds them all.
        rows = np.concatenate([train, test])
        files = [layout.images[row] for row in rows.tolist()]
        y, n, origins = layout.y[rows], len(train), tuple(file.path for file in files)
        x, x_test = self._images(root, files, layout, n)
        return Dataset(_name(root), x, y[:n], x_test, y[n:], layout.classes, origins[:n], origins[n:])

    def rows(self, if_unlabelled: InvalidValue | None = None) -> Rows:
        root = self._root()
        layout = understand_rows(root, walk(root))
        if if_unlabelled is not None and not layout.classes:
            raise if_unlabelled
        x, _ = self._images(root, layout.images, layout, len(layout.images))
        y, origins = layout.y if layout.classes else None, tuple(file.path for file in layout.images)
        return Rows(_name(root), x, y, layout.classes, origins)

    def _split(self, layout: Layout) -> tuple[Int64[ndarray, " train"], Int64[ndarray, " test"]]:
        n = len(layout.training.y)
        if layout.test is not None:
            return np.arange(n), np.arange(n, len(layout.y))
        return stratified_split(layout.y, self.test_fraction, self.split_seed)

    def _images(
        self, root: Path, files: list[ImageFile], layout: Layout, first: int
    ) -> tuple[UInt8[RowArray, "n c h w"], UInt8[RowArray, "m c h w"]]:
        """Return the images of the `first` files, and those of the others."""
        cache_dir = Path(self.cache_dir).absolute() if self.cache_dir else None
        images = Images(root, files, self.max_pixels, cache_dir)
        headers = images.headers()
        if len(images.faults) == len(files):
            images.raise_faults()
        form = Format.of(headers, self.size, self.largest, self.channels)
        print(summary(_name(root), layout, headers, form), file=sys.stderr, flush=True)
        if self.decode == "always":
            images.raise_faults()
            parts = (ImageFiles(root, part, form, self.max_pixels) for part in (files[:first], files[first:]))
            return next(parts), next(parts)
        x = images.decode(form, headers)
        return x[:first], x[first:]

    def _root(self) -> Path:
        root = Path(self.folder)
        if not root.exists():
            root = root.expanduser()
        if root.is_dir():
            return root
        there = "a file" if root.exists() else "none there"
        raise DatasetUnavailable(
            f"folder must name a folder of images, got {there}",
            where=shown(str(root)),
            remedy="unpack it first" if root.is_file() else "check dataset.folder",
        )


def _name(root: Path) -> str:
    return shown(root.resolve().name) or "images"
