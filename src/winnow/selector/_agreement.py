"""Ask the labels of a few rows how many classes there are, and how well more rows will tell them apart.

The error is the part of rows whose nearest neighbour has another class. It falls with the number of rows as a
power law [1]_: from a quarter of the rows to all of them by the same factor as from all of them to four times
as many. So the labels of a quarter of the rows that will be kept tell the error of all of them.

The nearest of a quarter of the rows, drawn at random, is the j-th nearest of all rows with the probability
1/4 (3/4)^(j - 1): the error of a quarter is a mean over all draws, and none is made.

.. [1] Cortes, Jackel, Solla, Vapnik and Denker, "Learning curves: asymptotic values and rate of convergence",
   NeurIPS 1993.
.. [2] Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement,
   1960.
   https://doi.org/10.1177/001316446002000104
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from winnow.geometry.neighbours import nearest_neighbours

PART = 4  # what is known is the agreement of a part and of four parts; what is told, that of sixteen
_NEIGHBOURS = 24  # the nearest of a quarter is none of these in one draw of a thousand


@dataclass(frozen=True)
class Agreement:
    """How well neighbours agree on their class, among four times as many rows as were asked.

    Parameters
    ----------
    classes : float
        Number of classes as if all had equally many rows, 1 / sum(share^2); 1 if no row was asked.
    expected : float
        Share of neighbours that agree beyond chance [2]_: near 1 if all agree, 0 for classes drawn by lot.
    error : float
        Standard error of `expected`; 1 where nothing is known.
    """

    classes: float = 1.0
    expected: float = 0.0
    error: float = 1.0

    @classmethod
    def of(cls, X: Float32[ndarray, "n d"], y: Int64[ndarray, " n"]) -> "Agreement":
        """Ask n rows, a random part of those that there will be.

        >>> Agreement.of(np.float32([[0], [0.1], [9], [9.1]]), np.array([0, 0, 1, 1])).classes
        2.0
        """
        if len(y) == 0:
            return cls()
        shares = np.unique(y, return_counts=True)[1] / len(y)
        chance = 1 - float((shares**2).sum())
        classes = 1 / (1 - chance)
        if len(shares) == 1:
            return cls(classes)
        neighbours, _ = nearest_neighbours(X, _NEIGHBOURS)
        wrong = (y[neighbours] != y[:, None]).astype(float)
        return cls(classes, *_expected(wrong[:, 0], wrong @ _nearest_of_a_part(wrong.shape[1]), chance))


def _nearest_of_a_part(count: int) -> Float64[ndarray, " count"]:
    """Return with which probability each of the nearest rows is the nearest of a random quarter.

    >>> _nearest_of_a_part(2)
    array([0.57142857, 0.42857143])
    """
    weights = (1 - 1 / PART) ** np.arange(count) / PART
    return weights / weights.sum()


def _expected(
    of_all: Float64[ndarray, " n"], of_part: Float64[ndarray, " n"], chance: float
) -> tuple[float, float]:
    """Return the agreement among four times as many rows, and its standard error, from every row's errors.

    Half a row is added to the errors, so that none observed is not none, and no error grows with the number
    of rows: where that would be expected, the standard error is that of the growing one.

    >>> expected, _ = _expected(np.array([0, 0, 0, 1.0]), np.array([0, 0, 1.0, 1]), chance=0.75)
    >>> round(expected, 2)
    0.7
    """
    n = len(of_all)
    all_, part = of_all.mean() + 0.5 / n, of_part.mean() + 0.5 / n
    factor = min(all_ / part, 1.0)
    # By the law of small changes, of log(error) = 2 log(all) - log(part).
    deviations = 2 * of_all / all_ - of_part / part
    wrong = all_ * factor / chance
    return float(1 - wrong), float(wrong * deviations.std() / np.sqrt(n))
