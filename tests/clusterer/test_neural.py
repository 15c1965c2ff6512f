import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.clusterer.neural import Neural
from winnow.clusterer.sklearn import Sklearn
from winnow.errors import InvalidValue
from winnow.model.lenet5 import LeNet5
from winnow.store.keys import identity


def two_clouds():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(c, 1, (100, 2)) for c in (1, 5)]).astype(np.float32)


def inertia(clustering):
    return (clustering.distances**2).sum()


def test_two_clouds_are_found_though_less_well_than_by_k_means():
    X = two_clouds()
    by_network, by_k_means = (inertia(stage.fit(X, seed=0)) for stage in (Neural(2), Sklearn(2)))
    assert by_k_means < by_network < 1.25 * by_k_means


def test_centroids_are_the_means_of_their_rows():
    X = two_clouds()
    clustering = Neural(2).fit(X, seed=0)
    means = [X[clustering.labels == label].mean(axis=0) for label in range(2)]
    np.testing.assert_allclose(clustering.centroids, means, atol=1e-5)


def test_it_ends_when_no_row_changes_sides():
    *_, before, last = Neural(2, rounds=30).rounds_on(two_clouds(), seed=0)
    np.testing.assert_array_equal(before.labels, last.labels)


def test_it_ends_after_the_rounds_it_is_given():
    assert len(list(Neural(20, rounds=1).rounds_on(two_clouds(), seed=0))) == 1


def test_a_cluster_left_empty_starts_again_from_a_row():
    X = np.repeat(two_clouds()[:2], 10, axis=0)
    first = next(iter(Neural(5).rounds_on(X, seed=0)))
    empty = np.setdiff1d(np.arange(5), first.labels)
    assert len(empty) >= 3
    for centroid in first.centroids[empty]:
        assert np.isclose(X, centroid, atol=1e-5).all(axis=1).any()


def test_the_unit_of_measurement_does_not_matter():
    X = two_clouds()
    small, large = (Neural(3).fit(X * np.float32(scale), seed=0).labels for scale in (1, 2**20))
    np.testing.assert_array_equal(small, large)


@pytest.mark.parametrize("model", ["lenet5", "lenet5_batchnorm", "convnet"])
def test_any_model_can_do_the_work_given_the_shape_of_its_images(model):
    X = np.random.default_rng(0).random((40, 256)).astype(np.float32)
    stage = Neural(3, model=model, shape=(1, 16, 16), rounds=2, steps=2)
    first, second = (stage.fit(X, seed=5) for _ in range(2))
    assert first.sizes.sum() == 40
    np.testing.assert_array_equal(first.labels, second.labels)


def test_dropout_draws_from_a_stream_of_its_own():
    before = torch.get_rng_state()
    Neural(2, model="lenet5", shape=(1, 16, 16), rounds=2, steps=2).fit(
        np.random.default_rng(0).random((20, 256)).astype(np.float32), seed=0
    )
    torch.testing.assert_close(torch.get_rng_state(), before)


def test_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(InvalidValue, match=r"shape must hold the 2 values of a row, got \[1, 4, 4\]"):
        Neural(2, shape=(1, 4, 4)).fit(two_clouds(), seed=0)


def test_what_is_no_model_is_refused():
    with pytest.raises(ValidationError, match=r"Input should be one of \['convnet'"):
        TypeAdapter(Neural).validate_python({"k": 2, "model": "lenet"})


def test_the_code_of_the_network_is_part_of_the_identity():
    assert identity(LeNet5()) in identity(Neural(2, model="lenet5"))
