"""Keep more of the classes that are harder to learn, by chance within each: DRoP.

    rows kept of class c ~ rows of c * (1 - recall of c)

No class is to pay for the pruning: what average accuracy loses a little by, the worst class gains. Within a
class all rows are alike to it, which beats scores that empty a class. Expect it to lose to `stratified` in
average accuracy where classes are about equally hard (MNIST, 600 of 60,000 images: as good as uniform, n=3),
and where the error measures noise in the labels of a class: it then keeps most of the noisiest.

A class that is asked for more rows than it has is kept whole, and the others share the rest by the same
rule. The paper takes the recall on validation rows; here it is that of the dynamics run on the training
rows, the mean over its epochs, in which the first ones, made before the rows are known by heart, weigh most.

Reference: Vysogorets, Ahuja and Kempe, "DRoP: distributionally robust data pruning", ICLR 2025, algorithm
1. https://arxiv.org/abs/2404.05579
"""

from dataclasses import dataclass

from jaxtyping import Float32, Int64
from numpy import ndarray
from numpy.random import Generator

from winnow.selector._quota import lowest_per_cluster
from winnow.selector._scored import quotas_of
from winnow.stages import Selector
from winnow.types import Clustering, Dynamics, Subset


@dataclass(frozen=True)
class DRoP(Selector):
    """Select at random within classes, in proportion to class size times error.

    Classes without any error get no rows, unless none has one: then shares are in proportion to size.
    `selector.quota=class_error` gives other scores the same quotas.

    Examples
    --------
    >>> import numpy as np
    >>> rng, X, y = np.random.default_rng(0), np.empty((4, 0), np.float32), np.array([0, 0, 1, 1])
    >>> seen = Dynamics(np.float32([[[1, 0], [0, 1], [1, 0], [1, 0]]]))  # errors 1/2 and 1
    >>> y[DRoP().select(X, y, None, budget=3, rng=rng, dynamics=seen).indices]
    array([0, 1, 1])
    """

    needs_clustering = False
    needs_dynamics = True
    reads_all_labels = True

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
        dynamics: Dynamics,
    ) -> Subset:
        quotas = quotas_of("class_error", dynamics, y, budget)
        rows = lowest_per_cluster(rng.random(len(y)), y, quotas)
        return Subset.of(rows, {"class_quotas": quotas.tolist()})
