"""Faults of the data themselves, which every source leaves to `Dataset` to refuse."""

import numpy as np
import pytest

from winnow.errors import InvalidValue
from winnow.types import Dataset

IMAGES = np.zeros((20, 1, 4, 4), dtype=np.uint8)
LABELS = np.arange(20) % 3


def dataset(x: np.ndarray = IMAGES, y: np.ndarray = LABELS) -> Dataset:
    return Dataset("toy", x, y, x[:3], y[:3], ("a", "b", "c"))


def test_more_images_than_labels_are_refused():
    with pytest.raises(InvalidValue, match="training images and labels must match, got 20 and 12"):
        Dataset("toy", IMAGES, LABELS[:12], IMAGES[:3], LABELS[:3], ("a", "b", "c"))


@pytest.mark.parametrize("wrong", [77, -1])
def test_a_label_without_a_class_is_refused(wrong):
    labels = LABELS.copy()
    labels[5] = wrong
    with pytest.raises(InvalidValue, match=rf"labels must lie in \[0, 2\], got {wrong}"):
        dataset(y=labels)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_counted_and_placed(wrong):
    features = np.ones((20, 4), dtype=np.float32)
    features[[7, 9], 2] = wrong
    with pytest.raises(
        InvalidValue, match="NaN or infinity: 2 values in the training set, the first in row 7"
    ):
        dataset(x=features)
