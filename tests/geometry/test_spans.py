"""Rows of a mapped file that is larger than a span."""

import numpy as np
import pytest
from numpy import ndarray

from winnow.geometry.spans import mean_of, rows_in_order, spans

WIDTH = 2**16  # so that a span has 1,024 rows
ROWS = {0: 1.0, 1023: 2.0, 1024: 4.0, 1099: 8.0}


@pytest.fixture
def x(tmp_path) -> ndarray:
    # A file with holes: 288 MB, of which four pages are written.
    made = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (1100, WIDTH))
    for row, value in ROWS.items():
        made[row, 0] = value
    made.flush()
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_every_row_is_in_one_span(x):
    assert list(spans(x)) == [slice(0, 1024), slice(1024, 1100)]


def test_the_mean_is_that_of_all_spans(x):
    assert mean_of(x)[0] == 15 / 1100
    assert not mean_of(x)[1:].any()


def test_rows_come_in_their_order_from_all_spans(x):
    rows = np.array(sorted(ROWS))
    np.testing.assert_array_equal(rows_in_order(x, rows)[:, 0], [1, 2, 4, 8])
    assert rows_in_order(x, rows[:0]).shape == (0, WIDTH)
    assert rows_in_order(x, rows[-1:])[0, 0] == 8
