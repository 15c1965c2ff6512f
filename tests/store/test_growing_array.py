"""An array that grows by rows is the same in memory and in a temporary file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.store import growing_array
from winnow.store.growing_array import GrowingArray, joined


@pytest.fixture
def in_a_file(monkeypatch, tmp_path):
    """Keep nothing in memory; return the folder of the temporary files."""
    monkeypatch.setattr(growing_array, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    dtype=st.sampled_from(["float32", "uint8", "int64"]),
    most=st.sampled_from([0, 40, 2**28]),
)
def test_whatever_the_chunks_rows_keep_their_values_and_order(sizes, dtype, most):
    whole = np.arange(3 * sum(sizes)).reshape(-1, 3).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing_array, "MOST_IN_MEMORY", most)
        array = joined(np.split(whole, np.cumsum(sizes)[:-1]))
    assert array.dtype == whole.dtype
    np.testing.assert_array_equal(array, whole)


def test_a_large_array_is_a_map_of_a_file_that_is_gone_with_it(in_a_file):
    array = joined(np.full((2, 4), value, np.float32) for value in range(3))
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    assert array[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert list(in_a_file.iterdir()) == []


def test_a_small_array_of_one_chunk_is_not_copied():
    chunk = np.ones((2, 2))
    assert joined([chunk]) is chunk


def test_rows_that_differ_from_those_before_are_refused(in_a_file):
    with GrowingArray() as array:
        array.append(np.ones((1, 2), np.float32))
        with pytest.raises(ValueError, match=r"rows must be float32 of shape \('any', 2\) .*, got float64"):
            array.append(np.ones((1, 2)))
