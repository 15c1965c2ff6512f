"""Compute once per key, whoever asks: store arrays so that a hit is certain to be what was computed.

An entry is a folder of plain `.npy` files and an `entry.json` with their checksums. It is written under a
temporary name, flushed to disk and renamed into place, so that a killed process leaves nothing behind that
could be taken for a result. One process computes while the others wait. Every read verifies every byte: a
damaged entry is set aside and computed again. Nothing in it is ever unpickled, because a cache on a shared
disk holds other people's files.

The cache never stands in the way of a result: where it cannot write, it computes and says so.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from time import monotonic, time
from typing import Any

import numpy as np
from numpy import ndarray

from winnow import __version__
from winnow.errors import WinnowWarning
from winnow.store.keys import content_key
from winnow.store.lock import default_timeout, hold

Computed = tuple[dict[str, ndarray], dict[str, Any]]


def crash_point(name: str) -> None:
    """Die here and at once if WINNOW_CRASH_AT says so: how the tests prove that a kill does no harm."""
    if os.environ.get("WINNOW_CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, eq=False)
class Entry:
    """A result: read-only arrays, notes that fit into JSON, and whether it was `found` or computed now."""

    arrays: dict[str, ndarray]
    info: dict[str, Any]
    found: bool


@dataclass(frozen=True)
class Cache:
    """Results by kind and key in `folder`; as cheap to make as a path, and as easy to send to a worker.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> with TemporaryDirectory() as folder:
    ...     cache = Cache(Path(folder))
    ...     one = cache.fetch("square", "ab12", lambda: ({"y": np.array([1, 4, 9])}, {}))
    ...     two = cache.fetch("square", "ab12", lambda: ({"y": np.array([0, 0, 0])}, {}))
    ...     (one.found, two.found, two.arrays["y"].tolist())
    (False, True, [1, 4, 9])
    """

    folder: Path
    lock_timeout: float = field(default_factory=default_timeout)

    def entry_folder(self, kind: str, key: str) -> Path:
        """Return where an entry is kept: any tool can `np.load` the files in it."""
        return self.folder / kind / key[:2] / key

    def load(self, kind: str, key: str) -> Entry | None:
        """Return a verified entry, or None where there is none; a damaged one is set aside."""
        entry = self._peek(kind, key)
        if entry is not None or not os.path.isdir(self.entry_folder(kind, key)):
            return entry
        with ExitStack() as held:
            try:
                held.enter_context(self.lock(f"{kind}-{key}"))
            except OSError as fault:
                _warn_damaged(kind, key, fault)
                return None
            return self._settle(kind, key)

    def fetch(self, kind: str, key: str, compute: Callable[[], Computed]) -> Entry:
        """Return the entry of `key`, computed by exactly one process if it is not there yet.

        `compute` returns the arrays and the info; the seconds it took are added to the info. Where the
        folder cannot be written, the result is returned all the same, with one warning.

        Raises
        ------
        TryLater
            If another process still holds the key after `lock_timeout` seconds.
        """
        if (entry := self._peek(kind, key)) is not None:
            return entry
        with ExitStack() as held:
            try:
                held.enter_context(self.lock(f"{kind}-{key}"))
            except OSError as fault:
                _warn_uncached(kind, self.folder, fault)
                return _run(compute)
            # Another process may have finished, or mended the entry, while this one waited.
            if (entry := self._settle(kind, key)) is not None:
                return entry
            entry = _run(compute)
            crash_point("fit")
            try:
                self._write(kind, key, entry)
            except (OSError, RuntimeError) as fault:
                _warn_uncached(kind, self.folder, fault)
            return entry

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock `name` against every process on this file system; it dies with its holder.

        Raises
        ------
        TryLater
            Naming the holder, if the lock is not free within `lock_timeout` seconds.
        """
        return hold(self.folder / "locks" / f"{name}.lock", self.lock_timeout)

    def sweep_temporary(self, older_than_seconds: float = 3600.0) -> int:
        """Remove what killed writers left behind and old damaged entries; return how many folders went."""
        removed = 0
        for path in [*self.folder.glob("*/*/.tmp-*"), *self.folder.glob("*/*/.corrupt-*")]:
            if _writer_is_dead(path) or _age(path) > older_than_seconds:
                shutil.rmtree(path, ignore_errors=True)
                removed += not path.exists()
        return removed

    def _peek(self, kind: str, key: str) -> Entry | None:
        # Without the lock a damaged entry may be one that is being replaced: `_settle` decides, under it.
        try:
            return self._read(kind, key)
        except Exception:
            return None

    def _settle(self, kind: str, key: str) -> Entry | None:
        """Read again under the lock, and only then believe in damage."""
        folder = self.entry_folder(kind, key)
        if not os.path.isdir(folder):
            return None
        try:
            return self._read(kind, key)
        # Damage shows as anything from EOFError to tokenize.TokenError.
        except Exception as fault:
            aside = folder.with_name(f".corrupt-{os.getpid()}-{token_hex(4)}")
            # A read-only cache keeps its damaged entry, and the result is then computed without it.
            with suppress(OSError):
                os.rename(folder, aside)
                os.utime(aside)  # its age counts from now
            _warn_damaged(kind, key, fault)
            return None

    def _read(self, kind: str, key: str) -> Entry:
        """Return the entry if every byte is as it was written; raise whatever the damage leads to."""
        folder = self.entry_folder(kind, key)
        manifest = json.loads((folder / "entry.json").read_text(encoding="utf-8"))
        seal = manifest.pop("checksum")
        if (manifest["kind"], manifest["key"], seal) != (kind, key, content_key(**manifest)):
            raise ValueError("entry.json does not match its checksum")
        arrays = {}
        for name, expected in manifest["files"].items():
            if _file_hash(folder / name) != expected:
                raise ValueError(f"{name} does not match its checksum")
            # Unlike `np.load`, which opens other formats too, this reads plain .npy or nothing.
            arrays[name.removesuffix(".npy")] = np.lib.format.open_memmap(folder / name, mode="r")
        return Entry(arrays, manifest["info"], found=True)

    def _write(self, kind: str, key: str, entry: Entry) -> None:
        final = self.entry_folder(kind, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".tmp-{socket.gethostname()}-{os.getpid()}-{token_hex(4)}")
        try:
            temporary.mkdir()
            _write_files(temporary, kind, key, entry)
            crash_point("rename")
            try:
                os.rename(temporary, final)
            except OSError:
                # Where locks do not reach across hosts, another one may have stored the equal entry first.
                if not (final / "entry.json").exists():
                    raise
            _flush_folder(final.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _run(compute: Callable[[], Computed]) -> Entry:
    start = monotonic()
    arrays, info = compute()
    info = {**info, "seconds": monotonic() - start}
    # What is returned now must not differ from what is read tomorrow: read-only arrays, JSON's own types.
    return Entry(
        {name: _read_only(array) for name, array in arrays.items()},
        json.loads(json.dumps(info, allow_nan=False)),
        found=False,
    )


def _read_only(array: ndarray) -> ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _write_files(folder: Path, kind: str, key: str, entry: Entry) -> None:
    files = {}
    for name, array in entry.arrays.items():
        path = folder / f"{name}.npy"
        with path.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
            crash_point("write")
            _flush(stream)
        files[path.name] = _file_hash(path)
    manifest = {
        "kind": kind,
        "key": key,
        "created_by": f"winnow {__version__}",
        "info": entry.info,
        "files": files,
    }
    manifest["checksum"] = content_key(**manifest)
    with (folder / "entry.json").open("w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=1)
        crash_point("fsync")
        _flush(stream)
    _flush_folder(folder)


def _flush(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file_hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _writer_is_dead(path: Path) -> bool:
    """Tell whether a temporary folder's writer ran on this host and is gone."""
    host, _, pid = path.name.removeprefix(".tmp-").rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # alive, and another user's
        return False
    return False


def _age(path: Path) -> float:
    try:
        return time() - path.stat().st_mtime
    except FileNotFoundError:  # another sweep was faster
        return 0.0


def _warn_damaged(kind: str, key: str, fault: Exception) -> None:
    message = f"a cached {kind} was damaged and is computed again | {key[:12]} | {_one_line(fault)}"
    warnings.warn(message, WinnowWarning, stacklevel=4)


def _warn_uncached(kind: str, folder: Path, fault: Exception) -> None:
    message = f"the {kind} was computed but could not be cached | {folder} | {_one_line(fault)}"
    warnings.warn(message, WinnowWarning, stacklevel=3)


def _one_line(fault: Exception) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())
