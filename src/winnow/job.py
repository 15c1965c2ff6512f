"""One job: a method and its baseline, every repetition of both, tracked, and one line about the outcome."""

import json
import os
import platform
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean, median

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from winnow import kept_rows, report, sweep
from winnow.cache import Cache
from winnow.config import Plan
from winnow.errors import TRACEBACK, InvalidValue, exit_code, explain
from winnow.keys import library_versions
from winnow.pipeline import Method, Pipeline, Score
from winnow.report import STAGES, Row
from winnow.types import Clustering, Dataset, Study
from winnow.workers import Workers, available_cores

METHOD_GROUPS = ("embedding", "clusterer", "selector", "model", "augment", "trainer")
LIBRARIES = ("winnow", "torch", "pytorch-lightning", "faiss-cpu", "scikit-learn", "numpy", "mlflow")


def run(plan: Plan, *, number: int = 0, in_sweep: bool = False) -> Row:
    """Run one job and record what became of it, whatever that is.

    Results that exist are not computed again: a job whose run is finished is answered from the cache.
    """
    place = sweep.folder(plan.settings.state_dir)
    row = sweep.pending(number, plan, ())
    try:
        job = Job(plan, place, in_sweep)
        if plan.study:
            row = job.shown(row, plan.study)
        else:
            row = job.outcome(row)
            print(report.line(row), flush=True)
    except Exception as error:
        # Not raised: Hydra would stop here or tell it in its own way, and the other jobs shall go on.
        row = replace(row, status="failed", reason=explain(error), exit_code=exit_code(error))
        print(f"failed: {row.selector} k={row.k} budget={row.budget}: {row.reason}", file=sys.stderr)
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
    except BaseException as error:
        sweep.record(place, replace(row, status="interrupted", reason=explain(error)))
        raise
    sweep.record(place, row)
    return row


@dataclass(frozen=True, eq=False)
class Job:
    """A plan at work."""

    plan: Plan
    place: Path
    in_sweep: bool

    def outcome(self, row: Row) -> Row:
        """Make sure that every repetition of the method and of its baseline is computed and tracked."""
        self._check_fits()
        chosen, seeds = self.chosen, range(self.plan.settings.seeds)
        baseline = Pipeline(chosen.method.baseline(), self.dataset, self.cache)
        arms = [baseline, chosen] if chosen.method != baseline.method else [baseline]
        runs = {arm: self.store.finished(arm.run_key(len(seeds))) for arm in arms}
        trained = {arm: [arm.finished(repetition) for repetition in seeds] for arm in arms}
        complete = all(runs.values()) and all(all(entries) for entries in trained.values())
        if complete:
            scores = {arm: [arm.score(entry) for entry in trained[arm]] for arm in arms}
        else:
            scores = self._compute(arms, runs)
        return replace(
            row,
            status="cached" if complete else "ok",
            key=chosen.run_key(len(seeds)),
            run_id=self.store.finished(chosen.run_key(len(seeds))) or "",
            budget=chosen.budget,
            options=self._options(chosen),
            accuracies=[score.accuracy for score in scores[arms[-1]]],
            baseline=[score.accuracy for score in scores[baseline]],
            seconds=_totals(scores[arms[-1]]) | {"baseline": _totals(scores[baseline])["train"]},
        )

    def shown(self, row: Row, study: Study) -> Row:
        """Run a study, whose figures and tables the tracker keeps at the end of the command."""
        settings = self.plan.settings
        _ = self._parent
        folder = sweep.exhibits(self.place, row.job)
        folder.mkdir(parents=True)
        print(study.run(self.dataset, seed=settings.seed, seeds=settings.seeds, folder=folder))
        print(f"figures and tables: {folder}", flush=True)
        return replace(row, status="ok")

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, read and verified once."""
        return self.plan.stages["dataset"].load()

    @cached_property
    def cache(self) -> Cache:
        """Where results are kept."""
        return Cache(self._state / "cache")

    @cached_property
    def store(self):
        """Where runs are recorded."""
        return self.plan.stages["tracker"].open(self._state)

    @cached_property
    def chosen(self) -> Pipeline:
        """The method that was asked for, applied to the data."""
        stages, settings = self.plan.stages, self.plan.settings
        method = Method(
            *(
                stages[group]
                for group in ("embedding", "clusterer", "selector", "model", "augment", "trainer")
            ),
            budget=settings.budget,
            seed=settings.seed,
        )
        return Pipeline(method, self.dataset, self.cache)

    @property
    def _state(self) -> Path:
        return Path(self.plan.settings.state_dir).absolute()

    def _check_fits(self) -> None:
        settings, n, selector = self.plan.settings, self.dataset.n, self.chosen.method.selector
        limits = {"budget": not selector.keeps_everything, "k": selector.needs_clustering}
        for name, applies in limits.items():
            value = getattr(settings, name)
            if applies and value > n:
                raise InvalidValue(
                    f"{name} must lie in [1, n={n}], got {value}",
                    where=f"{name}={value}",
                    remedy=f"{self.dataset.name} has {n} training rows",
                )

    def _compute(self, arms: list[Pipeline], runs: dict[Pipeline, str | None]) -> dict:
        workers, seeds = Workers(self.plan.settings.n_jobs), range(self.plan.settings.seeds)
        source = self.plan.stages["dataset"]
        with workers.stopping_on_error():
            asked = {}
            for arm in arms:
                if arm.method.selector.needs_clustering or arm.method.selector.needs_embedding:
                    # Here, not in a worker: all of them would wait for the one, and nobody see its progress.
                    arm.embed()
                asked[arm] = [workers.submit(arm, source, repetition) for repetition in seeds]
            scores: dict[Pipeline, list[Score]] = {}
            with _progress() as progress:
                for arm in arms:
                    name = f"{_option(arm)} budget={arm.budget}"
                    task = progress.add_task(name, total=len(seeds))
                    tick = lambda task=task: progress.advance(task)  # noqa: E731
                    against = scores.get(arms[0])
                    if runs[arm] is None:
                        scores[arm] = self._tracked(arm, asked[arm], against, tick)
                    else:
                        scores[arm] = [_taken(future.result(), tick) for future in asked[arm]]
        return scores

    def _tracked(
        self, arm: Pipeline, asked: list, against: list[Score] | None, tick: Callable
    ) -> list[Score]:
        """Wait for the repetitions of one arm inside a run of its own."""
        key = arm.run_key(len(asked))
        with self.cache.lock(f"run-{key}"):
            if self.store.finished(key):  # another process was faster
                return [_taken(future.result(), tick) for future in asked]
            name = f"{_option(arm)} k={self._options(arm)['k']} budget={arm.budget}"
            with self.store.run(name, key=key, params=self._options(arm), tags=self._tags(arm)) as record:
                record.text(self.plan.resolved, "config.yaml")
                record.text(json.dumps(environment(), indent=2), "environment.json")
                scores = []
                for repetition, future in enumerate(asked):
                    scores.append(_taken(future.result(), tick))
                    record.metrics({"test_acc": scores[-1].accuracy}, step=repetition)
                    self._keep(arm, repetition, record)
                record.metrics(_summary(scores, against or scores))
        return scores

    def _keep(self, arm: Pipeline, repetition: int, record) -> None:
        """Write the kept rows of one repetition, and record them with the loss curve."""
        needs_clustering = arm.method.selector.needs_clustering
        clustering = Clustering(**arm.cluster(repetition).arrays) if needs_clustering else None
        kept = arm.select(repetition)
        provenance = {
            "selector": repr(arm.method.selector),
            "seed": arm.method.seed,
            "key": arm.subset_key(repetition),
        }
        folder = self.place / "kept" / arm.run_key(self.plan.settings.seeds)[:12]
        indices = kept.arrays["indices"]
        path = kept_rows.write(folder, repetition, self.dataset, indices, clustering, provenance)
        record.artifact(path, "kept")
        record.artifact(path.with_suffix(".json"), "kept")
        if repetition == 0 and self.dataset.x.ndim == 4:
            record.artifact(kept_rows.picture(path.with_suffix(".png"), self.dataset, indices), "kept")
        losses = arm.train(repetition).arrays["losses"]
        record.curve(f"train_loss_{repetition}", losses, every=max(1, len(losses) // 100))

    @cached_property
    def _parent(self) -> str:
        run_id = self.store.parent(self.place.name, f"sweep {self.place.name}")
        (self.place / sweep.PARENT).write_text(run_id)
        return run_id

    def _tags(self, arm: Pipeline) -> dict[str, str]:
        tags = {"winnow.baseline": str(_option(arm) == "uniform").lower()}
        if self.in_sweep:
            tags |= {"winnow.sweep": self.place.name, "mlflow.parentRunId": self._parent}
        return tags

    def _options(self, arm: Pipeline) -> dict[str, str]:
        """What a tracker records of an arm: options by name, settings, and every field of its stages."""
        described = self.plan.described() | {
            "dataset": self.dataset.name,
            "selector": _option(arm),
            "budget": str(arm.budget),
        }
        if not arm.method.selector.needs_clustering:
            # Blind to clusters: one run serves every k, which is the budget, as by default. Most are blind to
            # coordinates too, and one run serves every embedding.
            unseen = ["clusterer"] if arm.method.selector.needs_embedding else ["embedding", "clusterer"]
            described |= dict.fromkeys(unseen, "none") | {"k": str(arm.budget)}
            fields = tuple(f"{group}." for group in unseen)
            described = {name: value for name, value in described.items() if not name.startswith(fields)}
        return described


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


def _option(arm: Pipeline) -> str:
    return type(arm.method.selector).__module__.rpartition(".")[2]


def _taken(score: Score, tick: Callable[[], None]) -> Score:
    tick()
    return score


def _summary(scores: list[Score], against: list[Score]) -> dict[str, float]:
    values = [score.accuracy for score in scores]
    return {
        "test_acc_median": median(values),
        "test_acc_min": min(values),
        "test_acc_max": max(values),
        "delta_uniform": fmean(a.accuracy - b.accuracy for a, b in zip(scores, against, strict=True)),
        **{f"{stage}_seconds": seconds for stage, seconds in _totals(scores).items()},
    }


def _totals(scores: list[Score]) -> dict[str, float]:
    """Seconds of every stage over all repetitions; the embedding is shared, so it counts once."""
    totals = {stage: sum(score.seconds[stage] for score in scores) for stage in STAGES}
    return totals | {"embed": max(score.seconds["embed"] for score in scores)}


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
