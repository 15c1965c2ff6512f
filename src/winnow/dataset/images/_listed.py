"""Decode image files that a list names, in the order of the list."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import UInt8
from numpy import ndarray

from winnow.dataset.images._decode import Format, Images
from winnow.dataset.images._summary import format_in_words
from winnow.dataset.images._walk import ImageFile, shown


@dataclass(frozen=True)
class Reading:
    """How image files are read: the settings that data sets of image files share.

    Parameters
    ----------
    size, largest
        Side of the square images in pixels; None for the median shorter side of the files, at most `largest`.
    channels
        1 for grey, 3 for RGB; None for 1 if all files are grey, else 3.
    max_pixels
        Images with more pixels are refused by what their header says.
    cache_dir
        Folder where decoded images are kept; None: they are kept for this command.
    """

    size: int | None
    largest: int
    channels: int | None
    max_pixels: int
    cache_dir: str | None


def decode_listed(
    name: str, root: Path, paths: Sequence[str], reading: Reading
) -> UInt8[ndarray, "n channels size size"]:
    """Return the images at `paths` below `root`, and say in one line on stderr how they are read.

    Raises
    ------
    DatasetUnavailable
        Naming the files that are missing or cannot be read.
    """
    cache_dir = Path(reading.cache_dir).absolute() if reading.cache_dir else None
    images = Images(root, [_known(root, path) for path in paths], reading.max_pixels, cache_dir)
    headers = images.headers()
    if len(images.faults) == len(paths):
        images.raise_faults()
    form = Format.of(headers, reading.size, reading.largest, reading.channels)
    words = format_in_words(headers, form)
    print(f"{shown(name)}: {len(paths):,} images {words}", file=sys.stderr, flush=True)
    return images.decode(form, headers)


def _known(root: Path, path: str) -> ImageFile:
    try:
        known = (root / path).stat()
    except (OSError, ValueError):  # the decoder names it with all others that cannot be read
        return ImageFile(path, 0, 0, 0)
    return ImageFile(path, known.st_size, known.st_mtime_ns, known.st_ctime_ns)
