"""Write down one arm of a job: a run in the tracker with options, numbers, kept rows and curves."""

import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean, median
from typing import Any

from winnow import __version__
from winnow.command import lists
from winnow.command.arm import LIBRARIES, Arm, Scores, seconds_of
from winnow.network.allocation import Allocation, allocation
from winnow.pipeline import Repetition
from winnow.report import notes
from winnow.report.comparison import paired_difference
from winnow.report.results import Results
from winnow.report.rounds import curve_of, metrics_of
from winnow.report.rows import Row
from winnow.store.cache import Entry
from winnow.store.keys import library_versions
from winnow.tracking import Run, Store
from winnow.types import Score

POINTS_OF_A_CURVE = 100
IN_PERCENT = ("_acc", "uniform")
"""What the names of percentages and of their differences have in common."""

ScoreOf = Callable[[Repetition], Score]


@dataclass(frozen=True, eq=False)
class Record:
    """The run of one arm.

    Parameters
    ----------
    arm : the method, or its baseline, on all its networks.
    baseline : what it is compared with; it may be the same.
    folder : the folder of the command.
    tags : what the tracker is to find the run by, besides its key.
    parent : the run of the whole command, if there is one.
    cores : what this process may use.
    """

    arm: Arm
    baseline: Arm
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
        name = lists.folder_name(arm.method)
        with store.run(name, key=arm.key, params=arm.options, tags=tags, parent=self.parent) as run:
            run.text(arm.plan.resolved, "config.yaml")
            run.text(json.dumps(environment(self.cores), indent=2), "environment.json")
            run.dataset(arm.dataset, _source(arm))
            scores = {network: self._network(run, network, score_of, against) for network in arm.networks}
            run.note(notes.of_run(self._results(scores, against)))
            return scores

    def _results(self, scores: Scores, against: Scores | None) -> Results:
        asked = Row(0, "pending", self.arm.selector, 0, 0)
        sides = [(self.baseline, against)] if against else []
        return Results(
            [
                arm.row(asked, "ok", network, of_arm[network], self.baseline)
                for arm, of_arm in [*sides, (self.arm, scores)]
                for network in self.arm.networks
            ]
        )

    @cached_property
    def lists(self) -> Path:
        """The folder of the lists of kept rows."""
        return lists.folder_of(self.folder, self.arm.repetitions()[0])

    def _network(self, run: Run, network: str, score_of: ScoreOf, against: Scores | None) -> list[Score]:
        suffix = "" if network == self.arm.own else f"_{network}"
        scores, devices = [], set()
        for repetition in self.arm.repetitions(network):
            score = score_of(repetition)
            scores.append(score)
            devices.add(_trained(repetition).info["device"])
            # The medians so far: MLflow lists numbers in the order in which it first saw them.
            numbers = so_far(scores, against and against[network]) | {
                "test_acc": score.accuracy,
                "worst_class_acc": score.worst_class,
                "train_milliseconds": 1000 * score.seconds["train"],
            }
            if not suffix:
                numbers |= kept_classes(score.rows_of_class)
            run.metrics(_named(numbers, suffix), step=repetition.number)
            if not suffix:
                self._keep(run, repetition)
        last = self.arm.plan.settings.seeds - 1
        run.metrics(_named(summary(scores, against and against[network]), suffix), step=last)
        run.params({f"device{suffix}": ", ".join(sorted(devices))})
        return scores

    def _keep(self, run: Run, repetition: Repetition) -> None:
        """Write the kept rows of one repetition, and record them with the curves of loss and of rounds."""
        path = lists.write_list(self.lists, repetition, {"labels_read": self.arm.labels_read})
        run.artifact(path, "kept")
        run.artifact(path.with_suffix(".json"), "kept")
        if repetition.number == 0 and (picture := lists.draw(self.lists, repetition)):
            run.artifact(picture, "kept")
        losses = _trained(repetition).arrays["losses"]
        run.curve(f"train_loss_{repetition.number}", losses, every=max(1, len(losses) // POINTS_OF_A_CURVE))
        rounds = curve_of(repetition.subset.value.info["provenance"])
        for labels, numbers in metrics_of(rounds, repetition.number).items():
            run.metrics(rounded(numbers), step=labels)


def _trained(repetition: Repetition) -> Entry:
    return repetition.training(repetition.subset.value).value


def _named(numbers: Mapping[str, float | int], suffix: str) -> dict[str, float | int]:
    """Name numbers after their network, unless it is the job's own, and round them to be read.

    >>> _named({"test_acc": 90.0}, "_mlp"), _named({"test_acc": 95.1239}, "")
    ({'test_acc_mlp': 90.0}, {'test_acc': 95.12})
    """
    return {f"{name}{suffix}": value for name, value in rounded(numbers).items()}


def rounded(numbers: Mapping[str, float | int]) -> dict[str, float | int]:
    """Return percentages and points with two decimals, all else with four significant digits.

    Every digit is in `results.csv`. Counts are left as they are.

    >>> rounded({"delta_uniform": 0.09285, "train_seconds": 0.00168032, "wins": 3})
    {'delta_uniform': 0.09, 'train_seconds': 0.00168, 'wins': 3}
    """
    return {name: _rounded(name, value) for name, value in numbers.items()}


def _rounded(name: str, value: float | int) -> float | int:
    if isinstance(value, int):
        return value
    return round(value, 2) if any(word in name for word in IN_PERCENT) else float(f"{value:.4g}")


def so_far(scores: Sequence[Score], against: Sequence[Score] | None) -> dict[str, float]:
    """Return what a person looks at first, of the repetitions that are done; `against` is the baseline."""
    values = [score.accuracy for score in scores]
    baseline = [score.accuracy for score in (against or scores)[: len(scores)]]
    return {
        "test_acc_median": median(values),
        "delta_uniform": fmean(a - b for a, b in zip(values, baseline, strict=True)),
        "uniform_median": median(baseline),
    }


def _source(arm: Arm) -> dict[str, str]:
    """Return the settings of the data set, which say where it was read."""
    own = {name: value for name, value in arm.options.items() if name.partition(".")[0] == "dataset"}
    return own | {"data_dir": arm.plan.settings.data_dir}


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
        **so_far(scores, against),
        "test_acc_min": min(values),
        "test_acc_max": max(values),
        **(_compared(scores, against) if against else {}),
        **{f"{stage}_seconds": seconds for stage, seconds in seconds_of(scores).items()},
    }


def _compared(scores: Sequence[Score], against: Sequence[Score]) -> dict[str, float]:
    pairs = paired_difference([score.accuracy for score in scores], [score.accuracy for score in against])
    # A single pair has no interval, and no tracker takes NaN.
    interval = {"delta_uniform_low": pairs.low, "delta_uniform_high": pairs.high} if pairs.n > 1 else {}
    counts = {"wins": pairs.wins, "ties": pairs.ties, "losses": pairs.losses}
    return {"delta_uniform": pairs.mean, "p_sign_flip": pairs.p} | interval | counts


def versions_in_words() -> str:
    """Return the versions of Python and of the libraries that the numbers were made with, in one line."""
    versions = {"Python": sys.version.split()[0], **library_versions(*LIBRARIES)}
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def environment(given: Allocation) -> dict[str, Any]:
    """Return what the numbers were made with, on the cores that this process was given."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": given.cores,
        "cores_given_by": given.source,
        "threads_per_repetition": 1,
        "libraries": {"winnow": __version__, **library_versions(*LIBRARIES)},
    }
