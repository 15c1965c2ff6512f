"""What became of every job, as flat rows: one for each way of choosing on each network it was trained on.

A job has a row of the uniform baseline and a row of its selector for every network. They stand side by side;
which baseline a row is compared with is said by its key (`winnow.report.results` joins the two).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from winnow.errors import InvalidValue
from winnow.report.escape import printable
from winnow.store.whole_file import write_whole

STAGES = ("embed", "cluster", "dynamics", "select", "train")
FORMAT = 2
"""Raised whenever the meaning of a field changes: files of another format are not read."""
LARGEST_FILE = 256 * 2**20  # bytes

# The options by which data and training are described; every other one says how rows were chosen.
SETTING = ("dataset", "model", "augment", "seed", "transfer")
SETTING_FIELDS = ("dataset.", "model.", "augment.", "trainer.")
# What may distinguish two rows of one selector, besides k and budget.
CHOICES = ("selector.", "embedding", "clusterer", "dynamics.")

Status = Literal["ok", "cached", "failed", "interrupted", "pending"]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Row:
    """One way of choosing rows, trained on one network; or a job that has no result.

    Parameters
    ----------
    job
        Number of the job within its command.
    status
        "ok" if it was computed, "cached" if it was found, "failed", "interrupted" or "pending".
    selector, k, budget
        Option name of the selector, number of clusters, number of rows kept; 0 where a job ended before the
        data set was read that decides them.
    network
        Option name of the network that was trained.
    key
        What the result is found by.
    baseline
        Key of the uniform row of the same budget, training and network; equal to `key` or empty where the
        row is its own baseline.
    code
        Short hash of the code and of the library versions that made the result.
    accuracies, worst_class
        Test accuracy of every repetition in percent, over all classes and on the class known least.
    rows_of_class
        Number of kept rows of every class, for every repetition.
    labels_read
        Training labels that were read to choose the rows.
    seconds
        Seconds by stage, summed over the repetitions.
    options
        The option of every group of the job, its settings, and the fields of the stages that took part.
    overrides
        The words of the command line that make this job.
    reason, exit_code
        Why the job has no result, in one line, and the exit code of that fault.
    run_id
        The tracker's name of the run.
    """

    # A field that this version does not know means that the file was written by another one.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    job: int
    status: Status
    selector: str
    k: int
    budget: int
    network: str = ""
    key: str = ""
    baseline: str = ""
    code: str = ""
    accuracies: Sequence[Number] = ()
    worst_class: Sequence[Number] = ()
    rows_of_class: Sequence[Sequence[int]] = ()
    labels_read: int = 0
    seconds: Mapping[str, Number] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    reason: str = ""
    exit_code: int = 0
    run_id: str = ""

    @property
    def done(self) -> bool:
        """Whether the job has results."""
        return self.status in ("ok", "cached")

    @property
    def scored(self) -> bool:
        """Whether there is an accuracy to report; a study that is done has none."""
        return self.done and bool(self.accuracies)

    @property
    def is_own_baseline(self) -> bool:
        """Whether there is nothing else to compare the row with, as for uniform and full."""
        return self.baseline in ("", self.key)

    @property
    def on_other_network(self) -> bool:
        """Whether another network than the job's own was trained on the kept rows."""
        return self.network not in ("", self.options.get("model", self.network))

    @property
    def absent_classes(self) -> int:
        """Classes of which no row was kept, in the repetition where they are most."""
        return max((list(counts).count(0) for counts in self.rows_of_class), default=0)

    @property
    def singleton_classes(self) -> int:
        """Classes of which a single row was kept, in the repetition where they are most."""
        return max((list(counts).count(1) for counts in self.rows_of_class), default=0)

    @property
    def setting(self) -> tuple[tuple[str, str], ...]:
        """Everything about data and training; rows that differ in it must not stand in one table."""
        return _chosen(self.options, SETTING, SETTING_FIELDS)

    @property
    def cell(self) -> tuple:
        """What was tried, whoever computed it and when: setting, selector with its options, size, network."""
        choices = _chosen(self.options, (), CHOICES)
        return self.setting, self.budget, self.selector, self.k, choices, self.network


def _chosen(
    options: Mapping[str, str], names: Sequence[str], starts: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value) for name, value in sorted(options.items()) if name in names or name.startswith(starts)
    )


@dataclass(frozen=True)
class _File:
    format: Literal[2]
    rows: list[Row]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as JSON; a reader sees either the whole file or the one before it."""
    content = {"format": FORMAT, "rows": [asdict(row) for row in rows]}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # Bytes of a file name that are no text in UTF-8 cannot be written: they become question marks.
    write_whole(path, text.encode(errors="replace"))


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote.

    Raises
    ------
    InvalidValue
        If the file cannot be read, is no regular file or too large, is truncated, has another format, or
        holds a field or value that no row has.
    """
    try:
        content = _content(path)
        return _adapter().validate_json(content, strict=True).rows
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise _refused(path, _first_fault(content, error)) from error


@cache
def _adapter() -> TypeAdapter:
    return TypeAdapter(_File)


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe or a device could be read for ever
        raise OSError("no regular file")
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise OSError(f"{size / 2**20:,.0f} MiB, more than {LARGEST_FILE // 2**20}")
    return path.read_bytes()


def _first_fault(content: bytes, error: ValidationError) -> str:
    if content.lstrip().startswith(b"["):
        return "the format of an older version"
    first = error.errors(include_url=False, include_input=False)[0]
    return " ".join([".".join(map(str, first["loc"])), first["msg"]]).strip()


def _refused(path: Path, fault: str) -> InvalidValue:
    return InvalidValue(
        f"a file of results must be whole and of format {FORMAT}, got {printable(fault)}",
        where=printable(str(path)),
        remedy="type the line of that command again: what is computed is found",
    )
