"""List the images below a folder, and count what is left out and why.

Links to folders are followed. Hidden files and folders, and those that systems and programs leave behind, are
left out, as are files of other kinds; a file that is announced as an image by its ending is listed even if
it turns out to be broken.
"""

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from winnow.dataset.images._pixels import SUFFIXES
from winnow.errors import DatasetUnavailable

# Lower case. Left behind by macOS, Windows, Synology and QNAP storage, file systems and Python.
SYSTEM_NAMES = frozenset(
    (
        *("__macosx", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin"),
        *("system volume information", "@eadir", "#recycle", "@recycle", "@thumb", "lost+found"),
        *("__pycache__", "thumbnails", "_thumbnails"),
    )
)
NAMED = 8  # names spelled out in one line
DEEPEST = 50  # folders within folders
NO_ENDING, EMPTY, NOT_REGULAR, CIRCLE = (
    "without an ending",
    "empty",
    "that are no files",
    "links to a folder above",
)


class ImageFile(NamedTuple):
    """An image below the data set's folder; by its size and dates it is known to be the same file still."""

    path: str
    size: int
    modified: int
    changed: int


@dataclass(eq=False)
class Folder:
    """A folder of the data set: what lies directly in it, and its folders, in the order of their names."""

    path: str
    images: list[ImageFile] = field(default_factory=list)
    folders: list["Folder"] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @cached_property
    def count(self) -> int:
        """Number of images in this folder and all below it."""
        return len(self.images) + sum(folder.count for folder in self.folders)

    def all(self) -> Iterator["Folder"]:
        """Yield this folder and all below it."""
        yield self
        for folder in self.folders:
            yield from folder.all()

    def all_images(self) -> list[ImageFile]:
        """Return the images in this folder and below, in the order of their paths."""
        found = [image for folder in self.all() for image in folder.images]
        return sorted(found, key=lambda image: image.path.split("/"))

    def all_left_out(self) -> Counter[str]:
        """Return how many files and folders were left out here and below, by what they are."""
        return sum((folder.left_out for folder in self.all()), Counter())


def walk(root: Path) -> Folder:
    """List what lies below `root`.

    Raises
    ------
    DatasetUnavailable
        If a folder cannot be listed or is reached in two ways, or if a name holds control characters.
    """
    return _Walk(root).below(Folder(""), ())


@dataclass(eq=False)
class _Walk:
    root: Path
    reached: dict[tuple[int, int], str] = field(default_factory=dict)  # by device and inode

    def below(self, folder: Folder, above: tuple[tuple[int, int], ...]) -> Folder:
        path = self.root / folder.path
        try:
            known = path.stat()
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise _refused(f"every folder must be readable, got {error.strerror}", path) from error
        here = (known.st_dev, known.st_ino)
        if len(above) > DEEPEST:
            raise _refused(f"folders must lie at most {DEEPEST} deep in each other, got more", path)
        if here in self.reached:
            raise _refused(
                f"a folder must be reached in one way, got it as {shown(self.reached[here])} and as "
                f"{shown(folder.path)}",
                self.root,
                "remove the link",
            )
        self.reached[here] = folder.path
        for entry in found:
            self._take(folder, entry, (*above, here))
        return folder

    def _take(self, folder: Folder, entry: os.DirEntry, above: tuple[tuple[int, int], ...]) -> None:
        if (why := _litter(entry.name)) is not None:
            folder.left_out[why] += 1
            return
        path = f"{folder.path}/{entry.name}" if folder.path else entry.name
        if not entry.name.isprintable() and "Cc" in map(unicodedata.category, entry.name):
            raise _refused("names must hold no control characters", self.root / path, "rename it")
        suffix = os.path.splitext(entry.name)[1].lower()
        try:
            known = entry.stat()
        except OSError:  # a dead link: missing data where it is announced as an image
            known = None
        if known is not None and stat.S_ISDIR(known.st_mode):
            if (known.st_dev, known.st_ino) in above:
                folder.left_out[CIRCLE] += 1
            else:
                folder.folders.append(self.below(Folder(path), above))
        elif known is not None and not stat.S_ISREG(known.st_mode):
            folder.left_out[NOT_REGULAR] += 1
        elif suffix not in SUFFIXES:
            folder.left_out[suffix or NO_ENDING] += 1
        elif known is None:
            folder.images.append(ImageFile(path, 0, 0, 0))
        elif known.st_size == 0:
            folder.left_out[EMPTY] += 1
        else:
            folder.images.append(ImageFile(path, known.st_size, known.st_mtime_ns, known.st_ctime_ns))


def _litter(name: str) -> str | None:
    """Return what a file or folder is that no person put there, else None.

    >>> _litter(".DS_Store"), _litter("Thumbs.db"), _litter("cat")
    ('hidden', 'Thumbs.db', None)
    """
    if name.startswith("."):
        return "hidden"
    return shown(name) if name.lower() in SYSTEM_NAMES else None


def shown(name: str) -> str:
    """Return a name as it may be printed: what would command a terminal is written as an escape.

    >>> shown("Käse"), shown("a\\x1b[31m")
    ('Käse', 'a\\\\x1b[31m')
    """
    odd = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in odd else letter
        for letter in name
    )


def listed(names: Iterable[str], several: str = "more") -> str:
    """Name the first few and count the others.

    >>> listed(["a", "b"]), listed("abcdefghij")
    ('a, b', 'a, b, c, d, e, f, g, h and 2 more')
    """
    names = [shown(name) for name in names]
    others = f" and {len(names) - NAMED:,} {several}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + others


def _refused(rule: str, where: Path, remedy: str = "") -> DatasetUnavailable:
    return DatasetUnavailable(rule, where=shown(str(where)), remedy=remedy)
