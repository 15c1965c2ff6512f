"""What a tracker is told about one method's repetitions: options, numbers, kept rows, curves."""

import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from winnow import kept_rows
from winnow.config import Plan
from winnow.keys import library_versions
from winnow.pipeline import Pipeline, Score
from winnow.report import STAGES
from winnow.tracking import Run, Store
from winnow.types import Clustering
from winnow.workers import available_cores

LIBRARIES = ("winnow", "torch", "pytorch-lightning", "faiss-cpu", "scikit-learn", "numpy", "mlflow")
POINTS_OF_A_CURVE = 100


@dataclass(frozen=True, eq=False)
class Record:
    """One method's run in the tracker: the chosen method's, or its baseline's."""

    plan: Plan
    pipeline: Pipeline
    place: Path

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
        if not selector.needs_clustering:
            # Blind to clusters: one run serves every k, which is the budget, as by default. Most are blind to
            # coordinates too, and one run serves every embedding.
            unseen = ["clusterer"] if selector.needs_embedding else ["embedding", "clusterer"]
            described |= dict.fromkeys(unseen, "none") | {"k": str(self.pipeline.budget)}
            fields = tuple(f"{group}." for group in unseen)
            described = {name: value for name, value in described.items() if not name.startswith(fields)}
        return described

    def write(
        self,
        store: Store,
        tags: dict[str, str],
        repetitions: Sequence[Callable[[], Score]],
        against: Sequence[Score] | None,
    ) -> list[Score]:
        """Keep a run open while the repetitions come in, and write down each of them.

        `against` are the scores of the baseline; None for the baseline itself.
        """
        tags |= {"winnow.baseline": str(against is None).lower(), "labels_read": str(self.labels_read)}
        key = self.pipeline.run_key(len(repetitions))
        with store.run(self.name, key=key, params=self.options(), tags=tags) as run:
            run.text(self.plan.resolved, "config.yaml")
            run.text(json.dumps(environment(), indent=2), "environment.json")
            scores = []
            for repetition, score in enumerate(repetitions):
                scores.append(score())
                told = {
                    "test_acc": scores[-1].accuracy,
                    "worst_class_acc": scores[-1].worst_class,
                    "train_milliseconds": 1000 * scores[-1].seconds["train"],
                }
                run.metrics(told, step=repetition)
                self._keep(run, repetition, folder=self.place / "kept" / key[:12])
            run.metrics(summary(scores, against or scores))
        return scores

    def _keep(self, run: Run, repetition: int, folder: Path) -> None:
        """Write the kept rows of one repetition, and record them with the loss curve."""
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


def summary(scores: Sequence[Score], against: Sequence[Score]) -> dict[str, float]:
    """The numbers of all repetitions together, under the names that scripts rely on."""
    values = [score.accuracy for score in scores]
    return {
        "test_acc_median": median(values),
        "test_acc_min": min(values),
        "test_acc_max": max(values),
        "delta_uniform": fmean(a.accuracy - b.accuracy for a, b in zip(scores, against, strict=True)),
        **{f"{stage}_seconds": seconds for stage, seconds in seconds_of(scores).items()},
    }


def seconds_of(scores: Sequence[Score]) -> dict[str, float]:
    """Seconds of every stage over all repetitions; the embedding is shared, so it counts once."""
    totals = {stage: sum(score.seconds[stage] for score in scores) for stage in STAGES}
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
