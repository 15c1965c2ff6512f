"""Keep what another selector would keep of each class by itself.

Published methods are often used class by class, and part of their lead over random comes from that alone:
no class can be missed. This does the same for any selector, so that it compares fairly with `stratified`,
which draws at random within classes. Expect a gain at a few rows per class or with scores that favour a
class, and none at large budgets. It reads all labels, so it is no help where labelling is what costs.

Reference: class-balanced selection in Guo, Zhao and Bai, "DeepCore: a comprehensive library for coreset
selection in deep learning", DEXA 2022. https://arxiv.org/abs/2204.08499
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.random import Generator

from winnow.pool import Pool, Scale
from winnow.registry import default, option_of
from winnow.selector._cost import warn_of_inner
from winnow.selector._quota import proportional_quotas
from winnow.stages import Selector, Wrapper
from winnow.types import Subset

# These cannot keep a smaller number of rows, divide a class by classes, or teach a network a single class.
_UNSUITED = {"full", "from_file", "per_class", "rounds"}


@dataclass(frozen=True)
class PerClass(Selector, Wrapper):
    """Select with another selector inside each class; classes share the budget in proportion to their size.

    A cluster counts as its rows of the class. The time grows with n and budget as that of the other selector
    does within each class; the memory with n, and as its own does with the largest class.

    Parameters
    ----------
    of : str
        Option name of the other selector, which works with its default settings.

    Examples
    --------
    >>> from winnow.types import Clustering
    >>> y, distances = np.array([0, 0, 1, 1, 1]), np.array([9.0, 8.0, 6.0, 0.0, 1.0])
    >>> pool = Pool(5, y=y, clustering=Clustering(np.float32([[9]]), np.zeros(5, int), distances))
    >>> PerClass("nearest").select(pool, budget=2, rng=np.random.default_rng(0)).indices
    array([1, 3])
    """

    of: Annotated[str, option_of("selector", but=_UNSUITED)] = "nearest"

    @property
    def inner(self) -> Selector:
        """The selector at work inside each class."""
        return default("selector", self.of)

    @property
    def needs(self) -> frozenset[str]:
        """The labels, and what the selector at work needs."""
        return self.inner.needs | {"y"}

    def warn_of_cost(self, scale: Scale) -> None:
        quicker = "classes of equal size take that divided by their number; quicker: selector.of=random"
        warn_of_inner(self.inner, scale, quicker, where="if nearly all rows are of one class")

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        inner = self.inner
        quotas = proportional_quotas(np.bincount(pool.y), budget)
        kept, notes = [np.empty(0, dtype=np.int64)], {}
        for label in np.unique(pool.y):
            rows = np.flatnonzero(pool.y == label)
            of_class = pool.take(rows).only(inner.needs)
            subset = inner.select(of_class, budget=int(quotas[label]), rng=rng)
            kept.append(rows[subset.indices])
            notes[str(label)] = dict(subset.provenance)
        return Subset.of(np.concatenate(kept), {"per_class": notes})
