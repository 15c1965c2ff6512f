"""Six points on a line in two clusters, and five rows that were learnt, small enough to work out by hand."""

import numpy as np
import pytest

from winnow.pool import Pool
from winnow.types import Clustering, Dynamics


@pytest.fixture
def six_points():
    """Rows 0-3 around 0 at distances 0, 1, 2.5, 4; rows 4-5 around 20 at distances 2 and 3."""
    X = np.float32([[0], [1], [2.5], [-4], [22], [17]])
    clustering = Clustering(
        centroids=np.float32([[0], [20]]),
        labels=np.array([0, 0, 0, 0, 1, 1]),
        distances=np.array([0.0, 1.0, 2.5, 4.0, 2.0, 3.0]),
    )
    return Pool(6, X=X, clustering=clustering)


@pytest.fixture
def keep(six_points):
    """Return the rows a selector keeps of the six points."""

    def rows(selector, budget, seed=0):
        rng = np.random.default_rng(seed)
        return selector.select(six_points, budget=budget, rng=rng).indices.tolist()

    return rows


@pytest.fixture
def five_seen():
    """Five rows of class 0 of two and their dynamics: easy, wavering, late, undecided, hopeless.

    The numbers are the logits of class 0 at three epochs; those of class 1 are 0. Row 0 is never in doubt,
    row 1 is forgotten once, row 2 is learnt at the end, row 3 hardly, and row 4 gets worse. Gradient norms
    are in another order.
    """
    own = np.array([[4, 5, 6], [2, -2, 3], [-3, -1, 2], [-1, 0.2, 0.1], [-3, -4, -5]]).T
    logits = np.stack([own, np.zeros_like(own)], axis=2).astype(np.float32)
    norms = np.float32([0.5, 3, 1, 0.1, 2])
    return Pool(5, y=np.zeros(5, np.int64), dynamics=Dynamics(logits), gradient_norms=norms)


@pytest.fixture
def keep_seen(five_seen):
    """Return the rows a selector keeps of the five."""

    def rows(selector, budget, seed=0):
        rng = np.random.default_rng(seed)
        return selector.select(five_seen, budget=budget, rng=rng).indices.tolist()

    return rows
