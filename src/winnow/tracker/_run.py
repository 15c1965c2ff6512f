"""Write one run to its folder, and ask for it to be sent about once a second."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.tracker._finite import require_finite
from winnow.tracker._unsent import UnsentRun, milliseconds
from winnow.tracking import Run
from winnow.types import Dataset

NOTE = "mlflow.note.content"
"""The tag that MLflow shows first on the page of a run, read as Markdown."""
RESULT = "test_acc_median"
"""The metric without which no run counts as finished."""
_SECONDS_BETWEEN_SENDING = 1.0


class FolderRun(Run):
    """A run that is written to a folder.

    Parameters
    ----------
    folder : where the run is written.
    send : sends what the folder holds, or leaves it there if the store cannot be reached.
    """

    def __init__(self, folder: UnsentRun, send: Callable[[UnsentRun], None]) -> None:
        self._folder, self._send = folder, send
        self._logged: set[str] = set()
        self._next_sending = 0.0

    def params(self, values: Mapping[str, Any]) -> None:
        # MLflow cuts values beyond 6000 characters.
        self._folder.append({"params": {name: str(value) for name, value in values.items()}})

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        for name, value in values.items():
            self._add(name, np.array([float(value)]), [step])
        self._send_now_and_then()

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        require_finite(name, values, range(len(values)))
        steps = sorted({*range(0, len(values), every), len(values) - 1} - {-1})
        self._add(name, values[steps], steps)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        if not path.is_file():
            raise InvalidValue(f"artifact must be a file, got {path}")
        self._folder.keep_file(path, f"{folder}/{path.name}" if folder else path.name)
        self._send_now_and_then()

    def text(self, content: str, name: str) -> None:
        self._folder.keep_text(content, name)
        self._send_now_and_then()

    def dataset(self, dataset: Dataset, source: Mapping[str, str]) -> None:
        about = {"rows": dataset.n, "test_rows": len(dataset.y_test), "classes": len(dataset.classes)}
        about |= {"shape_of_a_row": list(dataset.x.shape[1:]), "sha256": dataset.checksum}
        line = {"name": dataset.name, "sha256": dataset.checksum, "source": dict(source), "profile": about}
        self._folder.append({"dataset": line})

    def note(self, markdown: str) -> None:
        self._folder.append({"tags": {NOTE: markdown}})
        self._send_now_and_then()

    def require_result(self) -> None:
        """Refuse to call a run finished that has no result."""
        if RESULT not in self._logged:
            logged = ", ".join(sorted(self._logged)) or "nothing"
            raise InvalidValue(f"a finished run must have logged {RESULT}, got {logged}")

    def _add(self, name: str, values: ndarray, steps: list[int]) -> None:
        require_finite(name, values, steps)
        rows = [[name, step, float(value)] for value, step in zip(values, steps, strict=True)]
        self._folder.append({"metrics": rows, "time": milliseconds()})
        self._logged.add(name)

    def _send_now_and_then(self) -> None:
        if time.monotonic() >= self._next_sending:
            self._send(self._folder)
            self._next_sending = time.monotonic() + _SECONDS_BETWEEN_SENDING
