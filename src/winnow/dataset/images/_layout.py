"""Tell from its folders what a data set's classes are, and what is for training and what for testing.

Understood are one folder per class, and such folders below a folder for training and one for testing, under
any of their usual names. What could be meant in two ways is refused: the names of folders would otherwise
become classes that nobody meant.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset.images._left_out import OTHER_PICTURES, counted, left_out, unread
from winnow.dataset.images._walk import Folder, ImageFile, listed, shown
from winnow.errors import DatasetUnavailable

TRAINING, TEST, VALIDATION = "training", "test", "validation"
PARTS = {
    **dict.fromkeys(("train", "training", "trainset", "train_set", "training_set"), TRAINING),
    **dict.fromkeys(("test", "testing", "testset", "test_set", "testing_set"), TEST),
    **dict.fromkeys(("val", "valid", "validation", "dev", "val_set", "validation_set"), VALIDATION),
}
ARCHIVES = frozenset((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".rar", ".7z"))


@dataclass(frozen=True, eq=False)
class Part:
    """The images of one part in the order of their classes and paths, and their labels."""

    folder: Folder
    classes: tuple[str, ...]
    images: list[ImageFile]
    y: Int64[ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Layout:
    """The parts of a data set; without a part for testing one has to be split off."""

    root: Path
    training: Part
    test: Part | None
    left_out: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.training.classes

    @cached_property
    def images(self) -> list[ImageFile]:
        return self.training.images + (self.test.images if self.test else [])

    @cached_property
    def y(self) -> Int64[ndarray, " n"]:
        return np.concatenate([self.training.y, self.test.y]) if self.test else self.training.y


def understand(root: Path, tree: Folder) -> Layout:
    """Return the layout of the folders in `tree`, which lie below `root`.

    Raises
    ------
    DatasetUnavailable
        If they could be meant in another way, or if a class has no image, or none to spare for testing.
    """
    if not tree.count:
        raise _nothing(root, tree)
    training, test, unused = _parts(root, tree)
    others = tuple(left_out(tree, [training, *([test] if test else [])], unused))
    if test is None:
        part = _part(root, training)
        _check_splittable(root, part)
        return Layout(root, part, None, others)
    parts = _part(root, training), _part(root, test)
    _check_same_classes(root, *parts)
    return Layout(root, *parts, others)


def understand_rows(root: Path, tree: Folder) -> Layout:
    """Return the layout of images to choose from: those of the training part, or all, if it has no classes.

    Without classes is what has images that lie in no folder of their own.

    Raises
    ------
    DatasetUnavailable
        If the folders could be meant in another way.
    """
    if not tree.count:
        raise _nothing(root, tree)
    if tree.images:
        images = tree.all_images()
        return Layout(root, Part(tree, (), images, np.empty(0, np.int64)), None, tuple(unread(tree)))
    training, test, unused = _parts(root, tree)
    others = list(left_out(tree, [training, *([test] if test else [])], unused))
    if test is not None:
        others.append(f"{shown(test.name)}/ with {test.count:,} images (for testing)")
    return Layout(root, _part(root, training), None, tuple(others))


def _parts(root: Path, tree: Folder) -> tuple[Folder, Folder | None, list[Folder]]:
    """Return the folders for training and testing, and those of a part for validation that is not used."""
    named = [folder for folder in tree.folders if _part_of(folder)]
    others = [folder for folder in tree.folders if not _part_of(folder)]
    # `train` beside `car` and `plane`, with photographs in each, is a class.
    if not named or (any(folder.count for folder in others) and all(folder.images for folder in named)):
        return tree, None, []
    if strangers := [folder.name for folder in others if folder.count]:
        beside = listed([folder.name for folder in named])
        raise _unclear(
            f"{beside} must not stand beside other folders of images, got {listed(strangers)}",
            root,
            "move these elsewhere, or put them into the folder they belong to",
        )
    training, test, validation = (_one(root, named, part) for part in (TRAINING, TEST, VALIDATION))
    if training is None or not (test or validation):
        raise _unclear(
            "there must be a folder for training and one for testing, got only "
            f"{listed(folder.name for folder in named)}",
            root,
            f"to have a test part split off the images: dataset.folder={shown(str(root / named[0].path))}",
        )
    unused = [validation] if test and validation else []
    return training, test or validation, unused


def _part_of(folder: Folder) -> str | None:
    return PARTS.get(folder.name.strip().casefold().replace("-", "_").replace(" ", "_"))


def _one(root: Path, named: list[Folder], part: str) -> Folder | None:
    found = [folder for folder in named if _part_of(folder) == part]
    if len(found) > 1:
        raise _unclear(
            f"there must be one folder for {part}, got {listed(folder.name for folder in found)}",
            root,
            "join them, or move one of them elsewhere",
        )
    return found[0] if found else None


def _part(root: Path, folder: Folder) -> Part:
    """Return the images of the class folders in `folder`, after having checked that they are such."""
    _check_direct(root, folder)
    by_name: dict[str, list[Folder]] = {}
    for each in folder.folders:
        by_name.setdefault(class_name(each.name), []).append(each)
    _check_names(root, folder)
    _check_depth(root, folder)
    _check_filled(root, folder, by_name)
    images = [[image for each in by_name[name] for image in each.all_images()] for name in sorted(by_name)]
    y = np.repeat(np.arange(len(images), dtype=np.int64), [len(of_class) for of_class in images])
    return Part(folder, tuple(sorted(by_name)), [image for of_class in images for image in of_class], y)


def class_name(name: str) -> str:
    """Return the name of the class in the folder `name`: without outer blanks, accented letters composed.

    >>> class_name("Ka\\u0308se ") == "K\\u00e4se"
    True
    """
    return unicodedata.normalize("NFC", name).strip()


def _alike(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _check_direct(root: Path, folder: Folder) -> None:
    if not folder.images:
        return
    names = listed(image.path.rpartition("/")[2] for image in folder.images)
    rule = f"every image must lie in the folder of its class, got {len(folder.images):,} outside: {names}"
    remedy = "move these into a folder per class, or elsewhere"
    if folder.path and not folder.folders:
        remedy += "; if only the other part has classes, name that one as dataset.folder"
    raise _unclear(rule, root / folder.path, remedy)


def _check_names(root: Path, folder: Folder) -> None:
    """Refuse two folders whose names a person would take for one, unless they are one to Unicode."""
    seen: dict[str, str] = {}
    for each in folder.folders:
        if any(unicodedata.category(letter) == "Cs" for letter in each.name):
            raise _unclear("the name of a class must be valid UTF-8", root / each.path, "rename the folder")
        name = unicodedata.normalize("NFC", each.name)
        if seen.setdefault(_alike(name), name) != name:
            first = seen[_alike(name)]
            raise _unclear(
                f"classes must differ by more than case or blanks, got {_quoted(first)} and {_quoted(name)}",
                root / folder.path,
                "join the two folders, or rename one",
            )


def _check_depth(root: Path, folder: Folder) -> None:
    """Refuse folders that hold no images but folders of images: which of the two are the classes?"""
    filled = [each for each in folder.folders if each.count]
    for each in filled:
        inner = each
        while not inner.images and len(below := [f for f in inner.folders if f.count]) == 1:
            inner = below[0]
        wrapped = len(filled) == 1 and not each.images
        if not inner.images or wrapped:
            last = inner if not inner.images else each
            names = listed(f"{f.name}/" for f in last.folders if f.count)
            raise _unclear(
                f"a class must hold images, got {shown(last.name)}/ that only holds folders of them: {names}",
                root / folder.path,
                f"if those are the classes: dataset.folder={shown(str(root / last.path))}; "
                f"if {shown(last.name)} is one: move its images up into it",
            )


def _check_filled(root: Path, folder: Folder, by_name: dict[str, list[Folder]]) -> None:
    empty = [each for folders in by_name.values() for each in folders if not sum(f.count for f in folders)]
    if not empty:
        return
    held = sum((each.all_left_out() for each in empty), Counter())
    there = f" (there: {counted(held)})" if held else ""
    remedy = "remove the folder, or put images into it"
    if held.keys() & OTHER_PICTURES:
        remedy = "convert these files to .jpg or .png, or remove the folder"
    raise _unclear(
        f"every class must have an image, got none for {listed(each.name for each in empty)}{there}",
        root / folder.path,
        remedy,
    )


def _check_splittable(root: Path, part: Part) -> None:
    sizes = np.bincount(part.y)
    if single := [name for name, size in zip(part.classes, sizes, strict=True) if size < 2]:
        raise _unclear(
            f"every class must have at least 2 images, one to learn from and one to be tested on, got 1 for "
            f"{listed(single)}",
            root,
            "add images, remove the class, or make folders train/ and test/ yourself",
        )


def _check_same_classes(root: Path, training: Part, test: Part) -> None:
    if training.classes == test.classes:
        return
    first, second = (f"{shown(part.folder.name)}/" for part in (training, test))
    only = [(name, first) for name in training.classes if name not in test.classes]
    only += [(name, second) for name in test.classes if name not in training.classes]
    alike = len({_alike(name) for name, _ in only}) < len(only)
    raise _unclear(
        f"{first} and {second} must have the same classes, got only one of "
        f"{listed(f'{_quoted(name)} (in {where})' for name, where in only)}",
        root,
        "rename the folders: names differ only by case or blanks" if alike else "add or remove these folders",
    )


def _nothing(root: Path, tree: Folder) -> DatasetUnavailable:
    held = tree.all_left_out()
    remedy = "unpack it" if held.keys() & ARCHIVES else ""
    if held.keys() & OTHER_PICTURES:
        remedy = "convert these files to .jpg or .png"
    there = counted(held) if held else "none"
    return _unclear(f"there must be one folder per class with images in it, got {there}", root, remedy)


def _quoted(name: str) -> str:
    return f"'{shown(name)}'"


def _unclear(rule: str, where: Path, remedy: str) -> DatasetUnavailable:
    layout = "put the images of each class into a folder of their own"
    return DatasetUnavailable(rule, where=shown(str(where)), remedy=remedy or layout)
