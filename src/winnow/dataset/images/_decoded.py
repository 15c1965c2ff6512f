"""Where decoded images are put: into memory, or into a file that later commands map instead of decoding.

Such a file holds one image after the other, so that a training set of any size costs no memory. Beside it lie
two sums for each image: `names` says of which file, in which state, it was made; `seals` says that its bytes
are what was written. An image without a valid seal is decoded again, so a kill or a damaged disk costs no
more than the images concerned; when files were added, changed or removed, the others are copied over.
"""

import errno
import hashlib
import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray

from winnow.dataset.images._parallel import THREADS
from winnow.errors import DatasetUnavailable
from winnow.network.allocation import available_cores
from winnow.store.growing_array import MOST_IN_MEMORY

SUM_BYTES = 16
VERIFIED_AT_ONCE = 8_000_000  # bytes
KEPT_BEFORE = 1  # older files of the same folder that stay: a sweep over split_seed goes back and forth


@dataclass(eq=False)
class Unkept:
    """Images for this process only: in memory or, of more than `most` bytes, in a temporary file.

    The file has no name, lies where the system keeps temporary files (TMPDIR), and is gone with the images.
    """

    shape: tuple[int, int, int, int]
    most: int = MOST_IN_MEMORY

    @cached_property
    def _array(self) -> UInt8[ndarray, "n c h w"] | None:
        return np.empty(self.shape, np.uint8) if math.prod(self.shape) <= self.most else None

    @cached_property
    def _file(self) -> BinaryIO:
        return tempfile.TemporaryFile()

    def missing(self) -> Int64[ndarray, " m"]:
        """Return the rows that are yet to be put here: all."""
        return np.arange(self.shape[0])

    def put(self, row: int, pixels: UInt8[ndarray, "c h w"]) -> None:
        """Keep one image; may be called from several threads."""
        if self._array is not None:
            self._array[row] = pixels
            return
        try:
            _write(self._file.fileno(), pixels.tobytes(), row * pixels.size)
        except OSError as fault:
            needed = math.prod(self.shape) / 1e9
            raise DatasetUnavailable(
                f"decoded images must find room for {needed:.1f} GB, got {fault.strerror}",
                where=tempfile.gettempdir(),
                remedy="set TMPDIR to a folder on a larger disk, or read smaller images",
            ) from fault

    def images(self) -> UInt8[ndarray, "n c h w"]:
        """Return all images; read-only where they lie in a file."""
        return self._mapped if self._array is None else self._array

    @cached_property
    def _mapped(self) -> UInt8[ndarray, "n c h w"]:
        with self._file as file:  # what is mapped stays mapped
            file.truncate(math.prod(self.shape))
            return np.memmap(file, np.uint8, "r", shape=self.shape)


@dataclass(eq=False)
class OnDisk:
    """Images in a file in `folder`, for the files that are called `names`.

    Only one process at a time may put images here; any number may read those that are there.
    """

    folder: Path
    names: Sequence[bytes]
    shape: tuple[int, int, int, int]
    _files: list[int] = field(default_factory=list)

    def missing(self) -> Int64[ndarray, " m"]:
        """Return the rows whose bytes do not match their seal; all, where there is no such file yet."""
        stored = _open(self.folder, self.shape)
        if stored is None:
            return np.arange(self.shape[0])
        images, _, seals = stored
        size = images[0].size
        turn = max(1, VERIFIED_AT_ONCE // size)

        def damaged(start: int) -> list[int]:
            rows = range(start, min(start + turn, len(self.names)))
            # Read rather than mapped: mapped pages would count as this process's memory.
            at = images.offset + start * size
            content = np.fromfile(self.folder / "images.npy", np.uint8, len(rows) * size, offset=at)
            pixels = content.reshape(len(rows), size)
            return [
                row for row in rows if seals[row].tobytes() != _seal(self.names[row], pixels[row - start])
            ]

        with ThreadPoolExecutor(min(THREADS, available_cores())) as threads:
            found = threads.map(damaged, range(0, len(self.names), turn))
            return np.array([row for rows in found for row in rows], np.int64)

    def prepare(self) -> None:
        """Make the files if they are not there, and open them for writing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if _open(self.folder, self.shape) is None:
            names = np.frombuffer(b"".join(self.names), np.uint8).reshape(-1, SUM_BYTES)
            np.save(self.folder / "names.npy", names, allow_pickle=False)
            np.save(self.folder / "seals.npy", np.zeros_like(names), allow_pickle=False)
            np.lib.format.open_memmap(self.folder / "images.npy", "w+", np.uint8, self.shape)
        # Written as files rather than as mapped memory, where a full disk would kill the process.
        self._files = [os.open(self.folder / f"{name}.npy", os.O_WRONLY) for name in ("images", "seals")]

    def put(self, row: int, pixels: UInt8[ndarray, "c h w"]) -> None:
        """Keep one image; may be called from several threads."""
        images, seals = self._files
        content = pixels.tobytes()
        _write(images, content, self._offsets[0] + row * len(content))
        _write(seals, _seal(self.names[row], pixels), self._offsets[1] + row * SUM_BYTES)

    @cached_property
    def _offsets(self) -> tuple[int, int]:
        images, _, seals = _open(self.folder, self.shape)
        return images.offset, seals.offset

    def images(self) -> UInt8[ndarray, "n c h w"]:
        """Return all images, mapped from the file; read-only."""
        return np.lib.format.open_memmap(self.folder / "images.npy", "r")

    def close(self) -> None:
        """End the writing."""
        while self._files:
            os.close(self._files.pop())

    def copy_from_others(self, rows: Int64[ndarray, " m"]) -> Int64[ndarray, " rest"]:
        """Take what earlier lists of files of the same folder had as well; return the rows they had not."""
        wanted = {self.names[row]: row for row in rows.tolist()}
        for folder in _others(self.folder):
            if (stored := _open(folder, (None, *self.shape[1:]))) is None:
                continue
            images, names, seals = stored
            for at, name in enumerate(map(bytes, np.asarray(names))):
                if name in wanted and seals[at].tobytes() == _seal(name, images[at]):
                    self.put(wanted.pop(name), images[at])
        return np.sort(np.array(list(wanted.values()), np.int64))

    def remove_others(self) -> None:
        """Remove the files of earlier lists, but for the last."""
        for folder in _others(self.folder)[KEPT_BEFORE:]:
            shutil.rmtree(folder, ignore_errors=True)


def name_of(*parts: object) -> bytes:
    """Return a short sum of what an image was made of."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=SUM_BYTES).digest()


def _seal(name: bytes, pixels: ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=SUM_BYTES, key=name).digest()


def _open(folder: Path, shape: tuple[int | None, ...]) -> tuple[ndarray, ndarray, ndarray] | None:
    """Return images, names and seals; None if they are not there or do not fit together."""
    try:
        arrays = [
            np.lib.format.open_memmap(folder / f"{name}.npy", "r") for name in ("images", "names", "seals")
        ]
    except Exception:  # damage shows as anything from OSError to tokenize.TokenError
        return None
    images, *sums = arrays
    n = images.shape[0] if images.ndim else 0
    expected = (shape[0] or n, *shape[1:])
    whole = images.shape == expected and all(each.shape == (n, SUM_BYTES) for each in sums)
    return tuple(arrays) if whole and all(each.dtype == np.uint8 for each in arrays) else None


def _others(folder: Path) -> list[Path]:
    """Return the folders beside this one, the newest first."""
    others = []
    for path in folder.parent.iterdir():
        with suppress(OSError):  # another process may remove it
            if path != folder and path.is_dir():
                others.append(((path / "seals.npy").stat().st_mtime_ns, path))
    return [path for _, path in sorted(others, reverse=True)]


def _write(file: int, content: bytes, offset: int) -> None:
    if os.pwrite(file, content, offset) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
