"""load -> embed -> cluster -> select -> train -> score: the whole method on one page.

Selectors that score rows by how a network learns them have one more step before theirs: observe.

Every step is pulled by the one after it and computed at most once. A step's key is the hash of what it
depends on: the key of the step before it, the stage's identity, its random stream, the versions of the
libraries that do the work. So the baseline of a budget, trained for one selector, is found by all the
others; a killed sweep goes on where it stopped; and asking for a result that exists touches neither the
images nor the clusters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.selector.uniform import Uniform
from winnow.stages import Augment, Clusterer, Embedding, Model, Observer, Selector, Trainer
from winnow.store.cache import Cache, Entry
from winnow.store.keys import content_key, identity, library_versions
from winnow.streams import Streams, stream, stream_seed
from winnow.types import Clustering, Dataset, Dynamics, Subset, Trained

Value = TypeVar("Value")
Computed = tuple[dict[str, ndarray], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """Everything a result depends on, besides the data: the stages, the budget and the seed.

    `transfer` is another network to train on the rows that were chosen with `model` in mind.
    """

    embedding: Embedding
    clusterer: Clusterer
    selector: Selector
    model: Model
    augment: Augment
    trainer: Trainer
    budget: int
    seed: int
    dynamics: Observer
    transfer: Model | None = None

    @property
    def trained(self) -> Model:
        """The network that is trained on the kept rows."""
        return self.transfer or self.model

    def baseline(self) -> "Method":
        """The same training on a uniform random subset of the same size; of all rows there is only one."""
        return self if self.selector.keeps_everything else replace(self, selector=Uniform())


@dataclass(frozen=True)
class Score:
    """What one repetition was worth: its test accuracy in percent, and the seconds of every step.

    `worst_class` is the accuracy on the class it knows least: a subset that drops a class shows here first.
    `rows_of_class` counts the kept rows of every class.
    """

    accuracy: float
    worst_class: float
    rows_of_class: Sequence[int]
    seconds: Mapping[str, float]
    found: bool


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A method applied to a data set, one repetition at a time, through the cache."""

    method: Method
    dataset: Dataset
    cache: Cache

    @property
    def budget(self) -> int:
        """Rows kept: the method's budget, or all of them."""
        return self.dataset.n if self.method.selector.keeps_everything else self.method.budget

    # Keys, each made from the one before it.

    @cached_property
    def embedding_key(self) -> str:
        """Key of the embedded training set."""
        return content_key(
            data=self.dataset.checksum,
            embedding=identity(self.method.embedding),
            versions=library_versions("numpy", "scikit-learn", "torch", "winnow"),
        )

    def clustering_key(self, repetition: int) -> str:
        """Key of one repetition's clustering; every selector shares it."""
        return content_key(
            embedding=self.embedding_key,
            clusterer=identity(self.method.clusterer),
            seed=stream_seed(self.method.seed, repetition, "cluster"),
            versions=library_versions("faiss-cpu", "scikit-learn", "numpy", "winnow"),
        )

    def dynamics_key(self, repetition: int) -> str:
        """Key of one repetition's training dynamics; every selector that scores by them shares it."""
        return content_key(
            data=self.dataset.checksum,
            model=identity(self.method.model),
            dynamics=identity(self.method.dynamics),
            gradients=self.method.selector.needs_gradients,
            seed=stream_seed(self.method.seed, repetition, "dynamics"),
            versions=library_versions("torch", "pytorch-lightning", "numpy", "winnow"),
        )

    def subset_key(self, repetition: int) -> str:
        """Key of one repetition's kept rows; blind to clusters or to coordinates where the selector is."""
        selector, source = self.method.selector, self.dataset.checksum
        if selector.needs_clustering:
            source = self.clustering_key(repetition)
        elif selector.needs_embedding:
            source = self.embedding_key
        told = {"dynamics": self.dynamics_key(repetition)} if selector.needs_dynamics else {}
        told |= {"worth": self.method.augment.worth} if selector.weighs_augmentation else {}
        return content_key(
            source=source,
            **told,
            selector=identity(selector),
            budget=self.budget,
            seed=stream_seed(self.method.seed, repetition, "select"),
            versions=library_versions("numpy", "winnow"),
        )

    def trained_key(self, repetition: int) -> str:
        """Key of one repetition's training."""
        return content_key(
            subset=self.subset_key(repetition),
            model=identity(self.method.trained),
            augment=identity(self.method.augment),
            trainer=identity(self.method.trainer),
            seed=self.method.seed,
            repetition=repetition,
            versions=library_versions("torch", "pytorch-lightning", "numpy", "winnow"),
        )

    def run_key(self, seeds: int, transfer: Sequence["Pipeline"] = ()) -> str:
        """Key of all repetitions, those on other networks among them: what a finished run is found by."""
        others = {"transfer": [other.run_key(seeds) for other in transfer]} if transfer else {}
        return content_key(
            repetitions=[self.trained_key(repetition) for repetition in range(seeds)], **others
        )

    # Values, each pulled from the cache or computed from the one before it. `info["seconds"]` gathers what
    # every step cost when it was computed, which may have been in an earlier run.

    def embed(self) -> Entry:
        """The embedded training set, X: float32 (n, d)."""

        def compute() -> Computed:
            X, seconds = timed(lambda: self.method.embedding.fit_transform(self.dataset.x))
            return {"X": X}, {"stages": {"embed": seconds}}

        if self.method.embedding.worth_caching:
            return self.cache.fetch("embedding", self.embedding_key, compute)
        return Entry(*compute(), found=False)

    def cluster(self, repetition: int, embedded: Entry | None = None) -> Entry:
        """The clustering of one repetition: centroids, labels, distances; of `embedded`, if at hand."""

        def compute() -> Computed:
            rows = embedded or self.embed()
            seed = stream_seed(self.method.seed, repetition, "cluster")
            fit = self.method.clusterer.fit
            clustering, seconds = timed(lambda: fit(rows.arrays["X"], seed=seed))
            arrays = arrays_of(clustering, "centroids", "labels", "distances")
            return arrays, {"stages": rows.info["stages"] | {"cluster": seconds}}

        return self.cache.fetch("clustering", self.clustering_key(repetition), compute)

    def observe(self, repetition: int, description: str | None = None) -> Entry:
        """The training dynamics of one repetition: logits, and gradient norms for who asks for them.

        A `description` shows a progress bar under that name, if there is something to wait for.
        """

        def compute() -> Computed:
            method = self.method
            dynamics, seconds = timed(
                lambda: method.dynamics.observe(
                    self.dataset,
                    method.model,
                    Streams(method.seed, repetition),
                    gradients=method.selector.needs_gradients,
                    description=description,
                )
            )
            names = ("logits", "gradient_norms") if method.selector.needs_gradients else ("logits",)
            return arrays_of(dynamics, *names), {"stages": {"dynamics": seconds}}

        return self.cache.fetch("dynamics", self.dynamics_key(repetition), compute)

    def select(self, repetition: int) -> Entry:
        """The kept rows of one repetition: indices, weights."""

        def compute() -> Computed:
            method, n = self.method, self.dataset.n
            # A selector sees what it declares, no more: blind ones get no coordinates, most get no labels.
            X, clustering, stages = np.empty((n, 0), np.float32), None, {"embed": 0.0, "cluster": 0.0}
            told = {"worth": method.augment.worth} if method.selector.weighs_augmentation else {}
            if method.selector.needs_clustering or method.selector.needs_embedding:
                embedded = self.embed()
                X, stages = embedded.arrays["X"], stages | embedded.info["stages"]
            if method.selector.needs_clustering:
                clustered = self.cluster(repetition, embedded)
                clustering, stages = Clustering(**clustered.arrays), clustered.info["stages"]
            if method.selector.needs_dynamics:
                observed = self.observe(repetition)
                told["dynamics"] = Dynamics(**observed.arrays)
                stages = stages | observed.info["stages"]
            y = self.dataset.y if method.selector.reads_all_labels else np.full(n, -1)
            rng = stream(method.seed, repetition, "select")
            choose = method.selector.select
            subset, seconds = timed(lambda: choose(X, y, clustering, budget=self.budget, rng=rng, **told))
            self._check(subset)
            info = {"stages": stages | {"select": seconds}, "provenance": dict(subset.provenance)}
            return arrays_of(subset, "indices", "weights"), info

        return self.cache.fetch("subset", self.subset_key(repetition), compute)

    def train(self, repetition: int, trained: Trained | None = None) -> Entry:
        """One training on the kept rows: its predictions for the test set, and its loss curve.

        `trained` is what came of it, if it was trained together with others.
        """

        def compute() -> Computed:
            kept, method = self.select(repetition), self.method
            result = trained or method.trainer.train(
                self.dataset,
                subset_of(kept),
                method.trained,
                method.augment,
                Streams(method.seed, repetition),
            )
            labels = self.dataset.y[kept.arrays["indices"]]
            rows_of_class = np.bincount(labels, minlength=len(self.dataset.classes)).tolist()
            stages = kept.info["stages"] | {"train": result.seconds}
            about = {"stages": stages, "rows_of_class": rows_of_class}
            return arrays_of(result, "predictions", "losses"), about

        return self.cache.fetch("trained", self.trained_key(repetition), compute)

    def finished(self, repetition: int) -> Entry | None:
        """The training of one repetition if it was done before, else None."""
        return self.cache.load("trained", self.trained_key(repetition))

    def score(self, trained: Entry) -> Score:
        """Judge a training; the one place where test labels are read."""
        y_test = self.dataset.y_test
        right = trained.arrays["predictions"] == y_test
        sizes = np.bincount(y_test)
        of_class = np.bincount(y_test, weights=right)[sizes > 0] / sizes[sizes > 0]
        return Score(
            accuracy=100.0 * float(np.mean(right)),
            worst_class=100.0 * float(of_class.min()),
            rows_of_class=trained.info["rows_of_class"],
            seconds=trained.info["stages"],
            found=trained.found,
        )

    def _check(self, subset: Subset) -> None:
        if len(subset) != self.budget or (len(subset) and subset.indices[-1] >= self.dataset.n):
            raise InvalidValue(
                f"{self.method.selector} must keep exactly {self.budget} of {self.dataset.n} rows, "
                f"got {len(subset)}"
            )


def subset_of(kept: Entry) -> Subset:
    """The kept rows as a trainer takes them."""
    return Subset(**kept.arrays, provenance=kept.info["provenance"])


def timed(compute: Callable[[], Value]) -> tuple[Value, float]:
    """Return what `compute` returns and the seconds it took."""
    started = perf_counter()
    return compute(), perf_counter() - started


def arrays_of(value: object, *names: str) -> dict[str, ndarray]:
    """The named arrays of a value, as the cache stores them."""
    return {name: getattr(value, name) for name in names}
