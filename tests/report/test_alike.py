"""Rows that are alike, on points worked by hand."""

import numpy as np
import pytest

from winnow.report._alike import MOST_KEPT, among, between, equal_rows, reduced
from winnow.rows.lazy_rows import PartOfRows
from winnow.types import Dataset


def test_pairs_come_nearest_first_and_once():
    X = np.float32([[0], [4], [5], [20], [29]])
    found = among(np.arange(5), X)
    # To the nearest other: 4, 1, 1, 9, 9, in the median 4; 4-5 and 20-29 are seen from both sides.
    assert (found.rows, found.others) == ([1, 0, 3], [2, 1, 4])
    assert found.distances == [1.0, 4.0, 9.0]
    assert (found.median, found.equal, found.near) == (4.0, 0, 0)


def test_equal_and_nearly_equal_rows_are_counted_apart():
    X = np.float32([[0], [0], [100], [101], [200], [300], [400], [500]])
    found = among(np.arange(8), X)
    # Distances 0, 0, 1, 1, 99, 100, 100, 100: the median is 50, and 1 is less than a tenth of it.
    assert (found.median, found.equal, found.near) == (50.0, 2, 2)


def test_a_kept_row_has_one_pair_with_the_nearest_test_row():
    x, x_test = np.float32([[0], [1], [7]]), np.float32([[6], [0]])
    found = between(np.array([0, 1, 2]), x, x_test)
    assert list(zip(found.rows, found.others, found.distances, strict=True)) == [
        (0, 1, 0.0),
        (1, 1, 1.0),
        (2, 0, 1.0),
    ]
    assert (found.equal, found.compared, found.of) == (1, 3, 2)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_have_no_pair(count):
    assert among(np.arange(count), np.zeros((3, 2), np.float32)).rows == []


def test_of_many_rows_evenly_spaced_ones_are_compared():
    n = 3 * MOST_KEPT
    found = among(np.arange(n), np.arange(n, dtype=np.float32)[:, None])
    assert (found.compared, found.of) == (MOST_KEPT, MOST_KEPT)


def test_rows_that_are_equal_in_every_byte_are_found_whether_kept_or_not():
    x = np.arange(4 * 9, dtype=np.uint8).reshape(4, 1, 3, 3)
    dataset = Dataset("toy", x, np.zeros(4, int), x[[3, 1]], np.zeros(2, int), ("a",))
    pairs, compared = equal_rows(dataset, np.array([0]))
    assert (pairs.tolist(), compared) == ([[1, 1], [3, 0]], 4)


def test_large_images_are_means_of_squares():
    image = np.zeros((1, 1, 64, 64), np.uint8)
    image[0, 0, :2, :2] = [[255, 0], [0, 255]]
    vector = reduced(image, np.array([0]))[0]
    assert vector[0] == pytest.approx(0.5)
    assert not vector[1:].any()


@pytest.mark.parametrize("shape", [(3, 200, 150), (1, 33, 500), (4, 1, 1), (1, 5, 70)])
def test_images_of_any_shape_are_reduced_alike(shape):
    x = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    vectors = reduced(x, np.arange(3))
    assert len(vectors) == 3
    assert vectors.shape[1] <= shape[0] * 32 * 32 * 4
    assert vectors.min() >= 0
    assert vectors.max() <= 1


def test_rows_that_are_read_when_asked_for_are_compared_like_those_in_memory():
    x, y, kept = np.float32([[1], [2], [3]]), np.zeros(3, int), np.array([0, 2])
    lazy, lazy_test = PartOfRows(x, np.arange(3)), PartOfRows(x, np.array([1]))
    pairs, compared = equal_rows(Dataset("toy", lazy, y, lazy_test, y[:1], ("a",)), kept)
    assert (pairs.tolist(), compared) == ([[1, 0]], 3)
    assert between(kept, lazy, lazy_test) == between(kept, x, x[1:2])
