"""Six points on a line in two clusters, small enough to work out by hand."""

import numpy as np
import pytest

from winnow.types import Clustering


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
