import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sklearn.decomposition import PCA as ReferencePCA  # noqa: N811

from winnow.dataset.digits import Digits
from winnow.embedding import pca
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue, WinnowWarning


def test_agrees_with_a_full_decomposition_in_double_precision():
    x = Digits().load().x[:400]
    reference = ReferencePCA(10, svd_solver="full").fit_transform(x.reshape(400, -1) / 255.0)
    np.testing.assert_allclose(PCA(components=10).fit_transform(x), reference, atol=2e-4)


def test_rows_too_wide_for_a_covariance_are_projected_all_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, 3)) @ rng.normal(size=(3, 50))).astype(np.float32)
    exact = PCA(components=3).fit_transform(x)
    monkeypatch.setattr(pca, "WIDEST_COVARIANCE", 10)
    np.testing.assert_allclose(PCA(components=3).fit_transform(x), exact, atol=1e-3)


def test_rows_far_from_zero_lose_nothing():
    x = np.random.default_rng(0).normal(size=(300, 6)) * [8, 7, 4, 3, 2, 1]
    near, far = (PCA(components=2).fit_transform(np.float32(np.round(x * 64) / 64 + c)) for c in (0, 4096))
    np.testing.assert_allclose(near, far, atol=1e-2)


@given(
    n=st.integers(2, 12),
    d=st.integers(1, 6),
    low=st.floats(-1e6, 1e6, width=32),
    width=st.floats(2**-10, 1e6, width=32),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50)
def test_keeps_no_more_than_the_variance_there_is(n, d, low, width, seed):
    x = (low + width * np.random.default_rng(seed).random((n, d))).astype(np.float32)
    if (x == x[0]).all():
        return
    X = PCA(components=min(n, d)).fit_transform(x).astype(np.float64)
    total = x.astype(np.float64).var(axis=0).sum()
    assert np.isfinite(X).all()
    assert X.var(axis=0).sum() <= total * 1.001 + 1e-6


def test_rows_that_are_all_alike_warn_once_and_are_zero():
    with pytest.warns(WinnowWarning, match="all rows are alike") as caught:
        X = PCA(components=2).fit_transform(np.full((50, 1, 2, 2), 7, dtype=np.uint8))
    assert len(caught) == 1
    np.testing.assert_array_equal(X, np.zeros((50, 2)))


@pytest.mark.parametrize(("shape", "most"), [((3, 8), 3), ((8, 3), 3), ((0, 3), 0), ((3, 0), 0)])
def test_more_components_than_rows_or_values_are_refused(shape, most):
    with pytest.raises(InvalidValue, match=f"components must be at most {most}, .* got 4"):
        PCA(components=4).fit_transform(np.ones(shape, dtype=np.float32))


@pytest.mark.parametrize("wrong", [3e38, np.inf, np.nan])
def test_values_whose_squares_overflow_are_refused(wrong):
    x = np.ones((4, 3), dtype=np.float32)
    x[2, 1] = wrong
    with pytest.raises(InvalidValue, match="must lie within"):
        PCA(components=2).fit_transform(x)


@pytest.mark.parametrize("wrong", [0, -1, 2.5])
def test_illegal_components_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(PCA).validate_python({"components": wrong})


@pytest.mark.mnist
def test_64_components_hold_86_percent_of_the_variance_of_mnist(data_dir):
    from winnow.dataset.mnist import MNIST

    x = MNIST(str(data_dir)).load().x[:20_000]
    X = PCA(components=64).fit_transform(x)
    total = (x / np.float32(255)).reshape(len(x), -1).var(axis=0, dtype=np.float64).sum()
    assert X.var(axis=0, dtype=np.float64).sum() / total == pytest.approx(0.86, abs=0.01)


@pytest.mark.parametrize("offset", [0, 1000])
def test_many_rows_are_projected_in_chunks_as_they_are_at_once(offset, monkeypatch):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(9000, 12)) * np.arange(1, 13) + offset).astype(np.float32)
    at_once = PCA(components=4).fit_transform(x)
    monkeypatch.setattr("winnow.embedding.pca.MOST_VALUES_COPIED", 1)
    np.testing.assert_allclose(PCA(components=4).fit_transform(x), at_once, atol=1e-3)


def test_many_rows_that_are_alike_are_embedded_as_zero_with_a_warning(monkeypatch):
    monkeypatch.setattr("winnow.embedding.pca.MOST_VALUES_COPIED", 1)
    with pytest.warns(WinnowWarning, match="all rows are alike"):
        assert not PCA(components=1).fit_transform(np.ones((3, 2), np.float32)).any()


def test_many_rows_are_never_copied_whole(monkeypatch):
    x = np.random.default_rng(0).integers(0, 256, (40_000, 1, 8, 8)).astype(np.uint8)
    monkeypatch.setattr("winnow.embedding.pca.MOST_VALUES_COPIED", 1)
    tracemalloc.start()
    try:
        PCA(components=2).fit_transform(x)
        assert tracemalloc.get_traced_memory()[1] < x.size * 4 / 2  # half of a float copy
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shift", [0, 1000])
def test_test_rows_are_projected_by_what_training_rows_showed(shift):
    # The training rows vary along the first axis only, so that is the one direction, about their mean of 2.
    x = np.float32([[1, 0], [2, 0], [3, 0]]) + shift
    x_test = np.float32([[5, 7], [2, -9]]) + shift
    np.testing.assert_allclose(PCA(components=1).embed_test(x, x_test), [[3], [0]], atol=1e-3)


def test_test_rows_that_are_wide_are_projected_as_training_rows_are():
    x = np.random.default_rng(0).normal(size=(30, 2100)).astype(np.float32)
    pca = PCA(components=3, normalize=True)
    np.testing.assert_allclose(pca.embed_test(x, x), pca.fit_transform(x), atol=1e-3)


def test_where_training_rows_are_all_alike_test_rows_become_zero():
    x = np.ones((3, 2), np.float32)
    assert PCA(components=1).embed_test(x, 5 * x).tolist() == [[0]] * 3
