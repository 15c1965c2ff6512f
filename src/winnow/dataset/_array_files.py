"""Open arrays in `.npz`, `.npy` and `.safetensors` files, without ever running what a file says."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy import ndarray

from winnow.errors import DatasetUnavailable
from winnow.store.regular_file import open_regular, reason, size_in_words

MAX_LOADED_BYTES = 32 * 2**30
"""Largest file whose arrays are loaded into memory; `.npy` files are mapped, and may have any size."""
ANY_SIZE = 2**62
NAMES = {
    "x": ("x", "x_train"),
    "y": ("y", "y_train"),
    "x_test": ("x_test",),
    "y_test": ("y_test",),
}
"""What arrays may be called in a file of several."""
DAMAGED = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


def unfit(path: str | Path, rule: str, remedy: str = "") -> DatasetUnavailable:
    """Return the refusal of the arrays in a file that break a rule."""
    return DatasetUnavailable(f"the arrays must {rule}", where=str(path), remedy=remedy)


def unreadable(path: str | Path, got: str, remedy: str) -> DatasetUnavailable:
    """Return the refusal of a file that holds no arrays that can be read."""
    return unfit(path, f"be readable, got {got}", remedy)


def open_npy(path: str) -> ndarray:
    """Map the array of one `.npy` file: its bytes are read when they are used.

    Raises
    ------
    DatasetUnavailable
        If it is no regular file, or not one array of plain numbers or text.
    """
    _check_regular(path, ANY_SIZE)
    try:
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGED as error:
        raise _damaged(path, error) from error
    if not isinstance(loaded, ndarray):
        loaded.close()
        raise unreadable(path, "several arrays", "give the .npz file as dataset.file alone")
    return loaded


def open_several(path: str, needed: Sequence[str] = ("x", "y")) -> tuple[dict[str, ndarray], list[str]]:
    """Load x, y, x_test and y_test from one file, as far as they are there; return the names of others, too.

    Raises
    ------
    DatasetUnavailable
        If the file cannot be read, lacks an array that is needed, or has one under two names.
    """
    _check_regular(path, MAX_LOADED_BYTES)
    loaded = _load_safetensors(path) if path.lower().endswith(".safetensors") else _load_npz(path)
    there = {name: [each for each in names if each in loaded] for name, names in NAMES.items()}
    if twice := [" and ".join(names) for names in there.values() if len(names) > 1]:
        raise DatasetUnavailable(
            f"the file must hold every array under one name, got {', '.join(twice)}",
            where=path,
            remedy="leave out or rename one of them",
        )
    if missing := [name for name in needed if not there[name]]:
        raise DatasetUnavailable(
            f"the file must hold the arrays {' and '.join(needed)}, got {', '.join(loaded) or 'none'}",
            where=path,
            remedy=f"name them x (or x_train) and y (or y_train): {' and '.join(missing)} missing"
            + "; select_only=true needs no y" * (missing == ["y"]),
        )
    found = {name: loaded[names[0]] for name, names in there.items() if names}
    return found, [name for name in loaded if [name] not in there.values()]


def _load_npz(path: str) -> dict[str, ndarray]:
    wanted = [name for names in NAMES.values() for name in names]
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_LOADED_BYTES:
            raise unreadable(
                path, f"{size_in_words(size)} of arrays", "save them as .npy files, which are mapped"
            )
        with np.load(path, allow_pickle=False) as file:
            # Others may be Python objects, or large: only their names are of use.
            return {name: file[name] if name in wanted else np.empty(0) for name in file.files}
    except DAMAGED as error:
        raise _damaged(path, error) from error


def _load_safetensors(path: str) -> dict[str, ndarray]:
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise unreadable(
            path,
            "a safetensors file, and the library for it is not installed",
            "pip install safetensors, or save the arrays as .npz",
        ) from error
    try:
        return load_file(path)
    except Exception as error:  # the library's own errors have no common class
        raise _damaged(path, error) from error


def _check_regular(path: str, limit: int) -> None:
    try:
        open_regular(path, limit).close()
    except OSError as error:
        raise unreadable(path, reason(error), "name a regular .npz, .npy or .safetensors file") from error


def _damaged(path: str, error: Exception) -> DatasetUnavailable:
    if "pickle" in str(error) or "Python objects" in str(error):
        return unreadable(
            path,
            "Python objects, which could run anything",
            "save an array of plain numbers or text: np.asarray(y, dtype=str)",
        )
    return unreadable(path, reason(error), "save the arrays again with np.save or np.savez")
