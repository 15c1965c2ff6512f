"""Send the folder of a run to MLflow. Sending again doubles nothing.

Params, tags, files and statuses replace themselves; a metric is the same if its name, step, value and time
are, and all four stand in the folder. Only the creation of a run is not so by nature: it is noted in the
folder before it is requested, and if no answer was noted, the run is looked for by its tag first.
"""

import json
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from winnow.errors import InvalidValue, WinnowWarning
from winnow.store.finished import FinishedRun, FinishedRuns
from winnow.store.whole_file import written_whole
from winnow.tracker import _database as database
from winnow.tracker._destination import PROXIED, Destination
from winnow.tracker._unsent import UnsentRun, below, runs

_METRICS_PER_CALL, _PARAMS_PER_CALL = 1000, 100  # MLflow's own limits
_LONGEST_NAME = 500
_DIGEST = 8  # characters of a checksum, as many as MLflow's own have; all of them are in the profile
FOLDER_TAG = "winnow.run"


class Sender:
    """Sends runs of one state folder to one experiment.

    Parameters
    ----------
    destination : the experiment.
    unsent : where the folders of runs are.
    finished : the record of finished runs, which is completed with the ids that MLflow gives.
    """

    def __init__(self, destination: Destination, unsent: Path, finished: FinishedRuns) -> None:
        self._to, self._unsent, self._finished = destination, unsent, finished
        self._experiment_id = ""  # until it is connected

    def connect(self) -> str:
        """Return MLflow's id of the experiment, once the store can be written to and holds that experiment.

        Raises
        ------
        TryLater
            If the store cannot be reached.
        InvalidValue
            If it can never be used.
        """
        self._to.check()
        if not self._experiment_id:
            self._prepare_database()
            self._experiment_id = self._to.open_experiment()
        return self._experiment_id

    def _prepare_database(self) -> None:
        """Create the database, if it is a file that is missing."""
        file = self._to.file
        if file and not database.exists(file):
            with database.locked(self._to.state_dir / "mlflow.lock"):
                if not database.exists(file):
                    database.create(file)
                    # Those were in a database that is gone.
                    self._finished.forget(self._to.name, but={run.folder.name for run in runs(self._unsent)})
        elif file and self._to.is_own:
            database.without_write_ahead_log(file)

    def send(self, run: UnsentRun, patience: float = database.LOCK_SECONDS) -> None:
        """Send what is not sent yet; a run that has ended is then removed. `connect` comes first.

        Raises
        ------
        TryLater
            If the store cannot be reached, or another process sends for more than `patience` seconds.
        InvalidValue
            If the store refuses something for good.
        """
        with database.locked(self._unsent.with_suffix(".lock"), patience), self._to.reaching():
            if run.exists:  # else another process has sent it meanwhile
                self._send(run)

    def set_aside(self, run: UnsentRun, fault: InvalidValue) -> None:
        """Stop trying to send a run that is refused for good, and say so."""
        name = run.about["name"]
        warnings.warn(f"run {name!r} is kept in {run.set_aside()}: {fault}", WinnowWarning, stacklevel=2)

    def _send(self, run: UnsentRun) -> None:
        run_id = self._created(run)
        lines = run.lines
        done = run.sent.get("lines", 0)
        send = {
            "params": self._send_params,
            "metrics": self._send_metrics,
            "tags": self._send_tags,
            "dataset": self._send_datasets,
            "file": self._send_files,
            "status": self._send_status,
        }
        for kind, group in groupby(lines[done:], key=lambda line: next(iter(line))):
            group = list(group)
            send[kind](run, run_id, group)
            done += len(group)
        run.note(lines=done)
        if lines and "status" in lines[-1]:
            if lines[-1]["status"] == "FINISHED" or run.about["is_parent"]:
                self._finished.add(self.record(run))
            run.remove()

    def record(self, run: UnsentRun) -> FinishedRun:
        """Return what is remembered of a run once it is finished."""
        about = run.about
        run_id = run.sent.get("run_id", "")
        return FinishedRun(about["key"], about["uri"], about["experiment"], run.folder.name, run_id)

    def _created(self, run: UnsentRun) -> str:
        sent, about = run.sent, run.about
        if "run_id" in sent:
            return sent["run_id"]
        client, experiment = self._to.client, self._experiment_id
        found = []
        if "requested" in sent:
            found = client.search_runs([experiment], f"tags.`{FOLDER_TAG}` = '{run.folder.name}'")
        run.note(requested=True)
        tags = about["tags"] | {FOLDER_TAG: run.folder.name} | self._parent_tag(about["parent"])
        created = (
            found[0]
            if found
            else client.create_run(experiment, start_time=about["start"], run_name=about["name"], tags=tags)
        )
        run.note(run_id=created.info.run_id, artifact_uri=created.info.artifact_uri)
        return created.info.run_id

    def _parent_tag(self, parent: str) -> dict[str, str]:
        if not parent:
            return {}
        folder = UnsentRun(self._unsent / parent)
        if folder.exists:
            return {"mlflow.parentRunId": self._created(folder)}
        closed = self._finished.find(parent, self._to.name, self._to.experiment)
        return {"mlflow.parentRunId": closed.run_id} if closed and closed.run_id else {}

    def _send_params(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        from mlflow.entities import Param

        params = [Param(name, value) for line in lines for name, value in line["params"].items()]
        for some in _chunks(params, _PARAMS_PER_CALL):
            self._to.client.log_batch(run_id, params=some)

    def _send_metrics(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, line["time"], step) for line in lines for name, step, value in line["metrics"]
        ]
        for some in _chunks(metrics, _METRICS_PER_CALL):
            self._to.client.log_batch(run_id, metrics=some)

    def _send_tags(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        from mlflow.entities import RunTag

        tags = [RunTag(name, value) for line in lines for name, value in line["tags"].items()]
        self._to.client.log_batch(run_id, tags=tags)

    def _send_datasets(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        context = [InputTag("mlflow.data.context", "training")]
        used = [line["dataset"] for line in lines]
        inputs = [
            Dataset(
                name=each["name"][:_LONGEST_NAME],
                digest=each["sha256"][:_DIGEST],
                source_type="local",
                source=json.dumps(each["source"]),
                profile=json.dumps(each["profile"]),
            )
            for each in used
        ]
        self._to.client.log_inputs(run_id, [DatasetInput(each, context) for each in inputs])

    def _send_files(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        folder = self._artifact_folder(run, run_id)
        for line in lines:
            path, above = run.file(line["file"]), line["file"].rpartition("/")[0]
            if folder is None:
                self._to.client.log_artifact(run_id, str(path), above or None)
            else:
                _put(path, below(folder, line["file"]))

    def _artifact_folder(self, run: UnsentRun, run_id: str) -> Path | None:
        folder = self._to.artifact_folder(run.sent.get("artifact_uri", PROXIED))
        if folder is None or "artifact_uri" not in run.sent:  # MLflow goes by what is in the store
            folder = self._to.artifact_folder(self._to.client.get_run(run_id).info.artifact_uri)
        return folder

    def _send_status(self, run: UnsentRun, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            if line["error"]:
                self._to.client.set_tag(run_id, "error", line["error"])
            self._to.client.set_terminated(run_id, line["status"], line["time"])


def _chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield `values` in pieces of at most `size`.

    >>> list(_chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    for first in range(0, len(values), size):
        yield values[first : first + size]


def _put(source: Path, target: Path) -> None:
    """Copy a file so that it is there completely or not at all."""
    with written_whole(target) as temporary:
        shutil.copyfile(source, temporary)
