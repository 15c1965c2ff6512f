"""How unsure a network is of a row, by its probabilities p of the classes (Settles, 2009, section 3.1).

Settles, "Active learning literature survey", University of Wisconsin-Madison, Computer Sciences Technical
Report 1648, 2009.
"""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray


def entropy(p: Float64[ndarray, "n classes"]) -> Float64[ndarray, " n"]:
    """Return -sum p log p, in nats: high is unsure.

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(3) + 0.0
    array([0.693, 0.   ])
    """
    return -(p * np.log(np.maximum(p, np.finfo(np.float64).tiny))).sum(axis=1)


def margin(p: Float64[ndarray, "n classes"]) -> Float64[ndarray, " n"]:
    """Return the largest p less the second largest: low is unsure; of a single class, p itself.

    >>> margin(np.array([[0.25, 0.5, 0.25]]))
    array([0.25])
    """
    ascending = np.sort(p, axis=1)
    return ascending[:, -1] - (ascending[:, -2] if p.shape[1] > 1 else 0)


def least_confidence(p: Float64[ndarray, "n classes"]) -> Float64[ndarray, " n"]:
    """Return 1 less the largest p: high is unsure.

    >>> least_confidence(np.array([[0.25, 0.5, 0.25]]))
    array([0.5])
    """
    return 1 - p.max(axis=1)
