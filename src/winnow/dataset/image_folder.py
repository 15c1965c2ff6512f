"""Read a person's own images: one folder per class, the folder's name is the name of the class.

Every image is decoded once, brought to one square size (scaled so that the shorter side fits, then cut
to the centre) and kept as bytes: 10,000 images of 64x64 pixels take 120 MB. It should lose where what
tells the classes apart is small or lies at the edge of the picture: use a larger `size` there.

The layout is that of torchvision's ImageFolder.
"""

import os
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.errors import DatasetUnavailable
from winnow.stages import Source
from winnow.types import Dataset

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"))
MAX_PIXELS = 50_000_000
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class ImageFolder(Source):
    """Images below `folder`: in `train/` and `test/`, or in one folder per class, split with `split_seed`.

    Classes and files are taken in the order of their names; hidden ones are left out. All files that
    cannot be read are named in one error. An image of more than 50 million pixels is refused by what its
    header says, before memory is taken for it.
    """

    folder: str
    size: Annotated[int, Field(ge=1, le=4096)] = 64
    channels: Literal[1, 3] = 3
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def load(self) -> Dataset:
        root = Path(self.folder)
        if not root.is_dir():
            raise _unavailable("folder must name a folder of images, got none there", root)
        name = root.resolve().name
        if not (root / "train").is_dir() and not (root / "test").is_dir():
            classes, paths, y = _scan(root)
            x = self._decode(paths)
            train, test = stratified_split(y, self.test_fraction, self.split_seed)
            return Dataset(name, x[train], y[train], x[test], y[test], classes)
        classes, paths, y = _scan(root / "train")
        test_classes, test_paths, y_test = _scan(root / "test")
        if classes != test_classes:
            odd = ", ".join(sorted(set(classes) ^ set(test_classes)))
            raise _unavailable(f"train/ and test/ must have the same classes, got only one of {odd}", root)
        x = self._decode(paths + test_paths)
        return Dataset(name, x[: len(y)], y, x[len(y) :], y_test, classes)

    def _decode(self, paths: list[Path]) -> np.ndarray:
        x = np.empty((len(paths), self.channels, self.size, self.size), dtype=np.uint8)

        def decode(row: int) -> str:
            try:
                x[row] = _pixels(paths[row], self.size, self.channels)
            except Exception as error:  # broken bytes make decoders raise nearly anything; all is reported
                return f"{paths[row]} ({error})"
            return ""

        with _large_images_refused(), ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            faults = [fault for fault in _shown(pool.map(decode, range(len(paths))), len(paths)) if fault]
        if faults:
            raise DatasetUnavailable(
                f"{len(faults)} of {len(paths)} images cannot be read: {'; '.join(faults)}",
                remedy="mend or remove these files",
            )
        return x


def _scan(root: Path) -> tuple[tuple[str, ...], list[Path], np.ndarray]:
    """Return the classes, every image and its label, in the order of their names."""
    if not root.is_dir():
        raise _unavailable("train/ and test/ must both be there, got one of them", root)
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise _unavailable("there must be one folder per class, got none", root)
    images = [_images_below(folder) for folder in folders]
    if empty := [folder.name for folder, paths in zip(folders, images, strict=True) if not paths]:
        raise _unavailable(f"every class must have an image, got none for {', '.join(empty)}", root)
    y = np.repeat(np.arange(len(folders), dtype=np.int64), [len(paths) for paths in images])
    return tuple(folder.name for folder in folders), [path for paths in images for path in paths], y


def _images_below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _pixels(path: Path, size: int, channels: int) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
        square = ImageOps.fit(upright, (size, size), method=Image.Resampling.BILINEAR)
    return np.asarray(square).reshape(size, size, channels).transpose(2, 0, 1)


@contextmanager
def _large_images_refused() -> Iterator[None]:
    """Have Pillow raise where a header announces more than MAX_PIXELS; its own default is to warn."""
    from PIL import Image

    previous = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = previous


def _shown(steps: Iterable[str], total: int) -> Iterator[str]:
    """Pass `steps` on, with a progress bar on stderr once they take longer than a moment."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    progress = Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True))
    task = progress.add_task("reading images", total=total)
    started = time.monotonic()
    with ExitStack() as bar:
        for step in steps:
            if not progress.live.is_started and time.monotonic() - started > PATIENCE_SECONDS:
                bar.enter_context(progress)
            progress.advance(task)
            yield step


def _unavailable(rule: str, root: Path) -> DatasetUnavailable:
    return DatasetUnavailable(
        rule, where=str(root), remedy="put the images of each class into a folder of their own"
    )
