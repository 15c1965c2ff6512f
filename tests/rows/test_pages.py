"""What was read of a mapped file is given back."""

import sys
from pathlib import Path

import numpy as np
import pytest

from winnow.dataset._mapped_rows import MappedRows, as_they_are
from winnow.rows.chunks import chunks_of
from winnow.rows.lazy_rows import PartOfRows


def mapped_megabytes():
    """Return how much memory the files take that this process has mapped."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssFile:")[2].split()[0]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "held",
    [
        lambda x: x,
        lambda x: x[10:, None],
        lambda x: MappedRows(x, "nhw", as_they_are),
        lambda x: PartOfRows(MappedRows(x, "nhw", as_they_are), np.arange(len(x))),
    ],
    ids=["map", "part", "rows", "part of rows"],
)
def test_what_was_read_of_a_mapped_file_does_not_stay_in_memory(tmp_path, held):
    np.save(tmp_path / "x.npy", np.ones((2000, 128, 128), np.uint8))  # 32 MB
    x = held(np.load(tmp_path / "x.npy", mmap_mode="r"))
    before, most, total = mapped_megabytes(), 0.0, 0
    for part in chunks_of(x, 200):
        total += int(x[part].sum())
        most = max(most, mapped_megabytes() - before)
    assert total == len(x) * 128 * 128
    assert most < 12
    assert mapped_megabytes() - before < 3
