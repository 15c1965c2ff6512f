"""What a tracker is told about one method's repetitions: options, numbers, kept rows, curves."""

import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from winnow.command.plan import Plan
from winnow.command.workers import available_cores
from winnow.pipeline import Pipeline, Score
from winnow.report.comparison import paired_difference
from winnow.report.rows import STAGES
from winnow.stages import Run, Store
from winnow.store import kept_rows
from winnow.store.keys import library_versions
from winnow.types import Clustering

LIBRARIES = ("winnow", "torch", "pytorch-lightning", "faiss-cpu", "scikit-learn", "numpy", "mlflow")
POINTS_OF_A_CURVE = 100
OWN = ""
"""Stands for the job's own model where results are named by their network."""

Results = Mapping[str, Sequence[Callable[[], Score]]]
Scores = dict[str, list[Score]]


@dataclass(frozen=True, eq=False)
class Record:
    """One method's run in the tracker, the chosen method's or its baseline's, on all its networks."""

    plan: Plan
    networks: Mapping[str, Pipeline]
    place: Path

    @property
    def pipeline(self) -> Pipeline:
        """The method on the job's own network."""
        return self.networks[OWN]

    @cached_property
    def key(self) -> str:
        """What this run is found by once it is finished."""
        others = [pipeline for name, pipeline in self.networks.items() if name != OWN]
        return self.pipeline.run_key(self.plan.settings.seeds, others)

    @property
    def selector(self) -> str:
        """The option name of the selector."""
        return type(self.pipeline.method.selector).__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        """What the run is called in lists."""
        return f"{self.selector} k={self.options()['k']} budget={self.pipeline.budget}"

    @property
    def labels_read(self) -> int:
        """Training labels it took: those of the kept rows, or all where the selector asks for all."""
        reads_all = self.pipeline.method.selector.reads_all_labels
        return self.pipeline.dataset.n if reads_all else self.pipeline.budget

    def options(self) -> dict[str, str]:
        """Options by name, settings, and every field of the stages that had a say."""
        selector = self.pipeline.method.selector
        described = self.plan.described() | {
            "dataset": self.pipeline.dataset.name,
            "selector": self.selector,
            "budget": str(self.pipeline.budget),
        }
        if type(selector) is not type(self.plan.stages["selector"]):  # the baseline
            described = {name: value for name, value in described.items() if not name.startswith("selector.")}
        unseen = []
        if not selector.needs_clustering:
            # Blind to clusters: one run serves every k, which is the budget, as by default. Most are blind to
            # coordinates too, and one run serves every embedding.
            unseen = ["clusterer"] if selector.needs_embedding else ["embedding", "clusterer"]
            described |= dict.fromkeys(unseen, "none") | {"k": str(self.pipeline.budget)}
        if not selector.needs_dynamics:
            unseen = [*unseen, "dynamics"]
        fields = tuple(f"{group}." for group in unseen)
        return {name: value for name, value in described.items() if not name.startswith(fields)}

    def write(
        self,
        store: Store,
        tags: dict[str, str],
        results: Results,
        against: Scores | None,
    ) -> Scores:
        """Keep a run open while the repetitions come in, and write down each of them, network by network.

        `against` are the scores of the baseline; None for the baseline itself.
        """
        tags |= {"winnow.baseline": str(against is None).lower(), "labels_read": str(self.labels_read)}
        parent = tags.pop("parent", "")
        with store.run(self.name, key=self.key, params=self.options(), tags=tags, parent=parent) as run:
            run.text(self.plan.resolved, "config.yaml")
            run.text(json.dumps(environment(), indent=2), "environment.json")
            scores: Scores = {}
            for network, repetitions in results.items():
                scores[network] = []
                for repetition, result in enumerate(repetitions):
                    score = result()
                    scores[network].append(score)
                    told = {
                        "test_acc": score.accuracy,
                        "worst_class_acc": score.worst_class,
                        "train_milliseconds": 1000 * score.seconds["train"],
                    }
                    if network == OWN:
                        told |= kept_classes(score.rows_of_class)
                        self._keep(run, repetition)
                    run.metrics(_on(network, told), step=repetition)
                run.metrics(_on(network, summary(scores[network], against and against[network])))
        return scores

    def _keep(self, run: Run, repetition: int) -> None:
        """Write the kept rows of one repetition, and record them with the loss curve."""
        folder = self.place / "kept" / self.key[:12]
        pipeline, dataset = self.pipeline, self.pipeline.dataset
        clustered = pipeline.method.selector.needs_clustering
        clustering = Clustering(**pipeline.cluster(repetition).arrays) if clustered else None
        kept = pipeline.select(repetition)
        provenance = {
            "selector": repr(pipeline.method.selector),
            "seed": pipeline.method.seed,
            "key": pipeline.subset_key(repetition),
            "labels_read": self.labels_read,
            **kept.info["provenance"],
        }
        indices = kept.arrays["indices"]
        path = kept_rows.write(folder, repetition, dataset, indices, clustering, provenance)
        run.artifact(path, "kept")
        run.artifact(path.with_suffix(".json"), "kept")
        if repetition == 0 and dataset.x.ndim == 4:
            run.artifact(kept_rows.picture(path.with_suffix(".png"), dataset, indices), "kept")
        losses = pipeline.train(repetition).arrays["losses"]
        run.curve(f"train_loss_{repetition}", losses, every=max(1, len(losses) // POINTS_OF_A_CURVE))


def _on(network: str, numbers: Mapping[str, float]) -> dict[str, float]:
    """Name numbers after their network, unless it is the job's own.

    >>> _on("mlp", {"test_acc": 90.0}), _on(OWN, {"test_acc": 95.0})
    ({'test_acc_mlp': 90.0}, {'test_acc': 95.0})
    """
    return {f"{name}_{network}" if network != OWN else name: value for name, value in numbers.items()}


def kept_classes(rows_of_class: Sequence[int]) -> dict[str, int]:
    """Count the classes of which no row, and of which a single row was kept.

    >>> kept_classes([4, 0, 1, 1])
    {'absent_classes': 1, 'singleton_classes': 2}
    """
    counts = list(rows_of_class)
    return {"absent_classes": counts.count(0), "singleton_classes": counts.count(1)}


def summary(scores: Sequence[Score], against: Sequence[Score] | None) -> dict[str, float]:
    """The numbers of all repetitions together, under the names that scripts rely on."""
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


def measured(scores: Sequence[Score], against: Sequence[Score]) -> dict[str, Any]:
    """What a row says of one network: its results, those of the baseline, and what both cost."""
    return {
        "accuracies": [score.accuracy for score in scores],
        "worst_class": [score.worst_class for score in scores],
        "baseline": [score.accuracy for score in against],
        "baseline_worst_class": [score.worst_class for score in against],
        "seconds": seconds_of(scores) | {"baseline": seconds_of(against)["train"]},
    }


def seconds_of(scores: Sequence[Score]) -> dict[str, float]:
    """Seconds of every stage over all repetitions; the embedding is shared, so it counts once."""
    totals = {stage: sum(score.seconds.get(stage, 0.0) for score in scores) for stage in STAGES}
    return totals | {"embed": max(score.seconds["embed"] for score in scores)}


def environment() -> dict:
    """What the numbers were made with."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": available_cores(),
        "threads_per_repetition": 1,
        "libraries": library_versions(*LIBRARIES),
    }
