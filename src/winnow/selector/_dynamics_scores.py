"""Score rows by their training dynamics: the logits of a network, epoch by epoch, while it learns all rows.

Every function returns one number for each row, with the sign of its paper, and says which end is hard,
because public implementations have confused them. Logits are read an epoch at a time, so that no copy of all
of them is made. p is the softmax of the logits, y the label.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64, Shaped
from numpy import ndarray

from winnow.selector import _uncertainty as uncertainty
from winnow.types import Dynamics


def el2n(dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """Return |p - onehot(y)|, the mean over the epochs: high is hard, between 0 and sqrt(2).

    Paul et al. 2021 take the mean over networks at one early epoch; here it is over the epochs of one.

    >>> even = Dynamics(np.zeros((1, 1, 2), np.float32))
    >>> el2n(even, np.array([0])).round(3)  # |(0.5, 0.5) - (1, 0)|
    array([0.707])
    """
    total = np.zeros(dynamics.n)
    for p in _probabilities(dynamics):
        p[np.arange(len(y)), y] -= 1
        total += np.sqrt(np.square(p).sum(axis=1))
    return total / len(dynamics.logits)


def forgetting(dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """Return how often a row was right at an epoch and wrong at the next: high is hard.

    A row that was never right was never learnt, and counts as infinitely often forgotten (Toneva et al.
    2019); two public implementations give it 0, the score of the easiest.

    >>> logits = np.float32([[[1, 0], [0, 1]], [[0, 1], [0, 1]], [[1, 0], [0, 1]]])
    >>> forgetting(Dynamics(logits), np.array([0, 0]))
    array([ 1., inf])
    """
    right = np.array([logits.argmax(axis=1) == y for logits in dynamics.logits])
    events = (right[:-1] & ~right[1:]).sum(axis=0).astype(np.float64)
    return np.where(right.any(axis=0), events, np.inf)


def aum(dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """Return the area under the margin, of logits and not of p: low is hard, or mislabelled.

    The margin is the logit of the label less the largest other; its mean is taken over the epochs (Pleiss
    et al. 2020). With a single class there is no other, and the area is 0.

    >>> aum(Dynamics(np.float32([[[3, 1, 0]], [[1, 2, 0]]])), np.array([0]))
    array([0.5])
    """
    total, rows = np.zeros(dynamics.n), np.arange(len(y))
    if dynamics.logits.shape[2] == 1:
        return total
    for logits in dynamics.logits:
        others = np.array(logits, np.float64)
        own = others[rows, y]
        others[rows, y] = -np.inf
        total += own - others.max(axis=1)
    return total / len(dynamics.logits)


def entropy(dynamics: Dynamics) -> Float64[ndarray, " n"]:
    """Return -sum p log p at the last epoch, in nats: high is hard, or at least uncertain.

    >>> entropy(Dynamics(np.zeros((1, 1, 2), np.float32))).round(3)
    array([0.693])
    """
    return uncertainty.entropy(_last(dynamics))


def margin(dynamics: Dynamics) -> Float64[ndarray, " n"]:
    """Return the largest p less the second largest at the last epoch: low is hard.

    >>> margin(Dynamics(np.log(np.float32([[[0.2, 0.5, 0.3]]])))).round(3)
    array([0.2])
    """
    return uncertainty.margin(_last(dynamics))


def least_confidence(dynamics: Dynamics) -> Float64[ndarray, " n"]:
    """Return 1 less the largest p at the last epoch: high is hard.

    >>> least_confidence(Dynamics(np.log(np.float32([[[0.2, 0.5, 0.3]]])))).round(3)
    array([0.5])
    """
    return uncertainty.least_confidence(_last(dynamics))


def dual(dynamics: Dynamics, y: Int64[ndarray, " n"], window: int) -> Float64[ndarray, " n"]:
    """Return difficulty times uncertainty: high is hard, but not hopeless.

    Within `window` epochs in a row (all of them, if there are fewer), (1 - mean p_y) times the standard
    deviation of p_y; the mean over all such windows (Cho et al. 2025).

    >>> logits = np.log(np.float32([[[0.2, 0.8]], [[0.6, 0.4]]]))
    >>> dual(Dynamics(logits), np.array([0]), window=2).round(3)  # (1 - 0.4) * 0.2
    array([0.12])
    """
    p = label_probabilities(dynamics, y)
    windows = np.lib.stride_tricks.sliding_window_view(p, min(window, len(p)), axis=0)
    return np.mean([(1 - each.mean(axis=1)) * each.std(axis=1) for each in windows], axis=0)


def label_probabilities(dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, "epochs n"]:
    """Return p_y, the probability given to each row's label at each epoch."""
    return np.array([p[np.arange(len(y)), y] for p in _probabilities(dynamics)])


def class_errors(dynamics: Dynamics, y: Int64[ndarray, " n"]) -> Float64[ndarray, " classes"]:
    """Return the share of wrong answers among each class's rows, the mean over the epochs; 0 of no rows.

    >>> logits = np.float32([[[1, 0], [1, 0], [1, 0]]])
    >>> class_errors(Dynamics(logits), np.array([0, 1, 1]))
    array([0., 1.])
    """
    wrong = np.mean([logits.argmax(axis=1) != y for logits in dynamics.logits], axis=0)
    classes = dynamics.logits.shape[2]
    sizes = np.bincount(y, minlength=classes)
    return np.bincount(y, weights=wrong, minlength=classes) / np.maximum(sizes, 1)


def _last(dynamics: Dynamics) -> Float64[ndarray, "n classes"]:
    return _softmax(dynamics.logits[-1])


def _probabilities(dynamics: Dynamics) -> Iterator[Float64[ndarray, "n classes"]]:
    return map(_softmax, dynamics.logits)


def _softmax(logits: Shaped[ndarray, "n classes"]) -> Float64[ndarray, "n classes"]:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
