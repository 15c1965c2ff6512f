import numpy as np
import pytest

from winnow.dataset.classification import Classification
from winnow.errors import InvalidValue


def test_only_the_training_part_has_exactly_mean_0_and_deviation_1():
    dataset = Classification().load()
    np.testing.assert_allclose(dataset.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(dataset.x.std(axis=0), 1, atol=1e-6)
    assert np.abs(dataset.x_test.mean(axis=0)).max() > 1e-3


def test_every_class_gives_its_share_to_the_test_part():
    dataset = Classification(rows=600, classes=3, test_fraction=0.25).load()
    for train, test in zip(np.bincount(dataset.y), np.bincount(dataset.y_test), strict=True):
        assert test == pytest.approx(0.25 * (train + test), abs=0.51)


def test_sizes_are_parameters():
    dataset = Classification(rows=200, features=5, informative=3, classes=2).load()
    assert dataset.x.shape == (160, 5)
    assert dataset.classes == ("0", "1")


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"informative": 11}, "informative must be at most features=10, got 11"),
        (
            {"informative": 3},
            "classes must be at most 4, because 3 informative columns have 8 corners, got 6",
        ),
        ({"rows": 59}, "rows must be at least ten for each class, got 59"),
    ],
)
def test_what_cannot_be_drawn_is_refused(sizes, words):
    with pytest.raises(InvalidValue, match=words):
        Classification(**sizes).load()
