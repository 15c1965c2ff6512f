"""Images that are decoded from their files whenever they are asked for, and never kept."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray

from winnow.dataset.images._decode import Format
from winnow.dataset.images._parallel import THREADS, available_cores
from winnow.dataset.images._pixels import library_warnings_ignored, read_pixels, reason
from winnow.dataset.images._walk import ImageFile, listed, shown
from winnow.errors import DatasetUnavailable
from winnow.rows.lazy_rows import LazyRows


@dataclass(frozen=True, eq=False)
class ImageFiles(LazyRows):
    """The images in `files` below `root`, brought to `form`, uint8 (n, channels, size, size).

    Reading rows raises DatasetUnavailable, naming the files that cannot be read or are others by now.
    """

    root: Path
    files: Sequence[ImageFile]
    form: Format
    max_pixels: int

    dtype = np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of images, channels, height and width."""
        return len(self.files), self.form.channels, self.form.size, self.form.size

    def read(self, rows: Int64[ndarray, " m"]) -> UInt8[ndarray, "m c h w"]:
        from PIL import Image

        Image.init()  # once, before there are threads
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def decode(at: int) -> str | None:
            """Fill in one image; return its fault, if it has one."""
            file = self.files[rows[at]]
            try:
                images[at] = self._pixels(file)
            except MemoryError:
                raise
            except Exception as error:  # broken bytes make decoders raise nearly anything
                return f"{file.path} ({reason(error, self.root / file.path)})"
            return None

        with library_warnings_ignored(), ThreadPoolExecutor(min(THREADS, available_cores())) as threads:
            faults = [fault for fault in threads.map(decode, range(len(rows))) if fault]
        if faults:
            raise DatasetUnavailable(
                f"{len(faults):,} of {len(rows):,} images read at once cannot be read: {listed(faults)}",
                where=shown(str(self.root)),
                remedy="mend or remove these files",
            )
        return images

    def _pixels(self, file: ImageFile) -> UInt8[ndarray, "c h w"]:
        path, form = self.root / file.path, self.form
        known = os.stat(path)
        if (known.st_size, known.st_mtime_ns) != (file.size, file.modified):
            raise ValueError("changed while it was in use")
        return read_pixels(path, form.size, form.channels, form.scale, self.max_pixels)
