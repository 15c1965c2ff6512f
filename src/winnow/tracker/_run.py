"""Write one run: buffered numbers, whole curves, files, and a truthful ending."""

import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue, TryLater, WinnowWarning
from winnow.tracker.mlflow import RESULT, Ending, Run, require_finite

if TYPE_CHECKING:
    import mlflow
    from mlflow.entities import Metric

_METRICS_PER_CALL, _PARAMS_PER_CALL = 1000, 100  # MLflow's own limits
_SECONDS_BETWEEN_WRITES = 1.0


class MLflowRun(Run):
    """A run of the store that `client` talks to; `reaching` turns the faults of that store into ours.

    Numbers wait in a buffer. A write that fails while the work goes on only warns, and is tried again at
    the end: training does not die with the tracking server.
    """

    def __init__(
        self, run_id: str, client: "mlflow.MlflowClient", reaching: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self.id = run_id
        self._client, self._reaching = client, reaching
        self._waiting: list[Metric] = []
        self._seen: set[str] = set()
        self._next_write = 0.0

    def params(self, values: Mapping[str, Any]) -> None:
        """Write the settings, once; MLflow cuts values beyond 6000 characters."""
        from mlflow.entities import Param

        params = [Param(name, str(value)) for name, value in values.items()]
        with self._reaching():
            for first in range(0, len(params), _PARAMS_PER_CALL):
                self._client.log_batch(self.id, params=params[first : first + _PARAMS_PER_CALL])

    def metrics(self, values: Mapping[str, SupportsFloat], step: int = 0) -> None:
        for name, value in values.items():
            self._add(name, np.array([float(value)]), [step])
        if time.monotonic() >= self._next_write:
            self._write_if_reachable()

    def curve(self, name: str, values: ndarray, every: int = 1) -> None:
        require_finite(name, values, range(len(values)))
        steps = sorted({*range(0, len(values), every), len(values) - 1} - {-1})
        self._add(name, values[steps], steps)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        if not path.is_file():
            raise InvalidValue(f"artifact must be a file, got {path}")
        with self._reaching():
            self._client.log_artifact(self.id, str(path), folder)

    def text(self, content: str, name: str) -> None:
        with self._reaching():
            self._client.log_text(self.id, content, name)

    def end(self, status: Ending, *, error: str = "", result: str | None = RESULT) -> None:
        """Write what waits, then the status; FINISHED needs the metric `result`."""
        if status == "FINISHED" and result and result not in self._seen:
            raise InvalidValue(
                f"a finished run must have logged {result}, got {', '.join(sorted(self._seen)) or 'nothing'}"
            )
        self._write()
        with self._reaching():
            if error:
                self._client.set_tag(self.id, "error", error)
            self._client.set_terminated(self.id, status)

    def _add(self, name: str, values: ndarray, steps: list[int]) -> None:
        from mlflow.entities import Metric

        require_finite(name, values, steps)
        now = int(time.time() * 1000)
        self._waiting += [
            Metric(name, float(value), now, step) for value, step in zip(values, steps, strict=True)
        ]
        self._seen.add(name)

    def _write_if_reachable(self) -> None:
        self._next_write = time.monotonic() + _SECONDS_BETWEEN_WRITES
        try:
            self._write()
        except TryLater as fault:
            self._next_write = float("inf")
            warnings.warn(f"numbers are kept until the run ends: {fault}", WinnowWarning, stacklevel=3)

    def _write(self) -> None:
        while self._waiting:
            try:
                with self._reaching():
                    self._client.log_batch(self.id, metrics=self._waiting[:_METRICS_PER_CALL])
            except InvalidValue:  # refused for good: they must not keep the run from being ended
                self._waiting.clear()
                raise
            del self._waiting[:_METRICS_PER_CALL]
