"""Keep a run in a folder of its own until all of it is in the tracking store.

`unsent/<run>/` below the state folder holds

- `run.json`: what the run is, for which store, and which process writes it;
- `lines.jsonl`: what was logged, one JSON object per line, in order; the line with a status is the last;
- `files/`: the artifacts;
- `sent.json`: the id that the store gave it, and how many of the lines were sent.

The folder is removed when everything was sent; so the runs that are open or unsent are the folders here. Both
making and removing one happen in a single step, by renaming.

A state folder may come from somebody else. So what is read here is checked as it is read, and names of files
lead nowhere but into the folder of their run.
"""

import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from winnow.errors import InvalidValue, WinnowWarning
from winnow.report.escape import printable
from winnow.store.regular_file import NotReadable, read_regular
from winnow.store.whole_file import write_whole

_ABANDONED_SECONDS = 3600  # nobody takes longer to write two small files
_LARGEST_FILE = 2**30  # bytes


class About(TypedDict):
    """What a run is: the content of `run.json`."""

    name: str
    key: str
    parent: str
    is_parent: bool
    uri: str
    experiment: str
    tags: dict[str, str]
    process: dict[str, str]
    start: int


class _Params(TypedDict):
    params: dict[str, str]


class _Metrics(TypedDict):
    metrics: list[tuple[str, int, float]]
    time: int


class _Tags(TypedDict):
    tags: dict[str, str]


class _Used(TypedDict):
    name: str
    sha256: str
    source: dict[str, str]
    profile: dict[str, int | str | list[int]]


class _Dataset(TypedDict):
    dataset: _Used


class _File(TypedDict):
    file: str


class _Status(TypedDict):
    status: str
    error: str
    time: int


class _Sent(TypedDict, total=False):
    requested: bool
    run_id: str
    artifact_uri: str
    lines: int


_Line = _Params | _Metrics | _Tags | _Dataset | _File | _Status


@dataclass(frozen=True)
class UnsentRun:
    """A run on disk.

    Parameters
    ----------
    folder : where it is kept; its name is the id of the run until the store gives it one.
    """

    folder: Path

    @cached_property
    def about(self) -> About:
        """What the run is: name, key, uri, experiment, tags, parent, process, start.

        Raises
        ------
        InvalidValue
            If that cannot be read.
        FileNotFoundError
            If the run is gone.
        """
        return self._checked(About, self._read("run.json"))

    @property
    def exists(self) -> bool:
        """Whether some of it is still to be sent, or written."""
        return (self.folder / "run.json").exists()

    @property
    def sent(self) -> dict[str, Any]:
        """What the store knows of it: `run_id` and `artifact_uri` once created, and the number of `lines`."""
        with suppress(OSError, InvalidValue):
            return self._checked(_Sent, self._read("sent.json"))
        return {}

    def note(self, **values: Any) -> None:
        """Remember what the store knows now."""
        write_whole(self.folder / "sent.json", json.dumps(self.sent | values))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged; half a line, left by a killed process, is nothing.

        Raises
        ------
        InvalidValue
            If that is something else than a run logs.
        """
        try:
            written = self._read("lines.jsonl")
        except FileNotFoundError:
            return []
        whole = b",".join(written.split(b"\n")[:-1])
        return self._checked(list[_Line], b"[" + whole + b"]")

    @property
    def ended(self) -> bool:
        """Whether the last line is there, so that nothing more will come."""
        lines = self.lines
        return bool(lines) and "status" in lines[-1]

    def append(self, line: Mapping[str, Any]) -> None:
        """Log one line. The last, with a `status`, is on the disk when this returns."""
        with (self.folder / "lines.jsonl").open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            if "status" in line:
                file.flush()
                os.fsync(file.fileno())

    def end(self, status: str, error: str = "") -> None:
        """Log the last line, after whatever a killed process left of one."""
        with suppress(FileNotFoundError), (self.folder / "lines.jsonl").open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
        # A clock that was set back meanwhile must not end the run before it began.
        ended = max(milliseconds(), self.about["start"])
        self.append({"status": status, "error": error, "time": ended})

    def keep_text(self, content: str, name: str) -> None:
        """Keep and log a text file under `name`, which may hold folders."""
        self._target(name).write_text(content, encoding="utf-8")
        self.append({"file": name})

    def keep_file(self, path: Path, name: str) -> None:
        """Keep and log a copy of a file under `name`, which may hold folders."""
        shutil.copyfile(path, self._target(name))
        self.append({"file": name})

    def file(self, name: str) -> Path:
        """Return where the artifact `name` is kept; only names of the run's own folder are known."""
        return below(self.folder / "files", name)

    def remove(self) -> None:
        """Forget the run: all of it was sent."""
        removed = self.folder.with_name(f".tmp-{token_hex(8)}")
        with suppress(FileNotFoundError):
            self.folder.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)

    def set_aside(self) -> Path:
        """Move a run that the store refuses out of the way of the others, and return where it is now."""
        refused = self.folder.parents[1] / "refused" / self.folder.name
        refused.parent.mkdir(parents=True, exist_ok=True)
        return self.folder.rename(refused)

    def _target(self, name: str) -> Path:
        target = self.file(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _read(self, name: str) -> bytes:
        try:
            return read_regular(self.folder / name, _LARGEST_FILE)
        except NotReadable as fault:
            raise self._foreign(name, str(fault)) from fault

    def _checked(self, kind: Any, content: bytes) -> Any:
        try:
            return _adapter(kind).validate_json(content)
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            raise self._foreign(".".join(map(str, first["loc"])), first["msg"]) from fault

    def _foreign(self, where: str, what: str) -> InvalidValue:
        return InvalidValue(
            f"a kept run must be as winnow wrote it, got {printable(f'{where}: {what}')}",
            where=printable(str(self.folder)),
        )


@cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def below(folder: Path, name: str) -> Path:
    """Return the path of a file in `folder`; `name` may hold folders, but neither it nor a link leads out.

    >>> below(Path("files"), "kept/note.txt")
    PosixPath('files/kept/note.txt')
    >>> below(Path("files"), "../note.txt")
    Traceback (most recent call last):
    winnow.errors.InvalidValue: artifact must lie below the folder of its run, got '../note.txt'
    """
    path = folder / name
    if ".." in path.parts or not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidValue(f"artifact must lie below the folder of its run, got {name!r}")
    return path


def begin(unsent: Path, name: str, about: Mapping[str, Any]) -> UnsentRun:
    """Make the folder of a run called `name`, unless another process made it first, and return it."""
    run = UnsentRun(unsent / name)
    if not run.exists:
        making = unsent / f".tmp-{token_hex(8)}"
        write_whole(making / "run.json", json.dumps(about, indent=1))
        try:
            making.rename(run.folder)
        except OSError:
            shutil.rmtree(making, ignore_errors=True)
            if not run.exists:
                raise
    return run


def runs(unsent: Path) -> Iterator[UnsentRun]:
    """Yield every run in order of its beginning, and clear away what killed processes left of others.

    What is no run of winnow's is moved out of the way, with a warning.
    """
    found = []
    for folder in unsent.glob("*/"):
        run = UnsentRun(folder)
        if folder.name.startswith("."):
            if _age(folder) > _ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        elif run.exists:
            with suppress(FileNotFoundError):  # sent by another process meanwhile
                if _is_whole(run):
                    found.append((run.about["start"], folder.name, run))
    yield from (run for *_, run in sorted(found, key=lambda each: each[:2]))


def _is_whole(run: UnsentRun) -> bool:
    try:
        return run.about is not None and run.lines is not None
    except InvalidValue as fault:
        warnings.warn(f"{fault} | it is kept in {run.set_aside()}", WinnowWarning, stacklevel=2)
        return False


def milliseconds() -> int:
    """Return the time as MLflow counts it."""
    return int(time.time() * 1000)


def _age(folder: Path) -> float:
    with suppress(FileNotFoundError):
        return max(0.0, time.time() - folder.stat().st_mtime)
    return 0.0
