"""Read a known set by its name in torchvision: CIFAR10, SVHN, Flowers102, Food101, EuroSAT, ...

The files are torchvision's, below `data_dir`, and are checked by torchvision's own class before they are
read; nothing is downloaded while reading. The files of CIFAR10 and CIFAR100 are pickles, which could run
code: they are opened only if their md5 sums are the published ones, and no other pickle is.

Sets that are held as arrays are taken whole, as bytes. Sets of image files of many sizes are brought to one
square size as `dataset=image_folder` does: use a larger `size` where what matters is small.

.. [1] torchvision.datasets. https://docs.pytorch.org/vision/stable/datasets.html
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy import ndarray
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from winnow.dataset._classes import without_empty
from winnow.dataset._known_sets import KNOWN, Arguments, chosen_variant
from winnow.dataset._split import stratified_split
from winnow.dataset._staging import staged
from winnow.dataset._torchvision_parts import Part, build, read_part
from winnow.dataset.images._listed import Reading, decode_listed
from winnow.dataset.images._pixels import MOST_PIXELS
from winnow.dataset.images._square import SquareImages
from winnow.errors import DatasetUnavailable, InvalidValue, WinnowError
from winnow.types import Dataset


def _known(name: str) -> str:
    if name not in KNOWN:
        raise PydanticCustomError("name", "Input should be one of {names}", {"names": ", ".join(KNOWN)})
    return name


@dataclass(frozen=True)
class Torchvision(SquareImages):
    """A classification set of torchvision, with its own parts for training and testing.

    Where it has no part for testing, one is drawn; where it has parts for testing and for validation, that
    for validation is left out. Classes without any image are left out. EMNIST's images lie on their side, as
    they do in its files.

    Parameters
    ----------
    name
        The set, by the name of its class in torchvision.
    data_dir
        Folder of the files, torchvision's `root`.
    variant
        Version of a set that comes in several: EMNIST's split, Imagenette's size, FGVCAircraft's level, DTD's
        partition; None for the usual one.
    size
        Side of the square images in pixels, for sets of image files; None for the median shorter side of the
        files, at most `largest`.
    channels
        1 for grey, 3 for RGB, for sets of image files; None for 1 if all files are grey, else 3.
    test_fraction
        Share of each class that is set aside for testing where the set has no part for it.
    split_seed
        Seed of the draw of these images.
    max_pixels
        Image files with more pixels are refused by what their header says.
    cache_dir
        Folder where decoded image files are kept; None: for this command. No part of the data set's
        identity.
    """

    name: Annotated[str, AfterValidator(_known)]
    data_dir: str = "data"
    variant: str | None = None
    size: Annotated[int, Field(ge=1, le=4096)] | None = None
    channels: Literal[1, 3] | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = 50_000_000
    cache_dir: str | None = field(default=None, repr=False, compare=False)

    def load(self) -> Dataset:
        for_training, for_test = arguments_of(self.name, self.variant)
        root = root_of(self.data_dir)
        with _faults_named(self.name, self.data_dir, self.variant):
            train = read_part(self.name, root, for_training)
            test = None if for_test is None else read_part(self.name, root, for_test)
        if test is None:
            return self._divided(root, train)
        if train.classes != test.classes:
            raise DatasetUnavailable(
                f"both parts of {self.name} must have the same classes, got {len(train.classes)} "
                f"for training and {len(test.classes)} for testing",
                where=str(root),
                remedy=_how_to_fetch(self.name, self.data_dir, self.variant),
            )
        return self._joined(root, train, test)

    def _joined(self, root: Path, train: Part, test: Part) -> Dataset:
        n, paths = len(train.y), train.paths + test.paths
        if paths:
            x = self._decode(root, paths)
            x_train, x_test = x[:n], x[n:]
        else:
            self._check_untouched(train)
            x_train, x_test = train.x, test.x
        classes, y = without_empty(train.classes, np.concatenate([train.y, test.y]))
        origins = (paths[:n], paths[n:]) if paths else (None, None)
        return Dataset(self._title, x_train, y[:n], x_test, y[n:], classes, *origins)

    def _divided(self, root: Path, whole: Part) -> Dataset:
        classes, y = without_empty(whole.classes, whole.y)
        train, test = stratified_split(y, self.test_fraction, self.split_seed)
        rows, n = np.concatenate([train, test]), len(train)
        if whole.paths:
            origins, origin = [whole.paths[row] for row in rows.tolist()], "file"
            x = self._decode(root, tuple(origins))
        else:
            self._check_untouched(whole)
            origins, origin = [f"row {row}" for row in rows.tolist()], "row"
            x = whole.x[rows]
        y = y[rows]
        return Dataset(self._title, x[:n], y[:n], x[n:], y[n:], classes, origins[:n], origins[n:], origin)

    @property
    def _title(self) -> str:
        variant = chosen_variant(self.name, self.variant)
        return f"{self.name}-{variant}" if variant else self.name

    def _decode(self, root: Path, paths: tuple[str, ...]) -> ndarray:
        reading = Reading(self.size, self.largest, self.channels, self.max_pixels, self.cache_dir)
        return decode_listed(self._title, root, paths, reading)

    def _check_untouched(self, part: Part) -> None:
        """Refuse a size or number of channels other than that of the arrays, which are taken as they are."""
        channels, height, width = part.x.shape[1:]
        for setting, value, held in (("size", self.size, height), ("channels", self.channels, channels)):
            if value not in (None, held):
                raise InvalidValue(
                    f"{setting} must be null for {self.name}, whose images are {height} x {width} with "
                    f"{channels} channels, got {value}",
                    where=f"dataset.{setting}",
                )


def arguments_of(name: str, variant: str | None) -> tuple[Arguments, Arguments | None]:
    """Return the arguments of torchvision's class for the training and the test part of a set.

    >>> arguments_of("EMNIST", "letters")
    ({'train': True, 'split': 'letters'}, {'train': False, 'split': 'letters'})

    Raises
    ------
    InvalidValue
        If the set has no such version.
    """
    known, chosen = KNOWN[name], chosen_variant(name, variant)
    value = int(chosen) if name == "DTD" else chosen  # it numbers its partitions
    extra = {} if chosen is None else {known.variant_argument: value}
    for_training, for_test = known.parts
    return {**for_training, **extra}, None if for_test is None else {**for_test, **extra}


def root_of(data_dir: str) -> Path:
    """Return the folder below which torchvision looks for files."""
    return Path(data_dir).expanduser().absolute()


def fetch(name: str, data_dir: str, variant: str | None = None) -> None:
    """Download the files of a set, unless they are there and sound.

    They appear in their place only when all have arrived and been checked; a failure leaves nothing behind.

    Raises
    ------
    InvalidValue
        If the set or its version is unknown.
    DatasetUnavailable
        If the files cannot be downloaded, or have to be fetched by hand.
    """
    if name not in KNOWN:
        raise InvalidValue(f"name must be one of {', '.join(KNOWN)}, got {name!r}")
    parts = [part for part in arguments_of(name, variant) if part is not None]
    root = root_of(data_dir)
    if not _why_unreadable(name, root, parts):
        return
    if KNOWN[name].source:
        remedy = _how_to_fetch(name, data_dir, variant)
        raise DatasetUnavailable(f"{name} cannot be fetched by a program", where=str(root), remedy=remedy)
    try:
        with staged(root) as staging:
            for part in parts:
                build(name, staging, part, download=True)
    except Exception as error:  # of the network, the disk or whatever damaged bytes bring about
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "connect to the network and type the same line again, or use dataset=digits"
        raise DatasetUnavailable(
            f"{name} cannot be fetched: {reason}", where=str(root), remedy=remedy
        ) from error


def _why_unreadable(name: str, root: Path, parts: list[Arguments]) -> str:
    try:
        for part in parts:
            build(name, root, part)
    except Exception as error:
        return _words(error)
    return ""


@contextmanager
def _faults_named(name: str, data_dir: str, variant: str | None) -> Iterator[None]:
    """Turn what torchvision raises over files into one line: broken bytes bring about nearly any error."""
    try:
        yield
    except (WinnowError, MemoryError):
        raise
    except Exception as error:
        raise DatasetUnavailable(
            f"{name} cannot be read: {_words(error)}",
            where=str(root_of(data_dir)),
            remedy=_how_to_fetch(name, data_dir, variant),
        ) from error


def _words(error: Exception) -> str:
    """Return what torchvision says, without its advice to change the program."""
    words = " ".join(str(error).split()).partition(" You can ")[0].rstrip(".")
    return words or type(error).__name__


def _how_to_fetch(name: str, data_dir: str, variant: str | None) -> str:
    if source := KNOWN[name].source:
        return f"fetch it by hand from {source}, as the documentation of torchvision.datasets.{name} says"
    settings = [f"NAME={name}"]
    settings += [f"VARIANT={variant}"] if variant else []
    settings += [f"DATA={shlex.quote(data_dir)}"] if data_dir != "data" else []
    return f"run `make data {' '.join(settings)}`"
