"""Try out whether a folder can hold results that several processes share.

The cache needs locks that hold between processes and that die with their holder, names that are replaced
all at once, and writes that reach the disk. Network file systems differ in each, by their kind and by how
they are mounted, so all of it is tried in the folder itself.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

from winnow.doctor._locker import KINDS
from winnow.doctor.finding import Finding

NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "9p",
    "virtiofs",
    "afs",
}
LOCK_SECONDS = 30  # for a process to begin and try a lock
REPLACEMENTS = 200
FLUSHES = 5
SLOW_FLUSH_SECONDS = 0.1
LITTLE_SPACE, TOO_LITTLE_SPACE = 5 * 2**30, 2**28  # bytes; a cache of MNIST takes a few hundred megabytes
FEW_FILES = 10_000
_OTHER = "choose another with state_dir=..."
_NO_LOCKS = "two processes may compute the same; mount it with locks (flock, or nolock removed for NFS), or "


def examined(folder: Path) -> Iterator[Finding]:
    """Yield what a folder can do; it is made if it is not there, and left as it was."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = TemporaryDirectory(prefix=".doctor-", dir=folder)
    except OSError as error:
        yield Finding("fault", "folder", f"cannot be written to: {error.strerror} ({folder})", _OTHER)
        return
    yield of_kind(file_system(folder))
    with scratch as name:
        for try_out in (locks, replacing, flushing):
            yield from _tried(try_out, Path(name))
    yield from space(folder)


def _tried(try_out: Callable[[Path], Iterator[Finding]], folder: Path) -> Iterator[Finding]:
    try:
        yield from try_out(folder)
    except OSError as error:
        yield Finding("fault", try_out.__name__, error.strerror or type(error).__name__, _OTHER)


def file_system(folder: Path, table: str | None = None) -> str:
    """Return the kind of the file system that a folder is on, nothing where the system does not tell.

    `table` is the content of /proc/self/mountinfo, by default that of this system.

    >>> lines = ["22 1 8:1 / / rw - ext4 /dev/a rw", "30 22 0:5 / /home rw shared:1 - nfs4 host:/ rw"]
    >>> mounts = chr(10).join(lines)
    >>> file_system(Path("/home/ann/state"), mounts), file_system(Path("/homes"), mounts)
    ('nfs4', 'ext4')
    """
    if table is None:
        try:
            table = Path("/proc/self/mountinfo").read_text()
        except OSError:
            return ""
    found: tuple[int, str] = (0, "")
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if folder.absolute().is_relative_to(point) and len(point.parts) >= found[0]:
            found = len(point.parts), after.split()[0]
    return found[1]


def of_kind(kind: str) -> Finding:
    """Return what the kind of a file system means for a tracking store in a file."""
    if kind in NETWORK or kind.startswith("fuse."):
        return Finding(
            "warning",
            "file system",
            f"{kind}, a network file system: whether locks reach other hosts depends on how it is mounted, "
            "and SQLite is not safe on it",
            "for several hosts record runs with a server: tracker.uri=http://...",
        )
    return Finding("ok", "file system", kind or "unknown")


def locks(folder: Path) -> Iterator[Finding]:
    """Have processes lock one file, by each of the two ways that are used, and kill one that holds it."""
    for kind in KINDS if os.name == "posix" else ["flock"]:
        seen = _fault_of_lock(kind, folder / f"{kind}.lock")
        if not seen:
            yield Finding("ok", f"{kind} locks", "hold between processes, and end with their holder")
        elif kind == "flock":
            yield Finding("warning", "flock locks", seen, _NO_LOCKS + _OTHER)
        else:
            remedy = f"SQLite needs them: record runs with a server, tracker.uri=http://..., or {_OTHER}"
            yield Finding("fault", "fcntl locks", seen, remedy)


def _fault_of_lock(kind: str, path: Path) -> str:
    with ExitStack() as ended:
        holder, answer = _locker(kind, path, ended)
        if answer != "locked":
            return f"cannot be made: {answer}"
        _, answer = _locker(kind, path, ended)
        if answer != "refused":
            return f"do not hold between processes: the second one got {answer}"
        holder.kill()
        holder.wait()
        _, answer = _locker(kind, path, ended)
        return "" if answer == "locked" else f"outlive a killed holder: the next one got {answer}"


def _locker(kind: str, path: Path, ended: ExitStack) -> tuple[subprocess.Popen, str]:
    line = [sys.executable, "-m", "winnow.doctor._locker", kind, str(path)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ended.callback(process.communicate)
    ended.callback(process.kill)
    lines: list[str] = []
    reader = Thread(target=lambda: lines.append(process.stdout.readline().strip()), daemon=True)
    reader.start()
    reader.join(LOCK_SECONDS)  # on some network disks a lock is neither given nor refused
    return process, lines[0] if lines else f"no answer in {LOCK_SECONDS} s"


def replacing(folder: Path) -> Iterator[Finding]:
    """Replace a file again and again while it is read: a reader must find the old or the new one whole."""
    path, seen, over = folder / "entry", [], Event()
    versions = {bytes([number]) * 4096 for number in range(2)}
    path.write_bytes(min(versions))

    def read() -> None:
        while not over.is_set():
            try:
                if path.read_bytes() not in versions:
                    seen.append("half of a file")
            except OSError as error:
                seen.append(error.strerror)

    reader = Thread(target=read)
    reader.start()
    try:
        for number in range(REPLACEMENTS):
            (folder / "new").write_bytes(bytes([number % 2]) * 4096)
            os.replace(folder / "new", path)
    finally:
        over.set()
        reader.join()
    if seen:
        yield Finding("fault", "renaming", f"a file that is replaced is not whole: {seen[0]}", _OTHER)
        return
    yield Finding("ok", "renaming", f"replaces a file at once ({REPLACEMENTS} times, while it was read)")


def flushing(folder: Path) -> Iterator[Finding]:
    """Time how long it takes until a small file is on the disk."""
    seconds = []
    for number in range(FLUSHES):
        with (folder / f"flushed-{number}").open("wb") as stream:
            stream.write(bytes(4096))
            stream.flush()
            started = perf_counter()
            os.fsync(stream.fileno())
            seconds.append(perf_counter() - started)
    seen = f"{1000 * median(seconds):.1f} ms for fsync of 4 KB (median of {FLUSHES})"
    slow = median(seconds) > SLOW_FLUSH_SECONDS
    remedy = f"every result waits for several of them; {_OTHER}" if slow else ""
    yield Finding("warning" if slow else "ok", "flushing", seen, remedy)


def space(folder: Path) -> Iterator[Finding]:
    """Tell the room that is left for data and for files."""
    free = shutil.disk_usage(folder).free
    seen = f"{free / 2**30:.1f} GiB free"
    remedy = f"make room, or {_OTHER}"
    if free < TOO_LITTLE_SPACE:
        yield Finding("fault", "disk", seen, remedy)
    elif free < LITTLE_SPACE:
        yield Finding("warning", "disk", seen, remedy)
    else:
        yield Finding("ok", "disk", seen)
    if hasattr(os, "statvfs"):
        about = os.statvfs(folder)
        if about.f_files and about.f_favail < FEW_FILES:  # some file systems do not count files
            yield Finding("warning", "disk", f"room for {about.f_favail:,} more files", remedy)
