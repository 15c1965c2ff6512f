"""Compute once per key, whoever needs the result, and store it so that a hit is what was computed.

An entry is a folder of plain `.npy` files and an `entry.json` with their checksums. It is written under a
temporary name, flushed to disk and renamed into place, so that a killed process leaves nothing behind that
could be taken for a result. One process computes while the others wait. Every read verifies every byte: a
damaged entry is set aside and computed again. Nothing in it is ever unpickled, and only plain files inside
the entry are read, because a cache on a shared disk holds other people's files.

The cache never stands in the way of a result: where it cannot write, it computes and says so. Where it
cannot lock, it goes on without a lock: then two processes may compute the same, and since entries appear
whole, the first to finish stores it.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile

from winnow.errors import WinnowWarning
from winnow.store import _entry, _files
from winnow.store._entry import Append as Append
from winnow.store._entry import Computed, ComputeRows
from winnow.store._entry import Entry as Entry
from winnow.store.lock import default_timeout, hold, remove_if_free

_DAY = 86400.0
_DAYS_UNFINISHED = 60  # nobody goes on with a computation that was killed so long ago


@dataclass(frozen=True)
class Cache:
    """Results by kind and key in `folder`; as cheap to make as a path, and as easy to send to a worker.

    Parameters
    ----------
    folder
        Where the entries are kept, `<kind>/<first two characters of the key>/<key>`.
    lock_timeout
        Seconds to wait for another process that computes the same; WINNOW_LOCK_TIMEOUT, or one hour.
    read_only
        Whether to serve entries and never write any.

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
    read_only: bool = False

    def checked(self) -> "Cache":
        """Return this cache or, with the one warning about it, a read-only one if its folder is read-only.

        Called once at the beginning of a command, whose worker processes then need not warn again.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.folder):
                return self
        except OSError as fault:
            _warn_uncached(self.folder, fault)
            return replace(self, read_only=True)

    def entry_folder(self, kind: str, key: str) -> Path:
        """Return where an entry is kept: any tool can `np.load` the files in it."""
        return self.folder / kind / key[:2] / key

    def load(self, kind: str, key: str) -> Entry | None:
        """Return a verified entry, or None where there is none; a damaged one is set aside."""
        entry = self._peek(kind, key)
        if entry is not None or not os.path.lexists(self.entry_folder(kind, key)):
            return entry
        with self.lock(f"{kind}-{key}"):
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

        def make() -> Entry:
            entry = _entry.computed(compute)
            if not self.read_only:
                try:
                    self._write(kind, key, entry)
                except (OSError, RuntimeError) as fault:
                    _warn_uncached(self.folder, fault)
            return entry

        return self._found_or(make, kind, key)

    def fetch_rows(self, kind: str, key: str, compute: ComputeRows) -> Entry:
        """As `fetch`, for arrays that are made batch by batch and need not fit into memory.

        `compute(append)` calls `append(name, rows)` for every batch of an array's rows, in order, and returns
        the info. The arrays of the entry are read-only memory maps. Where the folder cannot be written, or
        the disk is full, all is computed again, with one warning, into memory or, where it is much, into a
        temporary file.

        Raises
        ------
        TryLater
            If another process still holds the key after `lock_timeout` seconds.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> def squares(append):
        ...     for start in (0, 2):
        ...         append("y", np.arange(start, start + 2) ** 2)
        ...     return {}
        >>> with TemporaryDirectory() as folder:
        ...     Cache(Path(folder)).fetch_rows("square", "ab12", squares).arrays["y"].tolist()
        [0, 1, 4, 9]
        """

        def make() -> Entry:
            if not self.read_only:
                try:
                    return self._write_rows(kind, key, compute)
                except _entry.CannotWrite as failed:
                    _warn_uncached(self.folder, failed.fault)
            return _entry.computed_unstored(compute)

        return self._found_or(make, kind, key)

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock `name` against every process on this file system; it dies with its holder.

        Yields whether it is held: where no lock can be made, the work goes on without one, and may then be
        done twice.

        Raises
        ------
        TryLater
            Naming the holder, if the lock is not free within `lock_timeout` seconds.
        """
        with ExitStack() as held:
            locked = not self.read_only
            if locked:
                try:
                    held.enter_context(hold(self.folder / "locks" / f"{name}.lock", self.lock_timeout))
                except OSError:
                    locked = False
            yield locked

    def unfinished(self, kind: str, key: str) -> Path | None:
        """Return the folder where a computation may keep what it needs to go on; None if it is read-only."""
        return None if self.read_only else self.folder / "unfinished" / f"{kind}-{key}"

    def remove_unfinished(self, kind: str, key: str) -> None:
        """Remove what a computation kept to go on, now that its result is stored."""
        if (folder := self.unfinished(kind, key)) is not None:
            _files.remove(folder)

    def sweep_temporary(self, older_than_seconds: float = _DAY) -> int:
        """Remove what killed writers left behind and old damaged entries; return how much was removed.

        What a running process of this host writes is never removed; what another host wrote, and damaged
        entries, if nothing in it was written for `older_than_seconds`.
        """
        removed = 0
        for path in [*self.folder.glob("*/*/.tmp-*"), *self.folder.glob("*/*/.corrupt-*")]:
            alive = _files.writer_is_alive(path)
            if alive is False or (alive is None and _files.age(path) > older_than_seconds):
                _files.remove(path)
                removed += not os.path.lexists(path)
        for path in self.folder.glob("unfinished/*"):
            if _files.age(path) > _DAYS_UNFINISHED * _DAY:
                _files.remove(path)
        for path in self.folder.glob("locks/*.lock"):
            remove_if_free(path)
        return removed

    def _found_or(self, make: Callable[[], Entry], kind: str, key: str) -> Entry:
        if (entry := self._peek(kind, key)) is not None:
            return entry
        with self.lock(f"{kind}-{key}"):
            # Another process may have finished, or mended the entry, while this one waited.
            return self._settle(kind, key) or make()

    def _peek(self, kind: str, key: str) -> Entry | None:
        # Without the lock a damaged entry may be one that is being replaced: `_settle` decides, under it.
        try:
            return self._read(kind, key)
        except Exception:
            return None

    def _settle(self, kind: str, key: str) -> Entry | None:
        """Read again under the lock, and only then believe in damage."""
        folder = self.entry_folder(kind, key)
        if not os.path.lexists(folder):
            return None
        try:
            return self._read(kind, key)
        # Damage shows as anything from EOFError to tokenize.TokenError.
        except Exception as fault:
            aside = folder.with_name(f".corrupt-{os.getpid()}-{token_hex(4)}")
            # A read-only cache keeps its damaged entry, and the result is then computed without it.
            with suppress(OSError, NotImplementedError):
                os.rename(folder, aside)
                os.utime(aside, follow_symlinks=False)  # its age counts from now
            _warn_damaged(kind, key, fault)
            return None

    def _read(self, kind: str, key: str) -> Entry:
        return _entry.read(self.entry_folder(kind, key), kind, key)

    def _write(self, kind: str, key: str, entry: Entry) -> None:
        with self._temporary(kind, key) as folder:
            _entry.write(folder, entry.arrays)
            _entry.seal(folder, kind, key, entry.info)
            self._publish(folder, kind, key)

    def _write_rows(self, kind: str, key: str, compute: ComputeRows) -> Entry:
        with ExitStack() as held:
            with _entry.blaming_the_folder():
                folder = held.enter_context(self._temporary(kind, key))
            info = _entry.write_rows(folder, compute)
            with _entry.blaming_the_folder():
                _entry.seal(folder, kind, key, info)
                final = self._publish(folder, kind, key)
                names = sorted(path.name for path in final.glob("*.npy"))
                return Entry(_entry.mapped(final, names), info, found=False)

    @contextmanager
    def _temporary(self, kind: str, key: str) -> Iterator[Path]:
        """Make a folder beside the entry to write it in, and remove what is left of it in the end."""
        final = self.entry_folder(kind, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(_files.temporary_name() + token_hex(4))
        try:
            temporary.mkdir()
            yield temporary
        finally:
            _files.remove(temporary)

    def _publish(self, folder: Path, kind: str, key: str) -> Path:
        """Rename the finished `folder` into the place of the entry."""
        final = self.entry_folder(kind, key)
        try:
            os.rename(folder, final)
        except OSError:
            # Where locks do not reach across hosts, another one may have stored the equal entry first.
            if not (final / "entry.json").exists():
                raise
        _files.flush_folder(final.parent)
        return final


def _warn_damaged(kind: str, key: str, fault: Exception) -> None:
    message = f"a cached {kind} was damaged and is computed again | {key[:12]} | {_one_line(fault)}"
    warnings.warn(message, WinnowWarning, stacklevel=4)


# Python's own memory of what it has shown is lost whenever a library changes the warning filters.
_warned_about: set[Path] = set()


def _warn_uncached(folder: Path, fault: Exception) -> None:
    """Say once in a process that a folder takes no results."""
    if folder in _warned_about:
        return
    _warned_about.add(folder)
    reason = getattr(fault, "strerror", None) or _one_line(fault)
    remedy = "make it writable or make room, or choose another folder with state_dir=..."
    message = f"results were computed but could not be cached | {folder} | {reason} | {remedy}"
    warnings.warn(message, WinnowWarning, stacklevel=2)


def _one_line(fault: Exception) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())
