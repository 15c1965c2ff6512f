"""Decode the images of a data set once: what earlier commands decoded is taken from the cache folder."""

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median_low

import numpy as np
from jaxtyping import Int64, Shaped, UInt8
from numpy import ndarray

from winnow.dataset.images import _pixels
from winnow.dataset.images._decoded import OnDisk, Unkept, name_of
from winnow.dataset.images._parallel import for_each
from winnow.dataset.images._pixels import EIGHT_BITS, Header, Scale, library_warnings_ignored, reason, scales
from winnow.dataset.images._walk import NAMED, ImageFile, listed, shown
from winnow.errors import DatasetUnavailable, WinnowWarning
from winnow.store.cache import Cache
from winnow.store.keys import content_key, library_versions
from winnow.store.source import code_hash

HEADER = np.dtype(list(zip(Header._fields, ("i4", "i4", "?", "?", "u1", "f8", "f8"), strict=True)))
LARGEST_BY_DEFAULT = 64


@dataclass(frozen=True, eq=False)
class Format:
    """What all images of a data set are brought to.

    `largest` is what `size` could not exceed where it was left to the files; None where it was given.
    """

    size: int
    channels: int
    scale: dict[int, Scale]
    largest: int | None

    @classmethod
    def of(
        cls, headers: Shaped[ndarray, " n"], size: int | None, largest: int, channels: int | None
    ) -> "Format":
        """Choose what is left open after the files.

        Their median shorter side in pixels, at most `largest`; 1 channel if all are grey, else 3.
        """
        known = headers[headers["width"] > 0]
        shorter = np.minimum(known["width"], known["height"]).tolist()
        return cls(
            size or min(median_low(shorter), largest),
            channels or (1 if known["grey"].all() else 3),
            scales(known["values"], known["low"], known["high"]),
            None if size else largest,
        )


@dataclass(eq=False)
class Images:
    """The image files below `root` in the order of the data set, decoded through the folder `cache_dir`.

    Files that cannot be read are gathered in `faults`, by row, so that all are named at once.
    """

    root: Path
    files: Sequence[ImageFile]
    max_pixels: int
    cache_dir: Path | None
    faults: dict[int, str] = field(default_factory=dict)

    @cached_property
    def _sums(self) -> list[bytes]:
        """A sum of every file's path, size and dates: a file that keeps it is taken to be the same."""
        return [name_of(*file) for file in self.files]

    def headers(self) -> Shaped[ndarray, " n"]:
        """Return what is known of every file without its pixels, an array of `HEADER`; zeros where broken."""
        key = self._key("headers", self.max_pixels, name_of(*self._sums).hex())
        cache = Cache(self.cache_dir) if self.cache_dir else None
        if cache and (entry := cache.load("headers", key)) is not None:
            return entry.arrays["headers"].view(HEADER).reshape(-1)
        found = np.zeros(len(self.files), HEADER)

        def read(row: int) -> None:
            with self._noted(row):
                found[row] = tuple(_pixels.read_header(self.root / self.files[row].path, self.max_pixels))

        self._for_each(read, range(len(self.files)), "looking at images")
        if cache and not self.faults and self._writable:
            as_bytes = found.view(np.uint8).reshape(len(found), HEADER.itemsize)
            cache.fetch("headers", key, lambda: ({"headers": as_bytes}, {}))
        return found

    def decode(self, form: Format, headers: Shaped[ndarray, " n"]) -> UInt8[ndarray, "n c h w"]:
        """Return all images as bytes.

        Raises
        ------
        DatasetUnavailable
            Naming the files that cannot be read. What could be decoded is kept all the same.
        """
        shape = (len(self.files), form.channels, form.size, form.size)
        found = self._through_cache(self._on_disk(form, headers, shape), form) if self.cache_dir else None
        if found is None:
            shelf = Unkept(shape)
            found = self._fill(shelf, shelf.missing(), form)
        self.raise_faults()
        return found

    def raise_faults(self) -> None:
        """Raise what is known to be broken, if anything is."""
        if not self.faults:
            return
        faults = sorted(f"{self.files[row].path} ({reason})" for row, reason in self.faults.items())
        remedy = "mend or remove these files"
        if len(faults) > NAMED:
            remedy += f"; all are listed in {self._write_list(faults)}"
        raise DatasetUnavailable(
            f"{len(faults):,} of {len(self.files):,} images cannot be read: {listed(faults)}",
            where=shown(str(self.root)),
            remedy=remedy,
        )

    def _write_list(self, faults: list[str]) -> Path:
        content = "".join(f"{fault}\n" for fault in faults).encode("utf-8", "surrogateescape")
        if self.cache_dir and self._writable:
            with suppress(OSError):
                path = self.cache_dir / f"unreadable-{self._key('faults')[:8]}.txt"
                path.write_bytes(content)
                return path
        with tempfile.NamedTemporaryFile(prefix="unreadable-", suffix=".txt", delete=False) as stream:
            stream.write(content)
        return Path(stream.name)

    def _through_cache(self, shelf: OnDisk, form: Format) -> UInt8[ndarray, "n c h w"] | None:
        """Decode into a file below the cache folder; return None where that cannot be written."""
        if not len(shelf.missing()):
            return shelf.images()
        if not self._writable:
            return None
        try:
            with Cache(self.cache_dir).lock(f"decoded-{shelf.folder.parent.name}"):
                return self._fill_file(shelf, form)
        except OSError as fault:
            self._warn(fault)
            return None

    def _fill_file(self, shelf: OnDisk, form: Format) -> UInt8[ndarray, "n c h w"]:
        shelf.prepare()
        try:
            rows = shelf.missing()  # another process may have filled it while this one waited
            found = self._fill(shelf, shelf.copy_from_others(rows), form)
            if not self.faults:
                shelf.remove_others()
            return found
        finally:
            shelf.close()

    def _fill(
        self, shelf: Unkept | OnDisk, rows: Int64[ndarray, " m"], form: Format
    ) -> UInt8[ndarray, "n c h w"]:
        def decode(row: int) -> None:
            pixels = None
            with self._noted(row):
                path = self.root / self.files[row].path
                pixels = _pixels.read_pixels(path, form.size, form.channels, form.scale, self.max_pixels)
            if pixels is not None:  # what goes wrong in keeping it is no fault of the file
                shelf.put(row, pixels)

        self._for_each(decode, [row for row in rows.tolist() if row not in self.faults], "reading images")
        return shelf.images()

    def _for_each(self, work: Callable[[int], None], rows: Sequence[int], description: str) -> None:
        from PIL import Image

        Image.init()  # once, before there are threads
        with library_warnings_ignored():
            for_each(work, rows, description)

    def _on_disk(self, form: Format, headers: Shaped[ndarray, " n"], shape: tuple[int, ...]) -> OnDisk:
        names = [
            # Only beyond eight bits do the other files of the data set change what is made of a file.
            file if values == EIGHT_BITS else name_of(file, form.scale[values])
            for file, values in zip(self._sums, headers["values"].tolist(), strict=True)
        ]
        group = self._key("decoded", form.size, form.channels)[:16]
        return OnDisk(self.cache_dir / "decoded" / group / name_of(*names).hex(), names, shape)

    def _key(self, kind: str, *settings: int | str) -> str:
        return content_key(
            kind=kind,
            folder=str(self.root.resolve()),
            settings=settings,
            code=code_hash(Scale),
            versions=library_versions("pillow", "numpy"),
        )

    @contextmanager
    def _noted(self, row: int) -> Iterator[None]:
        """Note the fault of a file and go on: broken bytes make decoders raise nearly anything."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            self.faults[row] = reason(error, self.root / self.files[row].path)

    @cached_property
    def _writable(self) -> bool:
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.cache_dir):
                return True
        except OSError as fault:
            self._warn(fault)
            return False

    def _warn(self, fault: OSError) -> None:
        warnings.warn(
            f"decoded images cannot be kept, the next command decodes them again | {self.cache_dir} | "
            f"{fault.strerror or fault}",
            WinnowWarning,
            stacklevel=2,
        )
