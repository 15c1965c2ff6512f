"""Write down one arm of a job: a run in the tracker with options, numbers, kept rows and curves."""

import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from winnow.command import lists
from winnow.command.arm import Arm, seconds_of
from winnow.network.allocation import Allocation, allocation
from winnow.pipeline import Repetition
from winnow.report.comparison import paired_difference
from winnow.stages import Run, Store
from winnow.store.keys import library_versions
from winnow.types import Score

LIBRARIES = ("winnow", "torch", "pytorch-lightning", "faiss-cpu", "scikit-learn", "numpy", "mlflow")
POINTS_OF_A_CURVE = 100

ScoreOf = Callable[[Repetition], Score]
Scores = Mapping[str, Sequence[Score]]


@dataclass(frozen=True, eq=False)
class Record:
    """The run of one arm.

    Parameters
    ----------
    arm : the method, or its baseline, on all its networks.
    folder : the folder of the command.
    tags : what the tracker is to find the run by, besides its key.
    parent : the run of the whole command, if there is one.
    cores : what this process may use.
    """

    arm: Arm
    folder: Path
    tags: Mapping[str, str]
    parent: str = ""
    cores: Allocation = field(default_factory=allocation)

    def write(self, store: Store, score_of: ScoreOf, against: Scores | None) -> Scores:
        """Keep a run open while the scores come in, and write down each of them, network by network.

        `against` are the scores of the baseline; None for the baseline itself.
        """
        arm = self.arm
        tags = {"winnow.baseline": str(arm.is_baseline).lower(), "labels_read": str(arm.labels_read)}
        tags |= self.tags
        with store.run(arm.name, key=arm.key, params=arm.options, tags=tags, parent=self.parent) as run:
            run.text(arm.plan.resolved, "config.yaml")
            run.text(json.dumps(environment(self.cores), indent=2), "environment.json")
            return {network: self._network(run, network, score_of, against) for network in arm.networks}

    @cached_property
    def lists(self) -> Path:
        """The folder of the lists of kept rows."""
        return lists.folder_of(self.folder, self.arm.repetitions()[0])

    def _network(self, run: Run, network: str, score_of: ScoreOf, against: Scores | None) -> list[Score]:
        suffix = "" if network == self.arm.own else f"_{network}"
        scores = []
        for repetition in self.arm.repetitions(network):
            score = score_of(repetition)
            scores.append(score)
            numbers = {
                "test_acc": score.accuracy,
                "worst_class_acc": score.worst_class,
                "train_milliseconds": 1000 * score.seconds["train"],
            }
            if not suffix:
                numbers |= kept_classes(score.rows_of_class)
                self._keep(run, repetition)
            run.metrics(_named(numbers, suffix), step=repetition.number)
        run.metrics(_named(summary(scores, against and against[network]), suffix))
        return scores

    def _keep(self, run: Run, repetition: Repetition) -> None:
        """Write the kept rows of one repetition, and record them with the loss curve."""
        path = lists.write_list(self.lists, repetition, {"labels_read": self.arm.labels_read})
        run.artifact(path, "kept")
        run.artifact(path.with_suffix(".json"), "kept")
        if repetition.number == 0 and (picture := lists.draw(self.lists, repetition)):
            run.artifact(picture, "kept")
        losses = repetition.training(repetition.subset.value).value.arrays["losses"]
        run.curve(f"train_loss_{repetition.number}", losses, every=max(1, len(losses) // POINTS_OF_A_CURVE))


def _named(numbers: Mapping[str, float], suffix: str) -> dict[str, float]:
    """Name numbers after their network, unless it is the job's own.

    >>> _named({"test_acc": 90.0}, "_mlp"), _named({"test_acc": 95.0}, "")
    ({'test_acc_mlp': 90.0}, {'test_acc': 95.0})
    """
    return {f"{name}{suffix}": value for name, value in numbers.items()}


def kept_classes(rows_of_class: Sequence[int]) -> dict[str, int]:
    """Count the classes of which no row, and of which a single row was kept.

    >>> kept_classes([4, 0, 1, 1])
    {'absent_classes': 1, 'singleton_classes': 2}
    """
    counts = list(rows_of_class)
    return {"absent_classes": counts.count(0), "singleton_classes": counts.count(1)}


def summary(scores: Sequence[Score], against: Sequence[Score] | None) -> dict[str, float]:
    """Return the numbers of all repetitions together, under the names that scripts rely on."""
    values = [score.accuracy for score in scores]
    return {
        "test_acc_median": median(values),
        "test_acc_min": min(values),
        "test_acc_max": max(values),
        "delta_uniform": 0.0,
        **(_compared(scores, against) if against else {}),
        **{f"{stage}_seconds": seconds for stage, seconds in seconds_of(scores).items()},
    }


def _compared(scores: Sequence[Score], against: Sequence[Score]) -> dict[str, float]:
    pairs = paired_difference([score.accuracy for score in scores], [score.accuracy for score in against])
    # A single pair has no interval, and no tracker takes NaN.
    interval = {"delta_uniform_low": pairs.low, "delta_uniform_high": pairs.high} if pairs.n > 1 else {}
    counts = {"wins": pairs.wins, "ties": pairs.ties, "losses": pairs.losses}
    return {"delta_uniform": pairs.mean, "p_sign_flip": pairs.p} | interval | counts


def environment(given: Allocation) -> dict[str, Any]:
    """Return what the numbers were made with, on the cores that this process was given."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": given.cores,
        "cores_given_by": given.source,
        "threads_per_repetition": 1,
        "libraries": library_versions(*LIBRARIES),
    }
