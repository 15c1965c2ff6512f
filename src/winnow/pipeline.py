"""load -> embed -> cluster -> select -> train -> score: the whole method on one page.

Selectors that score rows by how a network learns them have one more step before theirs: observe.

Every step is computed when another one needs it, and at most once. So the baseline of a budget, trained for
one selector, serves all the others, and a killed sweep goes on where it stopped. A training is known by the
rows that it learns from, not by the selector that chose them.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from winnow.pool import LabelsOfKept, Pool, properties_of
from winnow.selector.uniform import Uniform
from winnow.stages import Augment, Clusterer, Embedding, Model, Observer, Selector, Trainer
from winnow.store.cache import Cache, Entry
from winnow.store.keys import checksum, content_key, identity
from winnow.store.step import Computed, Step
from winnow.streams import Streams
from winnow.types import Dataset, Rows, Score, Subset, Trained


@dataclass(frozen=True)
class Method:
    """Everything a result depends on, besides the data: one stage of every group, the budget and the seed.

    `observed` is the network that `dynamics` trains; without it, that is `model`.
    """

    embedding: Embedding
    clusterer: Clusterer
    selector: Selector
    model: Model
    augment: Augment
    trainer: Trainer
    dynamics: Observer
    budget: int
    seed: int
    observed: Model | None = None

    def baseline(self) -> "Method":
        """Return the same training on a uniform random subset of the same size; of all rows there is one."""
        return self if self.selector.keeps_everything else replace(self, selector=Uniform())

    def on(self, model: Model) -> "Method":
        """Return the training of another network on the rows that this method keeps."""
        return replace(self, model=model, observed=self.observed or self.model)


@dataclass(frozen=True, eq=False)
class Choice:
    """One repetition of choosing rows, with the steps before it; labels are read only where it needs them.

    No step refers to its repetition: in such a circle, arrays would stay in memory, and their files open.
    """

    method: Method
    dataset: Dataset | Rows
    cache: Cache
    number: int

    @property
    def streams(self) -> Streams:
        """The random streams of this repetition."""
        return Streams(self.method.seed, self.number)

    @property
    def budget(self) -> int:
        """Number of rows kept: the method's budget, or all of them."""
        return self.dataset.n if self.method.selector.keeps_everything else self.method.budget

    @cached_property
    def embedding(self) -> Step:
        """The embedded training set, X: float32 (n, d); the same for all repetitions."""
        stage, dataset = self.method.embedding, self.dataset
        data = {"data": dataset.checksum}

        def compute() -> Computed:
            return {"X": stage.fit_transform(dataset.x)}, {}

        libraries = ("numpy", "scikit-learn", "torch")
        cached = stage.worth_caching
        return Step(self.cache, "embedding", "embed", [stage], compute, {}, data, libraries, cached)

    @cached_property
    def clustering(self) -> Step:
        """Centroids, labels and distances; all selectors share them."""
        stage, seed = self.method.clusterer, self.streams.seed("cluster")

        def compute(embedding: Entry) -> Computed:
            clustering = stage.fit(embedding.arrays["X"], seed=seed)
            return _arrays(clustering, "centroids", "labels", "distances"), {}

        after, libraries = {"embedding": self.embedding}, ("faiss-cpu", "scikit-learn", "numpy")
        return Step(self.cache, "clustering", "cluster", [stage], compute, after, {"seed": seed}, libraries)

    @cached_property
    def dynamics(self) -> Step:
        """Logits of all rows while a network learns them; gradient norms where the selector needs them."""
        stage, model = self.method.dynamics, self.method.observed or self.method.model
        dataset, streams = self.dataset, self.streams
        gradients = "gradient_norms" in self.method.selector.needs

        def compute() -> Computed:
            known = dataset.to_learn() if isinstance(dataset, Rows) else dataset
            seen = stage.observe(known, model, streams, gradients=gradients)
            return _arrays(seen, "logits", *(["gradient_norms"] if gradients else [])), {}

        seed = streams.seed("dynamics")
        parts = {"data": dataset.checksum, "gradients": gradients, "seed": seed}
        libraries = ("torch", "pytorch-lightning", "numpy")
        return Step(self.cache, "dynamics", "dynamics", [stage, model], compute, {}, parts, libraries)

    @cached_property
    def subset(self) -> Step:
        """The kept rows, indices and weights, chosen by what the selector declared as needed and no more."""
        selector, dataset, streams, budget = self.method.selector, self.dataset, self.streams, self.budget
        steps = {"X": "embedding", "clustering": "clustering", "dynamics": "dynamics"}

        def compute(**before: Entry) -> Computed:
            known: dict[str, Any] = {"y": dataset.y, "labels_of_kept": LabelsOfKept(dataset.n, dataset.y)}
            for entry in before.values():
                known |= properties_of(entry.arrays)
            pool = Pool(dataset.n, **known).only(selector.needs)
            subset = pool.checked(selector.select(pool, budget=budget, rng=streams.rng("select")), budget)
            return _arrays(subset, "indices", "weights"), {"provenance": dict(subset.provenance)}

        after = {step: getattr(self, step) for need, step in steps.items() if need in selector.needs}
        parts = {"budget": budget, "seed": streams.seed("select"), "data": dataset.checksum}
        return Step(self.cache, "subset", "select", [selector], compute, after, parts, ("numpy",))


@dataclass(frozen=True, eq=False)
class Repetition(Choice):
    """One repetition of a method on a data set: the choice of rows, the training and the score."""

    dataset: Dataset

    def training(self, kept: Entry, trained: Trained | None = None) -> Step:
        """Predictions for the test set after learning the kept rows, and the loss curve.

        `trained` is the result if it is at hand because it was trained together with others.
        """
        method, dataset, streams = self.method, self.dataset, self.streams
        rows = Subset(**kept.arrays, provenance=kept.info["provenance"])

        def compute(unfinished: Path | None) -> Computed:
            parts = dataset, rows, method.model, method.augment, streams
            result = trained or method.trainer.train(*parts, unfinished=unfinished)
            return _arrays(result, "predictions", "losses"), {}

        parts = self._training_parts | {"rows": checksum(rows.indices, rows.weights)}
        stages, libraries = self._training_stages, ("torch", "pytorch-lightning", "numpy")
        return Step(self.cache, "trained", "train", stages, compute, {}, parts, libraries, goes_on=True)

    @property
    def _training_stages(self) -> list[Any]:
        return [self.method.model, self.method.augment, self.method.trainer]

    @property
    def _training_parts(self) -> dict[str, Any]:
        return {"data": self.dataset.checksum, "seed": self.method.seed, "repetition": self.number}

    @property
    def key(self) -> str:
        """What this repetition is known by before its rows are."""
        stages = [identity(stage) for stage in self._training_stages]
        return content_key(subset=self.subset.key, stages=stages, parts=self._training_parts)

    def score(self) -> Score:
        """Choose, train and judge, as far as that was not done before."""
        kept = self.subset.value
        return self._judge(kept, self.training(kept).value)

    def found(self) -> Score | None:
        """Return the score if everything was computed before, else None."""
        kept = self.subset.found()
        trained = kept and self.training(kept).found()
        return self._judge(kept, trained) if kept and trained else None

    def _judge(self, kept: Entry, trained: Entry) -> Score:
        """Compare with the test labels; the one place where they are read."""
        y, y_test = self.dataset.y, self.dataset.y_test
        right, sizes = trained.arrays["predictions"] == y_test, np.bincount(y_test)
        of_class = np.bincount(y_test, weights=right)[sizes > 0] / sizes[sizes > 0]
        rows_of_class = np.bincount(y[kept.arrays["indices"]], minlength=len(self.dataset.classes))
        return Score(
            accuracy=100.0 * float(np.mean(right)),
            worst_class=100.0 * float(of_class.min()),
            rows_of_class=rows_of_class.tolist(),
            seconds=kept.info["stages"] | trained.info["stages"],
            found=kept.found and trained.found,
        )


def _arrays(value: object, *names: str) -> dict[str, ndarray]:
    """Return the named arrays of a value, as the cache stores them."""
    return {name: getattr(value, name) for name in names}
