"""Keep what another selector would keep of each class by itself.

Published methods are often used class by class, and part of their lead over random comes from that alone:
no class can be missed. This gives the same to any selector, so it compares fairly with `stratified`, which
is the same thing with chance in place of a method. Expect a gain at a few rows per class or with scores
that favour a class, and none at large budgets. It reads all labels, so it is no help where labelling is
what costs.

Reference: class-balanced selection in Guo, Zhao and Bai, "DeepCore: a comprehensive library for coreset
selection in deep learning", DEXA 2022. https://arxiv.org/abs/2204.08499
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.registry import default, option_of
from winnow.selector._quota import proportional_quotas
from winnow.stages import Selector, Wrapper
from winnow.types import Clustering, Dynamics, Subset

# These have no smaller budget to offer a class, and a class has no classes.
_UNSUITED = {"full", "from_file", "per_class"}


@dataclass(frozen=True)
class PerClass(Selector, Wrapper):
    """Select with the option `of` inside each class; classes share the budget in proportion to their size.

    The other selector works with its default settings, on the class's part of every cluster.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.float32([[0], [1], [3], [9], [10]]), np.array([0, 0, 0, 1, 1])
    >>> clustering = Clustering(np.float32([[9]]), np.zeros(5, int), np.array([9.0, 8.0, 6.0, 0.0, 1.0]))
    >>> PerClass("nearest").select(X, y, clustering, budget=2, rng=np.random.default_rng(0)).indices
    array([2, 3])
    """

    of: Annotated[str, option_of("selector", but=_UNSUITED)] = "nearest"

    reads_all_labels = True

    @property
    def inner(self) -> Selector:
        """The selector at work inside each class."""
        return default("selector", self.of)

    @property
    def needs_dynamics(self) -> bool:
        """Whether the selector at work scores rows by their training dynamics."""
        return self.inner.needs_dynamics

    @property
    def needs_gradients(self) -> bool:
        """Whether it looks at their gradients."""
        return self.inner.needs_gradients

    @property
    def weighs_augmentation(self) -> bool:
        """Whether it asks what a distorted row is worth."""
        return self.inner.weighs_augmentation

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering,
        *,
        budget: int,
        rng: Generator,
        dynamics: Dynamics | None = None,
        **told: float,
    ) -> Subset:
        inner = self.inner
        quotas = proportional_quotas(np.bincount(y).astype(np.int64), budget)
        kept, notes = [np.empty(0, dtype=np.int64)], {}
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            part = inner.select(
                X[rows] if inner.needs_clustering or inner.needs_embedding else X[rows, :0],
                y[rows] if inner.reads_all_labels else np.full(len(rows), -1),
                _part(clustering, rows) if inner.needs_clustering else None,
                budget=int(quotas[label]),
                rng=rng,
                **({"dynamics": dynamics.of(rows)} if dynamics is not None else {}),
                **told,
            )
            kept.append(rows[part.indices])
            notes[str(label)] = dict(part.provenance)
        return Subset.of(np.concatenate(kept), {"per_class": notes})


def _part(clustering: Clustering, rows: ndarray) -> Clustering:
    return Clustering(clustering.centroids, clustering.labels[rows], clustering.distances[rows])
