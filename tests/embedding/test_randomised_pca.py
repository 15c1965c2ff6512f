"""Principal components of wide rows in passes over chunks, against scikit-learn's exact ones."""

import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA as ReferencePCA  # noqa: N811

from winnow.embedding import _randomised_pca, pca
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue, WinnowWarning


@pytest.fixture(autouse=True)
def in_passes(monkeypatch):
    """Treat all rows as many and wide, a few at a time."""
    monkeypatch.setattr(pca, "MOST_VALUES_COPIED", 0)
    monkeypatch.setattr(pca, "WIDEST_COVARIANCE", 0)
    monkeypatch.setattr(_randomised_pca, "CHUNK", 70)


def spread(variances, n=500, seed=0):
    """Rows whose variances along random orthogonal axes are those given, up to chance."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(len(variances), len(variances))))[0]
    return (rng.normal(size=(n, len(variances))) * np.sqrt(variances) @ axes + 30).astype(np.float32)


def test_a_line_is_its_own_principal_axis():
    line = np.float32([[0, 0], [3, 4], [6, 8]])  # steps of 5, about the middle
    np.testing.assert_allclose(PCA(components=1).fit_transform(line), [[-5], [0], [5]], atol=1e-6)


def test_the_subspace_of_largest_variance_is_found_where_there_is_a_gap():
    x = spread([100, 64, 36, *[1] * 57])
    exact = ReferencePCA(3, svd_solver="full").fit(x.astype(np.float64))
    X = PCA(components=3).fit_transform(x).astype(np.float64)
    found = np.linalg.qr(np.linalg.lstsq(X, x - exact.mean_, rcond=None)[0].T)[0]
    cosines = np.linalg.svd(exact.components_ @ found)[1]
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() < 0.01
    np.testing.assert_allclose(X.var(axis=0, ddof=1), exact.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(np.abs(X), np.abs(exact.transform(x)), atol=1e-2)


def test_little_variance_is_lost_where_variances_fall_slowly():
    x = spread(1 / np.arange(1, 101))
    exact = ReferencePCA(10, svd_solver="full").fit(x.astype(np.float64)).explained_variance_.sum()
    assert PCA(components=10).fit_transform(x).astype(np.float64).var(axis=0, ddof=1).sum() > 0.995 * exact


def test_signs_are_those_of_the_exact_method(monkeypatch):
    x = spread([100, 64, 36, *[1] * 57])
    in_passes = PCA(components=3).fit_transform(x)
    monkeypatch.setattr(pca, "MOST_VALUES_COPIED", 2**28)
    monkeypatch.setattr(pca, "WIDEST_COVARIANCE", 2048)
    np.testing.assert_allclose(in_passes, PCA(components=3).fit_transform(x), atol=1e-2)


def test_the_size_of_the_chunks_changes_rounding_alone(monkeypatch):
    x = spread([9, 4, *[0.1] * 20])
    small = PCA(components=2).fit_transform(x)
    monkeypatch.setattr(_randomised_pca, "CHUNK", 4096)
    np.testing.assert_allclose(PCA(components=2).fit_transform(x), small, atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (5, 5)])
def test_all_components_keep_all_distances(shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    X = PCA(components=min(shape)).fit_transform(x)
    for rows in (x, X):
        rows -= rows.mean(axis=0)
    np.testing.assert_allclose(X @ X.T, x @ x.T, atol=1e-4)


def test_rows_that_are_all_alike_are_zero_with_a_warning():
    with pytest.warns(WinnowWarning, match="all rows are alike"):
        assert not PCA(components=2).fit_transform(np.full((50, 1, 2, 2), 7, dtype=np.uint8)).any()


@pytest.mark.parametrize("wrong", [3e38, np.inf, np.nan])
def test_values_whose_squares_overflow_are_refused(wrong):
    x = np.ones((100, 3), dtype=np.float32)
    x[80, 1] = wrong
    with pytest.raises(InvalidValue, match="must lie within"):
        PCA(components=2).fit_transform(x)


def test_hours_are_announced_with_a_quicker_way(monkeypatch):
    monkeypatch.setattr(pca, "MANY_VALUES", 400)
    with pytest.warns(WinnowWarning, match="100 rows of 8 values take some 2 hours .* embedding=timm"):
        PCA(components=1).fit_transform(spread([9] + [1] * 7, n=100))


def test_no_copy_of_all_rows_is_made():
    x = np.random.default_rng(0).integers(256, size=(4000, 1, 64, 64), dtype=np.uint8)
    tracemalloc.start()
    try:
        chunks = PCA(components=2).fit_transform_in_chunks(x)
        assert sum(map(len, chunks)) == 4000
        assert tracemalloc.get_traced_memory()[1] < x.size  # a quarter of a float copy
    finally:
        tracemalloc.stop()
