"""Six points on a line in two clusters, and five rows that were learnt, small enough to work out by hand."""

import numpy as np
import pytest

from winnow.types import Clustering, Dynamics


@pytest.fixture
def six_points():
    """Rows 0-3 around 0 at distances 0, 1, 2.5, 4; rows 4-5 around 20 at distances 2 and 3."""
    X = np.float32([[0], [1], [2.5], [-4], [22], [17]])
    return X, Clustering(
        centroids=np.float32([[0], [20]]),
        labels=np.array([0, 0, 0, 0, 1, 1]),
        distances=np.array([0.0, 1.0, 2.5, 4.0, 2.0, 3.0]),
    )


@pytest.fixture
def keep(six_points):
    """Return the rows a selector keeps of the six points."""
    X, clustering = six_points

    def rows(selector, budget, seed=0):
        hidden = np.full(len(X), -1)
        rng = np.random.default_rng(seed)
        return selector.select(X, hidden, clustering, budget=budget, rng=rng).indices.tolist()

    return rows


@pytest.fixture
def five_seen():
    """Dynamics of five rows of class 0 of two: easy, wavering, late, undecided, hopeless.

    The numbers are the logits of class 0 at three epochs; those of class 1 are 0. Row 0 is never in doubt,
    row 1 is forgotten once, row 2 is learnt at the end, row 3 hardly, and row 4 gets worse. Gradient norms
    are in another order.
    """
    own = np.array([[4, 5, 6], [2, -2, 3], [-3, -1, 2], [-1, 0.2, 0.1], [-3, -4, -5]]).T
    logits = np.stack([own, np.zeros_like(own)], axis=2).astype(np.float32)
    return Dynamics(logits, np.float32([0.5, 3, 1, 0.1, 2]))


@pytest.fixture
def keep_seen(five_seen):
    """Return the rows a selector keeps of the five."""

    def rows(selector, budget, seed=0, X=None):
        X = np.empty((5, 0), np.float32) if X is None else X
        y, rng = np.zeros(5, np.int64), np.random.default_rng(seed)
        return selector.select(X, y, None, budget=budget, rng=rng, dynamics=five_seen).indices.tolist()

    return rows
