"""Rows are handed out group by group, whether they lie in memory or in a large file."""

import numpy as np
import pytest

from winnow.selector import _rows_by_group
from winnow.selector._rows_by_group import rows_by_group


@pytest.fixture
def mapped(tmp_path):
    """A hundred rows of three values in a file."""
    np.save(tmp_path / "X.npy", np.arange(300, dtype=np.float32).reshape(100, 3))
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("values_at_once", [3, 21, 10**6])
def test_a_file_gives_the_same_rows_as_memory_in_chunks_of_any_size(mapped, monkeypatch, values_at_once):
    monkeypatch.setattr(_rows_by_group, "_VALUES_AT_ONCE", values_at_once)
    labels = np.random.default_rng(0).integers(5, size=100)
    groups = [np.flatnonzero(labels == label) for label in (3, 0, 9, 1)]  # 9 is empty; 2 and 4 are left out
    found = list(rows_by_group(mapped, groups, small=0))
    for (rows, members), group in zip(found, groups, strict=True):
        assert rows.tolist() == group.tolist()
        assert members.tobytes() == np.array(mapped)[group].tobytes()


def test_groups_without_a_row_need_no_file(mapped):
    ((_, members),) = rows_by_group(mapped, [np.array([], np.int64)], small=0)
    assert members.shape == (0, 3)
