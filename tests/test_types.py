"""The values refuse what would be wrong later, where it is cheap to say so."""

import tracemalloc

import jaxtyping
import numpy as np
import pytest

from winnow.errors import InvalidValue
from winnow.types import Clustering, Dataset, Subset


@pytest.fixture(autouse=True)
def _as_for_a_user():
    """Without the shape checks of the test suite, which would refuse these values first, in other words."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def dataset(**changes):
    parts = {
        "name": "toy",
        "x": np.zeros((3, 1, 2, 2), np.uint8),
        "y": np.array([0, 1, 1]),
        "x_test": np.zeros((1, 1, 2, 2), np.uint8),
        "y_test": np.array([1]),
        "classes": ("a", "b"),
    }
    return Dataset(**(parts | changes))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"y": np.array([0, 1])}, "training images and labels must match, got 3 and 2"),
        ({"y": np.array([0, 1, 7])}, r"training labels must lie in \[0, 1\], got 7"),
        ({"y_test": np.array([-1])}, r"test labels must lie in \[0, 1\], got -1"),
        ({"x_test": np.zeros((1, 1, 3, 3), np.uint8)}, "test rows must look like training rows"),
        ({"x": np.zeros((0, 1, 2, 2), np.uint8), "y": np.zeros(0, int)}, "at least one row"),
        ({"origins": ("a", "b")}, "every training row must have an origin, got 2 for 3 rows"),
        ({"test_origins": ("a", "b")}, "every test row must have an origin, got 2 for 1 rows"),
    ],
)
def test_a_dataset_that_does_not_fit_together_is_refused(changes, complaint):
    with pytest.raises(InvalidValue, match=complaint):
        dataset(**changes)


def test_features_that_are_not_finite_are_counted_and_located():
    x = np.zeros((3, 2), np.float32)
    x[1, 0] = x[2, 1] = np.nan
    with pytest.raises(InvalidValue, match=r"Input X contains NaN or infinity: 2 values .* first in row 1"):
        dataset(x=x, x_test=np.zeros((1, 2), np.float32))


@pytest.mark.parametrize("value", [3e38, -1.1e15])
def test_features_whose_squares_may_overflow_are_refused_wherever_they_come_from(value):
    x = np.zeros((3, 2), np.float32)
    x[2, 1] = value
    with pytest.raises(
        InvalidValue, match=r"must lie in \[-1e\+15, 1e\+15\], got .* in row 2 of the test set"
    ):
        dataset(x_test=x, y_test=np.zeros(3, int), x=np.full((3, 2), 1e15, np.float32))


def test_another_order_of_rows_is_another_dataset():
    swapped = dataset(y=np.array([1, 0, 1]))
    assert dataset().checksum == dataset().checksum != swapped.checksum


def test_the_checksum_of_a_view_whose_axes_are_turned_is_that_of_its_copy_and_copies_little():
    y, pixels = np.zeros(20_000, np.int64), np.random.default_rng(0).integers(0, 256, (20_000, 8, 8, 3))
    turned = np.moveaxis(pixels.astype(np.uint8), 3, 1)
    of_copy = Dataset("a", turned.copy(), y, turned[:1], y[:1], ("b",)).checksum
    of_view = Dataset("a", turned, y, turned[:1], y[:1], ("b",))
    tracemalloc.start()
    try:
        assert of_view.checksum == of_copy
        assert tracemalloc.get_traced_memory()[1] < turned.nbytes / 2
    finally:
        tracemalloc.stop()


def test_where_rows_come_from_is_no_part_of_the_checksum():
    assert dataset(origins=("a", "b", "c"), test_origins=("d",)).checksum == dataset().checksum


def test_moments_are_those_of_each_channel():
    x = np.zeros((2, 2, 1, 2), np.uint8)
    x[:, 0] = [[[0, 4]], [[0, 4]]]  # mean 2, deviation 2
    x[:, 1] = 9  # never varies
    mean, deviation = dataset(x=x, y=np.array([0, 1]), x_test=x[:1]).moments
    assert mean.tolist() == [2, 9]
    assert deviation.tolist() == [2, 1]


def test_moments_of_features_survive_a_large_offset():
    x = np.float32([[1e4], [1e4 + 1], [1e4 + 2]])
    mean, deviation = dataset(x=x, x_test=x[:1]).moments
    assert mean[0] == pytest.approx(10_001)
    assert deviation[0] == pytest.approx(np.sqrt(2 / 3))


def test_an_empty_cluster_has_size_zero():
    clustering = Clustering(np.zeros((3, 1), np.float32), np.array([0, 2, 2]), np.zeros(3))
    assert (clustering.k, clustering.sizes.tolist()) == (3, [1, 0, 2])


@pytest.mark.parametrize(
    ("labels", "distances", "complaint"),
    [
        ([0, 2], [0.0, 0.0], r"cluster labels must lie in \[0, 1\], got 2"),
        ([0, 1], [0.0, -1.0], "finite and not negative"),
        ([0, 1], [0.0, np.nan], "finite and not negative"),
        ([0, 1], [0.0], "distances must have 2 rows"),
    ],
)
def test_a_clustering_that_does_not_fit_together_is_refused(labels, distances, complaint):
    with pytest.raises(InvalidValue, match=complaint):
        Clustering(np.zeros((2, 1), np.float32), np.array(labels), np.array(distances))


@pytest.mark.parametrize("indices", [[1, 1], [2, 1], [-1, 0]])
def test_kept_rows_must_be_distinct_sorted_and_not_negative(indices):
    with pytest.raises(InvalidValue):
        Subset(np.array(indices), np.ones(len(indices), np.float32))


def test_every_kept_row_has_one_round_if_any():
    with pytest.raises(InvalidValue, match="rounds must match the 2 indices, got 1"):
        Subset(np.array([0, 1]), np.ones(2, np.float32), rounds=np.array([1]))
