"""Cluster by a mixture of normal distributions: clusters may differ in their variances.

k-means divides the rows halfway between two centroids; a mixture assigns rows between them to the component
of larger variance. It should win where clusters of different variance touch. It should lose where a cluster
has fewer rows than it has variances to estimate: with many clusters in many dimensions k-means is as good
and many times faster.

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

from winnow.clusterer._clustering import clustering_from_labels
from winnow.stages import Clusterer
from winnow.types import Clustering


@dataclass(frozen=True)
class GMM(Clusterer):
    """A Gaussian mixture by scikit-learn, initialised by k-means.

    Every row belongs to its most probable component, whose mean is the centroid and not always the nearest.

    Parameters
    ----------
    k
        Number of components, which are the clusters.
    covariance
        Covariances that are estimated for each component: "diag", a variance for each feature; "full", a
        covariance matrix; "spherical", one variance; "tied", one covariance matrix shared by all components.
    iterations
        Largest number of iterations of the EM algorithm.

    Examples
    --------
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
            # In double precision because variances are squares, and scaled to one range because scikit-learn
            # adds an absolute constant (`reg_covar`) to them.
            scale = np.abs(centred).max() or 1.0
            rows = centred.astype(np.float64) / scale
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # `iterations` is meant as a limit
                labels = mixture.fit_predict(rows)
            return mixture.means_ * scale, labels.astype(np.int64)

        return clustering_from_labels(X, self.k, find_clusters)
