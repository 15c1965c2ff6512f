"""A search judged by training rows: the test set has no part in it."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from winnow.dataset._held_out import HeldOut
from winnow.dataset._mapped_rows import MappedRows, as_they_are
from winnow.errors import InvalidValue
from winnow.rows.lazy_rows import PartOfRows
from winnow.rows.row_array import RowArray
from winnow.stages import Source
from winnow.types import Dataset

X = np.arange(24, dtype=np.float32).reshape(12, 2)
Y = np.repeat([0, 1], 6)


@dataclass(frozen=True, eq=False)
class Made(Source):
    x: RowArray
    y: np.ndarray

    def load(self) -> Dataset:
        origins = [f"file {number}" for number in range(len(self.y))]
        return Dataset("made", self.x, self.y, X[:1] - 100, np.array([1]), ("cat", "dog"), origins)


def test_a_sixth_of_each_class_is_set_aside_and_no_test_row_is_used():
    dataset = HeldOut(Made(X, Y)).load()
    assert dataset.name == "made, judged by held-out training rows"
    assert np.bincount(dataset.y).tolist() == [5, 5]
    assert np.bincount(dataset.y_test).tolist() == [1, 1]
    together = np.concatenate([dataset.x, dataset.x_test])
    np.testing.assert_array_equal(np.sort(together, axis=0), X)
    assert sorted([*dataset.origins, *dataset.test_origins]) == sorted(Made(X, Y).load().origins)
    row = int(dataset.test_origins[0].removeprefix("file "))
    np.testing.assert_array_equal(dataset.x_test[0], X[row])


def test_rows_on_the_disk_stay_there():
    mapped = MappedRows(X, "nd", as_they_are)
    dataset, in_memory = HeldOut(Made(mapped, Y)).load(), HeldOut(Made(X, Y)).load()
    assert isinstance(dataset.x, PartOfRows)
    assert isinstance(dataset.x_test, PartOfRows)
    np.testing.assert_array_equal(dataset.x[:], in_memory.x)
    np.testing.assert_array_equal(dataset.x_test[0], in_memory.x_test[0])
    assert dataset.checksum == in_memory.checksum
    assert pickle.loads(pickle.dumps(dataset.x)).shape == in_memory.x.shape


def test_a_class_with_one_row_is_refused():
    with pytest.raises(InvalidValue, match="at least 2 rows to be split, got 1 in class 1"):
        HeldOut(Made(X[:7], Y[:7])).load()
