"""Keep nothing: no run is ever found again, so nothing is skipped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy import ndarray

from winnow.errors import TryLater
from winnow.tracker._finite import require_finite
from winnow.tracking import Ending, Run, Store, Tracker
from winnow.types import Dataset


@dataclass(frozen=True)
class NoTracking(Tracker):
    """Keep nothing.

    >>> NoTracking().open(Path("state")).finished("a key") is None
    True
    """

    def open(self, state_dir: Path) -> Store:
        return _NoStore()


class _NoStore(Store):
    def check(self) -> None:
        return

    def prepare(self) -> None:
        return

    def finished(self, key: str) -> str | None:
        return None

    @contextmanager
    def run(
        self, name: str, *, key: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str = ""
    ) -> Iterator[Run]:
        yield _NoRun()

    def parent(self, sweep: str, name: str, *, tags: Mapping[str, str] | None = None) -> str:
        return ""

    def close_parent(
        self,
        parent: str,
        status: Ending,
        *,
        artifacts: Sequence[Path] = (),
        summary: Callable[[Run], None] | None = None,
    ) -> None:
        return

    def reap(self) -> int:
        return 0

    def send(self) -> TryLater | None:
        return None


class _NoRun(Run):
    def params(self, values: Mapping[str, Any]) -> None:
        return

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        for name, value in values.items():
            require_finite(name, np.array([float(value)]), [step])

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        require_finite(name, values, range(len(values)))

    def artifact(self, path: Path, folder: str | None = None) -> None:
        return

    def text(self, content: str, name: str) -> None:
        return

    def dataset(self, dataset: Dataset, source: Mapping[str, str]) -> None:
        return

    def note(self, markdown: str) -> None:
        return
