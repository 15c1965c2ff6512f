import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.embedding import _whiten_normalize as scaling
from winnow.embedding._whiten_normalize import fixed_signs, normalized, whitened
from winnow.errors import InvalidValue

ROWS = arrays(
    np.float32,
    st.tuples(st.integers(1, 30), st.integers(1, 6)),
    elements=st.floats(-(2.0**50), 2.0**50, width=32, allow_subnormal=False),
)


def covariance(X):
    return np.atleast_2d(np.cov(X.astype(np.float64), rowvar=False, bias=True))


def test_whitened_directions_are_uncorrelated_and_vary_alike():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) * [1, 10, 100, 1000] + 5000).astype(np.float32)
    white = whitened(X)
    assert white.dtype == np.float32
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(covariance(white), np.eye(4), atol=1e-4)


def test_the_first_direction_is_the_one_that_varied_most():
    X = np.float32([[0, -9], [1, -9], [0, 9], [1, 9]])
    np.testing.assert_allclose(whitened(X), [[-1, -1], [-1, 1], [1, -1], [1, 1]], atol=1e-6)


def test_directions_that_do_not_vary_stay_at_zero():
    X = np.float32([[1, 2, 7], [3, 6, 7], [5, 10, 7], [7, 14, 7]])  # a line in space
    white = whitened(X)
    np.testing.assert_allclose(white[:, 0], np.array([-3, -1, 1, 3]) / np.sqrt(5), atol=1e-6)
    np.testing.assert_allclose(white[:, 1:], 0, atol=1e-6)


def test_more_directions_than_rows_do_no_harm():
    X = np.random.default_rng(0).normal(size=(5, 50)).astype(np.float32)
    spread = np.linalg.eigvalsh(covariance(whitened(X)))
    np.testing.assert_allclose(spread[-4:], 1, atol=1e-5)  # five rows span four directions
    np.testing.assert_allclose(spread[:-4], 0, atol=1e-5)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("value", [0, 0.1, 1e15])
def test_rows_that_are_all_alike_are_whitened_to_zero(n, value):
    np.testing.assert_array_equal(whitened(np.full((n, 2), value, np.float32)), np.zeros((n, 2)))


@given(ROWS)
@settings(deadline=None)
def test_no_whitened_direction_varies_by_more_than_one(X):
    white = whitened(X)
    assert np.isfinite(white).all()
    assert np.linalg.eigvalsh(covariance(white)).max() <= 1.001


@given(ROWS)
@settings(deadline=None)
def test_rows_get_length_one_unless_they_are_zero(X):
    lengths = np.linalg.norm(normalized(X).astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, X.any(axis=1), atol=1e-6)


@pytest.mark.parametrize("size", [1e-45, 1e-30, 1e38])
def test_squares_neither_vanish_nor_overflow(size):
    np.testing.assert_allclose(normalized(np.float32([[size, size]])), [[0.5**0.5, 0.5**0.5]], rtol=1e-6)


@given(ROWS)
@settings(deadline=None)
def test_a_direction_does_not_depend_on_the_length(X):
    np.testing.assert_allclose(normalized(X), normalized(X * np.float32(8)), atol=1e-6)


@pytest.mark.parametrize("scale", [whitened, normalized])
def test_chunks_leave_no_seam_and_the_input_as_it_was(scale, monkeypatch):
    X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    X.flags.writeable = False
    whole = scale(X)
    monkeypatch.setattr(scaling, "_ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(scale(X), whole, atol=1e-5)


def test_rows_too_wide_to_be_whitened_are_refused(monkeypatch):
    monkeypatch.setattr(scaling, "WIDEST", 3)
    with pytest.raises(InvalidValue, match="must have at most 3 values, got 4"):
        whitened(np.ones((2, 4), np.float32))


def test_an_axis_and_its_opposite_are_the_same():
    axes = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(fixed_signs(axes), fixed_signs(axes * [1, -1, -1]))
