"""Keep more of the classes that are harder to learn, by chance within each: DRoP.

    rows kept of class c ~ rows of c * (1 - recall of c)

Average accuracy loses a little by it, and the worst class gains. Within a class all rows are equally likely,
which is better than scores that leave a class empty. Expect it to lose to `stratified` in average accuracy
where classes are about equally hard (MNIST, 600 of 60,000 images: as good as uniform, n=3), and where the
error measures noise in the labels of a class: it then keeps most of the noisiest.

A class that has fewer rows than its share is kept whole, and the others share the rest by the same rule. The
paper takes the recall on validation rows; here it is that of the dynamics run on the training rows, the mean
over its epochs, in which the first ones, made before the rows are memorised, weigh most.

Reference: Vysogorets, Ahuja and Kempe, "DRoP: distributionally robust data pruning", ICLR 2025, algorithm
1. https://arxiv.org/abs/2404.05579
"""

from dataclasses import dataclass

from numpy.random import Generator

from winnow.pool import Pool
from winnow.selector._by_difficulty import class_quotas
from winnow.selector._quota import lowest_per_cluster
from winnow.stages import Selector
from winnow.types import Subset


@dataclass(frozen=True)
class DRoP(Selector):
    """Select at random within classes, in proportion to class size times error.

    Classes without any error get no rows, unless none has one: then shares are in proportion to size.
    `selector.quota=class_error` gives other scores the same quotas. The time grows with n log n, whatever the
    budget, and that of the training comes on top; the memory with n times epochs and classes.

    Examples
    --------
    >>> import numpy as np
    >>> from winnow.types import Dynamics
    >>> dynamics = Dynamics(np.float32([[[1, 0], [0, 1], [1, 0], [1, 0]]]))  # errors 1/2 and 1
    >>> y = np.array([0, 0, 1, 1])
    >>> pool = Pool(4, y=y, dynamics=dynamics)
    >>> y[DRoP().select(pool, budget=3, rng=np.random.default_rng(0)).indices]
    array([0, 1, 1])
    """

    needs = frozenset({"y", "dynamics"})

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        quotas = class_quotas("class_error", pool, budget)
        rows = lowest_per_cluster(rng.random(pool.n), pool.y, quotas)
        return Subset.of(rows, {"class_quotas": quotas.tolist()})
