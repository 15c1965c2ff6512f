"""Parts of a data set of images in Parquet files, and how the files of a folder are told apart."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from winnow.dataset._container import opened, unreadable
from winnow.dataset.images._walk import listed, shown
from winnow.errors import DatasetUnavailable

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

AT_ONCE = 256
PARTS = frozenset(("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"))
WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")


@runtime_checkable
class Split(Protocol):
    """A part of a data set: columns of the same number of rows."""

    rows: int
    columns: tuple[str, ...]
    folder: Path
    identity: tuple[str, ...]

    def class_names(self, column: str) -> tuple[str, ...]:
        """Return the names of the classes that the numbers of a column stand for, if they are known."""
        ...

    def cells(self, column: str) -> Iterator[Any]:
        """Yield the cells of a column as Python's own values."""
        ...

    def place(self, row: int) -> str:
        """Say where a row lies."""
        ...


@dataclass(frozen=True, eq=False)
class ParquetSplit:
    """The rows of some Parquet files, one file after the other."""

    files: tuple[Path, ...]
    lengths: tuple[int, ...]
    columns: tuple[str, ...]
    features: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, files: list[Path]) -> "ParquetSplit":
        """Read what the files say about themselves.

        Raises
        ------
        DatasetUnavailable
            If one of them is damaged, or has other columns than the first.
        """
        lengths, schemas = [], []
        for path in files:
            with _parquet(path) as file:
                lengths.append(file.metadata.num_rows)
                schemas.append(file.schema_arrow)
        for path, schema in zip(files, schemas, strict=True):
            if schema.names != schemas[0].names:
                raise DatasetUnavailable(
                    f"all files of a split must have the same columns, got {', '.join(schema.names)} "
                    f"and {', '.join(schemas[0].names)}",
                    where=shown(str(path)),
                )
        features = tuple(_features(schema.metadata) for schema in schemas)
        return cls(tuple(files), tuple(lengths), tuple(schemas[0].names), features)

    @property
    def rows(self) -> int:
        """Number of rows in all files."""
        return sum(self.lengths)

    @property
    def folder(self) -> Path:
        """Folder to which paths in cells are relative."""
        return self.files[0].parent

    @property
    def identity(self) -> tuple[str, ...]:
        """Path, size and date of every file: a file that keeps them is taken to be the same."""
        known = [(path.resolve(), path.stat()) for path in self.files]
        return tuple(f"{path} {status.st_size} {status.st_mtime_ns}" for path, status in known)

    def class_names(self, column: str) -> tuple[str, ...]:
        """Return the names that the library `datasets` wrote into the files, if it did."""
        names = [features.get(column, {}).get("names") for features in self.features]
        return one_of_names([tuple(map(str, each)) for each in names if isinstance(each, list)])

    def cells(self, column: str) -> Iterator[Any]:
        """Yield the cells of a column, reading some hundred rows at a time."""
        for path in self.files:
            with _parquet(path) as file:
                for batch in file.iter_batches(AT_ONCE, columns=[column], use_threads=False):
                    yield from batch.column(0).to_pylist()

    def place(self, row: int) -> str:
        """Say where a row lies."""
        for path, length in zip(self.files, self.lengths, strict=True):
            if row < length:
                return f"row {row + 1} of {path.name}"
            row -= length
        raise IndexError(row)


def parquet_splits(path: Path) -> dict[str, ParquetSplit]:
    """Return the parts of a data set by their names: of one Parquet file, or of all below a folder.

    Raises
    ------
    DatasetUnavailable
        If there is no such file, or one is damaged.
    """
    if path.is_file():
        return {split_name(path.name): ParquetSplit.of([path])}
    named: dict[str, list[Path]] = {}
    for file in sorted(path.rglob("*.parquet")):
        parts = file.relative_to(path).parts
        if not any(part.startswith(".") for part in parts):
            named.setdefault(split_name("/".join(parts)), []).append(file)
    if not named:
        raise DatasetUnavailable(
            "path must name a Parquet file or a folder that holds some, got a folder without any",
            where=shown(str(path)),
            remedy="dataset=image_folder reads folders of images",
        )
    for name, files in named.items():
        _require_one_folder(name, files, path)
    return {name: ParquetSplit.of(files) for name, files in named.items()}


def _require_one_folder(name: str, files: Sequence[Path], path: Path) -> None:
    folders = [shown(str(folder.relative_to(path))) for folder in sorted({file.parent for file in files})]
    if folders[1:]:
        raise DatasetUnavailable(
            f"the files of a split must lie in one folder, got those of {shown(name)} in {listed(folders)}",
            where=shown(str(path)),
            remedy=f"name one of several data sets: dataset.path={shown(str(files[0].parent))}",
        )


def one_of_names(known: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the classes where all files that know them agree.

    >>> one_of_names([("cat", "dog"), (), ("cat", "dog")]), one_of_names([()])
    (('cat', 'dog'), ())

    Raises
    ------
    DatasetUnavailable
        If a number stands for one class in one file and for another in the next.
    """
    different = list(dict.fromkeys(names for names in known if names))
    if different[1:]:
        one, other = (", ".join(map(shown, names[:4])) for names in different[:2])
        raise DatasetUnavailable(
            f"all files must have the same names of classes in one order, got {one} and {other}",
            where="dataset.label",
            remedy="write the labels as text, or with one list of names",
        )
    return different[0] if different else ()


def split_name(path: str) -> str:
    """Return the part to which a file belongs, by the usual ways of naming files.

    >>> split_name("data/train-00000-of-00002.parquet"), split_name("default/test/0000.parquet")
    ('train', 'test')
    >>> split_name("flowers.parquet"), split_name("0000.parquet")
    ('flowers', 'train')
    """
    *folders, name = path.split("/")
    word = WORD.match(name.partition(".")[0])
    found = [word[0]] if word else []
    candidates = [*found, *reversed(folders)]
    return next((each for each in candidates if each.lower() in PARTS), (candidates or ["train"])[0])


@contextmanager
def _parquet(path: Path) -> Iterator["ParquetFile"]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with opened(path, "parquet") as stream:
        try:
            yield ParquetFile(stream)
        except pa.ArrowException as error:
            raise unreadable(path, " ".join(str(error).split()), "fetch the file again") from error


def _features(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Return what the library `datasets` wrote about the columns."""
    try:
        return dict(json.loads((metadata or {})[b"huggingface"])["info"]["features"])
    except (KeyError, ValueError, TypeError):
        return {}
