"""Decode images that lie in the cells of a table, as bytes or as the path of a file, batch by batch."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped, UInt8
from numpy import ndarray

from winnow.dataset.images import _pixels
from winnow.dataset.images._decode import HEADER, Format
from winnow.dataset.images._parallel import in_turns
from winnow.dataset.images._pixels import Scale, library_warnings_ignored, reason
from winnow.dataset.images._walk import listed
from winnow.errors import DatasetUnavailable
from winnow.store.cache import Cache
from winnow.store.keys import content_key, library_versions
from winnow.store.source import code_hash


@dataclass(frozen=True)
class Content:
    """The bytes of an image, which can be opened as a file can."""

    content: bytes

    def open(self, mode: str) -> io.BytesIO:
        """Return the bytes as a stream."""
        return io.BytesIO(self.content)

    def is_symlink(self) -> bool:
        """Return that no link leads to it."""
        return False


def image_of(cell: Any, folder: Path) -> Content | Path:
    """Return what a cell holds: bytes, a path below `folder`, or a structure of `bytes` and `path`.

    >>> image_of(b"abc", Path()), image_of({"bytes": None, "path": "a/1.png"}, Path("photos")).as_posix()
    (Content(content=b'abc'), 'photos/a/1.png')

    Raises
    ------
    ValueError
        If it holds none of them.
    """
    held = cell
    if isinstance(cell, dict):
        held = cell.get("path") if cell.get("bytes") is None else cell["bytes"]
    match held:
        case bytes():
            return Content(held)
        case str():
            return folder / held
        case None:
            raise ValueError("an empty cell")
    raise ValueError("neither bytes nor a path")


@dataclass(eq=False)
class ImageCells:
    """The `rows` images that `cells()` yields in order, each time it is called.

    `identity` says what they are: equal ones are decoded once, into the cache.
    """

    cells: Callable[[], Iterable[Any]]
    rows: int
    folder: Path
    place: Callable[[int], str]
    identity: tuple[str, ...]
    max_pixels: int
    cache_dir: str | None
    faults: dict[int, str] = field(default_factory=dict)

    def headers(self) -> Shaped[ndarray, " n"]:
        """Return what is known of every image without its pixels, an array of `HEADER`.

        Raises
        ------
        DatasetUnavailable
            Naming the cells that hold no image.
        """
        found = np.zeros(self.rows, HEADER)

        def read(row: int, image: Content | Path) -> None:
            found[row] = tuple(_pixels.read_header(image, self.max_pixels))

        def headers() -> tuple[dict[str, ndarray], dict[str, Any]]:
            for _ in self._in_turns(read, "looking at images"):
                pass
            return {"headers": found.view(np.uint8).reshape(self.rows, HEADER.itemsize)}, {}

        if not self.cache_dir:
            headers()
            return found
        key = self._key(self.max_pixels)
        return self._cache.fetch("headers", key, headers).arrays["headers"].view(HEADER).reshape(-1)

    def decode(self, form: Format, is_test: Bool[ndarray, " n"]) -> dict[str, UInt8[ndarray, "_ c h w"]]:
        """Return the images as bytes, `x` and those of them that are for testing, `x_test`.

        They are mapped from the cache if there is one.

        Raises
        ------
        DatasetUnavailable
            Naming the cells whose images cannot be decoded.
        """

        def rows(append: Callable[[str, ndarray], None]) -> dict[str, Any]:
            start = 0
            for batch in self._decoded(form):
                chosen = is_test[start : start + len(batch)]
                start += len(batch)
                for name, part in (("x", batch[~chosen]), ("x_test", batch[chosen])):
                    if len(part):
                        append(name, part)
            return {}

        if not self.cache_dir:
            parts: dict[str, list[ndarray]] = {"x": [], "x_test": []}
            rows(lambda name, part: parts[name].append(part))
            return {name: np.concatenate(batches) for name, batches in parts.items()}
        scale = [[kind, *map(float, each)] for kind, each in form.scale.items()]
        chosen = np.packbits(is_test).tobytes().hex()
        key = self._key(form.size, form.channels, self.max_pixels, scale, chosen)
        return self._cache.fetch_rows("decoded_cells", key, rows).arrays

    def _decoded(self, form: Format) -> Iterator[UInt8[ndarray, "m c h w"]]:
        batch: dict[int, ndarray] = {}

        def read(row: int, image: Content | Path) -> None:
            batch[row] = _pixels.read_pixels(image, form.size, form.channels, form.scale, self.max_pixels)

        for _ in self._in_turns(read, "reading images"):
            if not self.faults:
                yield np.stack([batch[row] for row in sorted(batch)])
            batch.clear()

    def _in_turns(self, read: Callable[[int, Content | Path], None], description: str) -> Iterator[None]:
        """Call `read` for every cell, in threads, and yield after each turn; raise at the end what failed."""
        from PIL import Image

        Image.init()  # once, before there are threads

        def one(numbered: tuple[int, Any]) -> None:
            row, cell = numbered
            image: Content | Path = Content(b"")
            try:
                image = image_of(cell, self.folder)
                read(row, image)
            except MemoryError:
                raise
            except Exception as error:  # broken bytes make decoders raise nearly anything
                self.faults[row] = reason(error, image)

        with library_warnings_ignored():
            yield from in_turns(one, enumerate(self.cells()), self.rows, description)
        self._raise_faults()

    def _raise_faults(self) -> None:
        if self.faults:
            faults = (f"{self.place(row)} ({why})" for row, why in sorted(self.faults.items()))
            raise DatasetUnavailable(
                f"{len(self.faults):,} of {self.rows:,} images cannot be read: {listed(faults)}",
                where=str(self.folder),
                remedy="mend or remove these rows",
            )

    @property
    def _cache(self) -> Cache:
        return Cache(Path(self.cache_dir).absolute())

    def _key(self, *settings: Any) -> str:
        return content_key(
            identity=self.identity,
            settings=settings,
            code=code_hash(Scale),
            versions=library_versions("pillow", "numpy"),
        )
