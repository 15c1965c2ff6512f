"""Cluster by a mixture of normal distributions: clusters may differ in width, not only in place.

k-means cuts halfway between two centroids however wide the clusters are; a mixture gives the rows between
them to the wider one. Expect it to win where clusters of different spread touch, and to lose where a
cluster has fewer rows than the widths it must estimate: at many clusters in many dimensions k-means is
as good and many times faster.

Reference: Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
J. R. Statist. Soc. B, 1977, section 4.3.
"""

import warnings
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from pydantic import Field

from winnow.clusterer._contract import partition
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class GMM(Clusterer):
    """A Gaussian mixture by scikit-learn from a k-means start, at most `iterations` rounds of EM.

    Every row belongs to its most probable component, whose mean is the centroid: not always the nearest
    one. With `covariance` "diag" every component has a width for each feature, with "full" a covariance
    matrix, with "spherical" one width, with "tied" all share one matrix.

    >>> import numpy as np
    >>> GMM(k=2).fit(np.float32([[0], [2], [10], [12]]), seed=0).distances.round(3)
    array([1., 1., 1., 1.])
    """

    k: Annotated[int, Field(ge=1)]
    covariance: Literal["full", "tied", "diag", "spherical"] = "diag"
    iterations: Annotated[int, Field(ge=1)] = 100

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(
            self.k, covariance_type=self.covariance, max_iter=self.iterations, random_state=seed
        )

        def find_clusters(centred: ndarray) -> tuple[ndarray, ndarray]:
            # Widths are squares: in float32 those of large values would drown in rounding. On one scale,
            # because scikit-learn's floor under them is an absolute number.
            scale = np.abs(centred).max() or 1.0
            rows = centred.astype(np.float64) / scale
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # `iterations` is a limit by design
                labels = mixture.fit_predict(rows)
            return mixture.means_ * scale, labels.astype(np.int64)

        return partition(X, self.k, find_clusters)
