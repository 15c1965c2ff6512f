"""load -> embed -> cluster -> select -> train -> score: the whole method on one page.

Selectors that score rows by how a network learns them have one more step before theirs: observe. A network
that reads the embedding has one more before its training: the test rows are embedded as well.

Every step is computed when another one needs it, and at most once. So the baseline of a budget, trained for
one selector, serves all the others, and a killed sweep goes on where it stopped. A training is known by the
rows that it learns from, not by the selector that chose them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from winnow.pool import LabelsOfKept, Pool, properties_of
from winnow.selector.uniform import Uniform
from winnow.stages import Augment, Clusterer, Embedding, Model, Observer, Selector, Trainer
from winnow.store.cache import Append, Cache, Entry
from winnow.store.keys import checksum, content_key, identity
from winnow.store.step import Computed, Info, Step
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

    @property
    def learns_clusters(self) -> bool:
        """Whether rows are scored by how a network learns their clusters, in place of their labels."""
        return self.selector.watches_training and self.dynamics.clusters_as_labels > 0

    @property
    def reads_all_labels(self) -> bool:
        """Whether the choice reads the labels of all rows, itself or through the network that it watches."""
        return self.selector.reads_all_labels and not self.learns_clusters

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

        def compute_rows(append: Append) -> Info:
            for rows in stage.fit_transform_in_chunks(dataset.x):
                append("X", rows)
            return {}

        known = self.cache, "embedding", "embed", [stage]
        libraries = ("numpy", "scikit-learn", "torch")
        if not stage.worth_caching:
            return Step(*known, compute, {}, data, libraries, cached=False)
        return Step(*known, compute_rows, {}, data, libraries, by_rows=True)

    @cached_property
    def clustering(self) -> Step:
        """Centroids, labels and distances; all selectors share them."""
        return self._clustering_by(self.method.clusterer)

    @cached_property
    def labels_of_clusters(self) -> Step:
        """The clusters that stand in for labels while a network is watched; at most a tenth of the rows."""
        stage: Any = self.method.clusterer
        k = min(self.method.dynamics.clusters_as_labels, max(self.dataset.n // 10, 1))
        return self._clustering_by(replace(stage, k=k))

    def _clustering_by(self, stage: Clusterer) -> Step:
        seed = self.streams.seed("cluster")

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
        after = {"embedding": self.embedding} if model.reads_embedding else {}
        after |= {"labels": self.labels_of_clusters} if self.method.learns_clusters else {}

        def compute(embedding: Entry | None = None, labels: Entry | None = None) -> Computed:
            rows = dataset if embedding is None else _embedded_rows(dataset, embedding)
            rows = rows if labels is None else _of_clusters(rows, labels)
            known = rows.to_learn() if isinstance(rows, Rows) else rows
            seen = stage.observe(known, model, streams, gradients=gradients)
            return _arrays(seen, "logits", *(["gradient_norms"] if gradients else [])), {}

        seed = streams.seed("dynamics")
        parts = {"data": dataset.checksum, "gradients": gradients, "seed": seed}
        libraries = ("torch", "pytorch-lightning", "numpy")
        return Step(self.cache, "dynamics", "dynamics", [stage, model], compute, after, parts, libraries)

    @cached_property
    def subset(self) -> Step:
        """The kept rows, indices and weights, chosen by what the selector declared as needed and no more."""
        selector, dataset, streams, budget = self.method.selector, self.dataset, self.streams, self.budget
        observer, model = self.method.dynamics, self.method.observed or self.method.model
        steps = {"X": "embedding", "clustering": "clustering", "dynamics": "dynamics"}
        teaches = "learner" in selector.needs

        def compute(**before: Entry) -> Computed:
            known: dict[str, Any] = {"y": dataset.y, "labels_of_kept": LabelsOfKept(dataset.n, dataset.y)}
            if teaches:
                rows = _unlabelled(dataset, before["embedding"] if model.reads_embedding else None)
                known |= {"learner": observer.learner(rows, model, streams)}
            for name, entry in before.items():
                known |= {"y": entry.arrays["labels"]} if name == "labels" else properties_of(entry.arrays)
            pool = Pool(dataset.n, **known).only(selector.needs)
            subset = pool.checked(selector.select(pool, budget=budget, rng=streams.rng("select")), budget)
            names = ["indices", "weights"] + ([] if subset.rounds is None else ["rounds"])
            return _arrays(subset, *names), {"provenance": dict(subset.provenance)}

        after = {step: getattr(self, step) for need, step in steps.items() if need in selector.needs}
        after |= {"embedding": self.embedding} if teaches and model.reads_embedding else {}
        after |= {"labels": self.labels_of_clusters} if self.method.learns_clusters else {}
        parts = {"budget": budget, "seed": streams.seed("select"), "data": dataset.checksum}
        parts |= {"learner_seed": streams.seed("dynamics")} if teaches else {}
        stages = [selector, observer, model] if teaches else [selector]
        libraries = ("numpy", "torch", "pytorch-lightning") if teaches else ("numpy",)
        return Step(self.cache, "subset", "select", stages, compute, after, parts, libraries)


@dataclass(frozen=True, eq=False)
class Repetition(Choice):
    """One repetition of a method on a data set: the choice of rows, the training and the score."""

    dataset: Dataset

    @cached_property
    def embedded_test(self) -> Step:
        """The embedded test rows, from which nothing was learnt: float32 (m, d)."""
        stage, dataset = self.method.embedding, self.dataset

        def compute() -> Computed:
            return {"X": stage.embed_test(dataset.x, dataset.x_test)}, {}

        data, libraries = {"data": dataset.checksum}, ("numpy", "scikit-learn", "torch")
        cached = stage.worth_caching
        return Step(self.cache, "embedded_test", "embed_test", [stage], compute, {}, data, libraries, cached)

    @property
    def read_by_network(self) -> dict[str, Step]:
        """The steps whose results the network reads in place of the rows; none for most networks."""
        if not self.method.model.reads_embedding:
            return {}
        return {"embedding": self.embedding, "embedded_test": self.embedded_test}

    def as_read(self) -> Dataset:
        """Return the data set as the network reads it."""
        return _as_read(self.dataset, {name: step.value for name, step in self.read_by_network.items()})

    def training(self, kept: Entry, trained: Trained | None = None) -> Step:
        """Predictions for the test set after learning the kept rows, and the loss curve.

        `trained` is the result if it is at hand because it was trained together with others.
        """
        method, dataset, streams = self.method, self.dataset, self.streams
        rows = Subset(**kept.arrays, provenance=kept.info["provenance"])

        def compute(unfinished: Path | None, **read: Entry) -> Computed:
            parts = _as_read(dataset, read), rows, method.model, method.augment, streams
            result = trained or method.trainer.train(*parts, unfinished=unfinished)
            return _arrays(result, "predictions", "losses"), {"device": result.device}

        parts = self._training_parts | {"rows": checksum(rows.indices, rows.weights)}
        stages, libraries = self._training_stages, ("torch", "pytorch-lightning", "numpy")
        after = self.read_by_network
        return Step(self.cache, "trained", "train", stages, compute, after, parts, libraries, goes_on=True)

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
        read = {name: step.key for name, step in self.read_by_network.items()}
        return content_key(subset=self.subset.key, stages=stages, parts=self._training_parts, read=read)

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


def _embedded_rows(dataset: Dataset | Rows, embedding: Entry) -> Rows:
    """Return the training rows with their vectors in place of their values."""
    return Rows(dataset.name, embedding.arrays["X"], dataset.y, dataset.classes)


def _unlabelled(dataset: Dataset | Rows, embedding: Entry | None) -> Rows:
    """Return the training rows, or their vectors if those are to be read, without labels."""
    x = dataset.x if embedding is None else embedding.arrays["X"]
    return Rows(dataset.name, x, None, dataset.classes)


def _of_clusters(rows: Dataset | Rows, clusters: Entry) -> Rows:
    """Return the training rows with the numbers of their clusters in place of their labels."""
    k = len(clusters.arrays["centroids"])
    return Rows(rows.name, rows.x, clusters.arrays["labels"], tuple(map(str, range(k))))


def _as_read(dataset: Dataset, read: Mapping[str, Entry]) -> Dataset:
    """Return the data set with vectors in place of its rows, if any were `read`."""
    if not read:
        return dataset
    return replace(dataset, x=read["embedding"].arrays["X"], x_test=read["embedded_test"].arrays["X"])
