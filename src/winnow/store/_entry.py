"""One entry of the cache as a folder of files: how it is written, sealed and read.

`entry.json` lists the files with their checksums and has a checksum itself. What is read is plain `.npy`
files of the names listed, inside the folder, or nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy import ndarray

from winnow import __version__
from winnow.store import _files
from winnow.store.growing_array import GrowingArray
from winnow.store.keys import content_key

Computed = tuple[dict[str, ndarray], dict[str, Any]]
Append = Callable[[str, ndarray], None]
ComputeRows = Callable[[Append], dict[str, Any]]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\.npy")
_LARGEST_MANIFEST = 2**24


@dataclass(frozen=True, eq=False)
class Entry:
    """A result: read-only arrays, notes that fit into JSON, and whether it was `found` or computed now."""

    arrays: dict[str, ndarray]
    info: dict[str, Any]
    found: bool


class CannotWrite(Exception):
    """The folder of an entry, and not the computation, failed with the OSError `fault`."""

    def __init__(self, fault: OSError) -> None:
        super().__init__(fault)
        self.fault = fault


def read(folder: Path, kind: str, key: str) -> Entry:
    """Return the entry if every byte is as it was written; raise whatever the damage leads to."""
    with _files.opened(folder / "entry.json") as stream:
        manifest = json.loads(stream.read(_LARGEST_MANIFEST))
    seal = manifest.pop("checksum")
    if (manifest["kind"], manifest["key"], seal) != (kind, key, content_key(**manifest)):
        raise ValueError("entry.json does not match its checksum")
    for name, expected in manifest["files"].items():
        if not _PLAIN_NAME.fullmatch(name):
            raise ValueError(f"entry.json must list plain names, got {name!r}")
        if _files.file_hash(folder / name) != expected:
            raise ValueError(f"{name} does not match its checksum")
    return Entry(mapped(folder, manifest["files"]), manifest["info"], found=True)


def mapped(folder: Path, names: Iterable[str]) -> dict[str, ndarray]:
    """Return the arrays of a folder's `.npy` files as read-only memory maps."""
    # Unlike `np.load`, which opens other formats too, this reads plain .npy or nothing.
    return {name.removesuffix(".npy"): np.lib.format.open_memmap(folder / name, mode="r") for name in names}


def write(folder: Path, arrays: dict[str, ndarray]) -> None:
    """Write one `.npy` file for each array, which are streamed to the disk without a copy in memory."""
    for name, array in arrays.items():
        with (folder / _file_name(name)).open("xb") as stream:
            np.save(stream, array, allow_pickle=False)
            _files.flush(stream)


def write_rows(folder: Path, compute: ComputeRows) -> dict[str, Any]:
    """Write the arrays batch by batch as they are computed, and return the info with the seconds it took.

    Raises
    ------
    CannotWrite
        If the fault is the folder's or the disk's.
    """
    start = monotonic()
    files: dict[str, _files.RowsFile] = {}
    with ExitStack() as opened:

        def append(name: str, rows: ndarray) -> None:
            with blaming_the_folder():
                if name not in files:
                    file = _files.RowsFile(folder / _file_name(name), rows.dtype, rows.shape[1:])
                    files[name] = opened.enter_context(file)
                files[name].append(rows)

        info = compute(append)
        with blaming_the_folder():
            for file in files.values():
                file.finish()
    return _plain(info, monotonic() - start)


def seal(folder: Path, kind: str, key: str, info: dict[str, Any]) -> None:
    """List the files of a folder with their checksums, and wait until all is on the disk."""
    files = {path.name: _files.file_hash(path) for path in sorted(folder.glob("*.npy"))}
    manifest = {"kind": kind, "key": key, "created_by": f"winnow {__version__}", "info": info, "files": files}
    text = json.dumps({**manifest, "checksum": content_key(**manifest)}, indent=1)
    with (folder / "entry.json").open("xb") as stream:
        stream.write(text.encode())
        _files.flush(stream)
    _files.flush_folder(folder)


@contextmanager
def blaming_the_folder() -> Iterator[None]:
    """Turn an OSError of the block into `CannotWrite`."""
    try:
        yield
    except OSError as fault:
        raise CannotWrite(fault) from fault


def computed(compute: Callable[[], Computed]) -> Entry:
    """Return what `compute` returns as an entry, with the seconds it took."""
    start = monotonic()
    arrays, info = compute()
    seconds = monotonic() - start
    # What is returned now must not differ from what is read tomorrow: read-only arrays, JSON's own types.
    return Entry({name: _frozen(array) for name, array in arrays.items()}, _plain(info, seconds), found=False)


def computed_unstored(compute: ComputeRows) -> Entry:
    """Return what `compute` appends as an entry that no later process finds."""
    growing: dict[str, GrowingArray] = {}

    def joined() -> Computed:
        with ExitStack() as opened:

            def append(name: str, rows: ndarray) -> None:
                if name not in growing:
                    growing[name] = opened.enter_context(GrowingArray())
                growing[name].append(rows.copy())

            info = compute(append)
            return {name: array.finish() for name, array in growing.items()}, info

    return computed(joined)


def _plain(info: dict[str, Any], seconds: float) -> dict[str, Any]:
    return json.loads(json.dumps({**info, "seconds": seconds}, allow_nan=False))


def _frozen(array: ndarray) -> ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _file_name(array: str) -> str:
    name = f"{array}.npy"
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError(f"the name of an array must be letters, digits and underscores, got {array!r}")
    return name
