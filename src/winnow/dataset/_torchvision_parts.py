"""Read one part of a set of torchvision: its images, or the paths of its image files, and its labels."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray

from winnow.dataset._known_sets import KNOWN, Arguments
from winnow.errors import DatasetUnavailable

Samples = list[tuple[str, int]]


@dataclass(frozen=True, eq=False)
class Part:
    """Labels 0, 1, ... of the `classes`, and either the images or the paths of their files."""

    classes: tuple[str, ...]
    y: Int64[ndarray, " n"]
    x: UInt8[ndarray, "n channels height width"] | None = None
    paths: tuple[str, ...] = ()


def build(name: str, root: Path, arguments: Arguments, *, download: bool = False) -> Any:
    """Return an object of the class `name` of `torchvision.datasets`, which checks the files below `root`."""
    from torchvision import datasets

    known = KNOWN[name]
    fetching = {} if known.source else {"download": download}
    return getattr(datasets, name)(str(root), **arguments, **fetching)


def read_part(name: str, root: Path, arguments: Arguments) -> Part:
    """Read the part of a set that the `arguments` of its class choose."""
    match KNOWN[name].held:
        case "arrays":
            return _from_arrays(name, build(name, root, arguments))
        case "items":
            return _from_items(name, build(name, root, arguments))
        case "files":
            return _from_files(name, root, arguments)


def _from_arrays(name: str, dataset: Any) -> Part:
    known = KNOWN[name]
    labels = np.asarray(getattr(dataset, known.labels), dtype=np.int64)
    # QMNIST's labels are rows, of which the first number is the digit.
    y = labels if labels.ndim == 1 else np.ascontiguousarray(labels[:, 0])
    return Part(_classes(dataset, y), y, _channels_first(np.asarray(dataset.data), known.axes))


def _from_items(name: str, dataset: Any) -> Part:
    images, labels = zip(*(dataset[row] for row in range(len(dataset))), strict=True)
    if None in labels:
        raise DatasetUnavailable(
            f"{name} must have a label for every image, got none for some",
            where=dataset.root,
            remedy=f"use the files that have them, from {KNOWN[name].source}",
        )
    y = np.array(labels, dtype=np.int64)
    return Part(_classes(dataset, y), y, _channels_first(np.stack(images), KNOWN[name].axes))


def _from_files(name: str, root: Path, arguments: Arguments) -> Part:
    listing = LISTINGS.get(name)
    # `loader=str` makes the classes of torchvision hand out paths in place of decoded images.
    dataset = build(name, root, arguments if listing else {**arguments, "loader": str})
    samples = listing(root, arguments) if listing else [dataset[row] for row in range(len(dataset))]
    if not arguments:  # one part is all there is: some of these come in the order of the file system
        samples = sorted(samples)
    y = np.array([label for _, label in samples], dtype=np.int64)
    paths = tuple(Path(path).relative_to(root).as_posix() for path, _ in samples)
    return Part(_classes(dataset, y), y, paths=paths)


def _pets(root: Path, arguments: Arguments) -> Samples:
    """Read the list of a part of OxfordIIITPet: name of the image, class from 1, and two other numbers."""
    folder = root / "oxford-iiit-pet"
    lines = (folder / "annotations" / f"{arguments['split']}.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    return [(str(folder / "images" / f"{row[0]}.jpg"), int(row[1]) - 1) for row in rows]


def _traffic_signs(root: Path, arguments: Arguments) -> Samples:
    """List a part of GTSRB: a folder per class for training, a table for testing."""
    from torchvision.datasets.folder import make_dataset

    folder = root / "gtsrb"
    if arguments["split"] == "train":
        return make_dataset(folder / "GTSRB" / "Training", extensions=(".ppm",))
    with (folder / "GT-final_test.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";", skipinitialspace=True))
    images = folder / "GTSRB" / "Final_Test" / "Images"
    return [(str(images / row["Filename"]), int(row["ClassId"])) for row in rows]


LISTINGS: dict[str, Callable[[Path, Arguments], Samples]] = {
    "GTSRB": _traffic_signs,
    "OxfordIIITPet": _pets,
}
"""How files are listed where torchvision's class hands out no paths."""


def _classes(dataset: Any, y: Int64[ndarray, " n"]) -> tuple[str, ...]:
    """Return the names of the classes; their numbers, where the set has no names for them."""
    names = list(getattr(dataset, "classes", ())) or [str(label) for label in range(int(y.max()) + 1)]
    # ImageNet and Imagenette give several names to a class.
    several = [(name,) if isinstance(name, str) else tuple(name) for name in names]
    first = tuple(each[0] for each in several)
    return first if len(set(first)) == len(first) else tuple(map(", ".join, several))


def _channels_first(x: ndarray, axes: str) -> UInt8[ndarray, "n channels height width"]:
    match axes:
        case "nhw":
            return x[:, None]
        case "nhwc":
            return np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        case _:
            return np.ascontiguousarray(x)
