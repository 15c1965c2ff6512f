import numpy as np
import pytest

from winnow.clusterer.gmm import GMM
from winnow.clusterer.sklearn import Sklearn


@pytest.fixture
def narrow_and_wide():
    """200 rows around 0 with deviation 0.3, 200 around 4 with deviation 2."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 0.3, (200, 1)), rng.normal(4, 2, (200, 1))])
    return X.astype(np.float32), np.repeat([0, 1], 200)


def errors(labels, truth):
    return min(np.count_nonzero(labels != truth), np.count_nonzero(labels == truth))


def test_a_wide_cluster_reaches_across_the_middle_where_k_means_stops(narrow_and_wide):
    X, truth = narrow_and_wide
    mixture, means = (stage.fit(X, seed=0).labels for stage in (GMM(2), Sklearn(2)))
    assert errors(mixture, truth) < 0.5 * errors(means, truth)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_measurement_does_not_matter(narrow_and_wide, scale):
    X, _ = narrow_and_wide
    labels = GMM(2).fit(X * np.float32(scale), seed=0).labels
    np.testing.assert_array_equal(labels, GMM(2).fit(X, seed=0).labels)


def test_the_form_of_the_covariance_matters():
    rng = np.random.default_rng(0)
    # Two long, parallel, tilted clouds, which only a full covariance can tell apart.
    along = rng.normal(0, 5, (400, 1)) * [1, 1]
    X = (along + rng.normal(0, 0.2, (400, 2)) + np.repeat([[0, 1], [1, 0]], 200, axis=0)).astype(np.float32)
    truth = np.repeat([0, 1], 200)
    assert errors(GMM(2, covariance="full").fit(X, seed=1).labels, truth) < errors(
        GMM(2, covariance="spherical").fit(X, seed=1).labels, truth
    )
