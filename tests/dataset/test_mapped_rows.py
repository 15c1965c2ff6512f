"""Rows of a mapped file are those of the array, and only those asked for are read."""

import numpy as np
import pytest

from winnow.dataset.arrays import Arrays
from winnow.network.processes import packed, unpacked
from winnow.rows.lazy_rows import LazyRows

RNG = np.random.default_rng(0)
KINDS = {
    "bytes": RNG.integers(256, size=(50, 4, 5, 3), dtype=np.uint8),
    "grey bytes": RNG.integers(256, size=(50, 4, 5), dtype=np.uint8),
    "whole numbers": RNG.integers(256, size=(50, 4, 5, 3)).astype(np.float64),
    "fractions": RNG.integers(256, size=(50, 4, 5)).astype(np.float32) / 255,
    "black and white": RNG.integers(2, size=(50, 4, 5)).astype(bool),
    "features": RNG.normal(size=(50, 6)).astype(np.float32),
    "double features": RNG.normal(size=(50, 6)),
}


@pytest.fixture(params=KINDS)
def both(request, tmp_path):
    """The same rows in a mapped file and in memory."""
    x, y = KINDS[request.param], np.arange(50) % 3
    np.save(tmp_path / "rows.npy", x)
    np.save(tmp_path / "y.npy", y)
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    return Arrays(str(tmp_path / "rows.npy"), str(tmp_path / "y.npy")), Arrays(str(tmp_path / "rows.npz"))


def test_a_data_set_is_the_same_in_a_mapped_file_and_in_memory(both):
    mapped, loaded = (source.load() for source in both)
    for part in ("x", "x_test"):
        lazy, array = getattr(mapped, part), getattr(loaded, part)
        assert isinstance(lazy, LazyRows)
        assert (lazy.shape, lazy.dtype) == (array.shape, array.dtype)
        assert (lazy.ndim, len(lazy)) == (array.ndim, len(array))
        np.testing.assert_array_equal(lazy[:], array)
        np.testing.assert_array_equal(lazy[3], array[3])
        np.testing.assert_array_equal(lazy[1:9:2], array[1:9:2])
        np.testing.assert_array_equal(lazy[np.array([4, -1, 4])], array[[4, -1, 4]])
        every_third = np.arange(len(array)) % 3 == 0
        np.testing.assert_array_equal(lazy[every_third], array[every_third])
    assert mapped.checksum == loaded.checksum
    assert list(mapped.origins) == list(loaded.origins)
    np.testing.assert_array_equal(mapped.moments, loaded.moments)


def test_rows_to_choose_from_are_the_same_too(both):
    mapped, loaded = (source.rows() for source in both)
    assert mapped.checksum == loaded.checksum
    assert not isinstance(mapped.x, np.ndarray) or isinstance(mapped.x, np.memmap)


def test_to_another_process_only_the_place_of_the_rows_travels(both):
    lazy = both[0].load().x
    content = packed(lazy)
    assert len(content) < 2000
    np.testing.assert_array_equal(unpacked(content)[:], lazy[:])


def test_an_array_of_all_rows_is_not_made_by_the_way(both):
    with pytest.raises(TypeError, match="may not fit into memory"):
        np.asarray(both[0].load().x)


@pytest.mark.parametrize("row", [40, -41, np.array([0, 40])])
def test_rows_that_are_not_there_are_refused(both, row):
    with pytest.raises(IndexError):
        both[0].load().x[row]
