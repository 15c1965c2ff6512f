"""Means of rows and nearest centroids, by hand."""

import numpy as np

from winnow.geometry.points import Points


def test_means_by_hand():
    points = Points.of(np.float32([[-3, 0], [-1, 0], [4, 6], [0, -6]]))
    np.testing.assert_array_equal(points.means(np.int32([0, 0, 2, 2]), 3), [[-2, 0], [0, 0], [2, 0]])


def test_means_do_not_lose_digits_far_from_zero():
    X = (np.random.default_rng(0).normal(size=(5000, 3)) + 1e4).astype(np.float32)
    points = Points.of(X)
    means = points.means(np.zeros(5000, np.int32), 1) + points.origin
    np.testing.assert_allclose(means[0], X.mean(axis=0, dtype=np.float64), atol=1e-3)


def test_nearest_by_hand_for_chosen_rows():
    points = Points.of(np.float32([[-5], [-1], [1], [5]]))
    found = points.nearest(np.float32([[-4], [3]]), np.array([3, 0]))
    np.testing.assert_array_equal(found.labels, [1, 0])
    np.testing.assert_allclose(found.costs, [4, 1])
