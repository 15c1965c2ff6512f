import numpy as np

from winnow.dataset.blobs_2d import Blobs2D


def test_the_clouds_lie_where_they_are_said_to():
    dataset = Blobs2D(points=4000).load()
    for label, centre in enumerate([1, 5]):
        cloud = dataset.x[dataset.y == label]
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.07)  # four standard errors
        np.testing.assert_allclose(cloud.std(axis=0), 1, atol=0.05)


def test_the_default_is_a_hundred_points_each_and_a_small_test_part():
    dataset = Blobs2D().load()
    assert np.bincount(dataset.y).tolist() == [100, 100]
    assert np.bincount(dataset.y_test).tolist() == [20, 20]


def test_test_points_are_no_training_points():
    dataset = Blobs2D().load()
    assert not np.isin(dataset.x_test, dataset.x).any()


def test_another_seed_draws_other_points():
    assert not np.array_equal(Blobs2D().load().x, Blobs2D(draw_seed=1).load().x)
