"""A file of weights from elsewhere runs nothing and stops nothing."""

import os
from pathlib import Path

import pytest

from winnow.errors import WeightsUnavailable
from winnow.network.weights import Weights


def refusal(file: Path) -> str:
    with pytest.raises(
        WeightsUnavailable, match="weights must be a readable file of weights, got "
    ) as refused:
        Weights("embedding.weights", file).read()
    line = str(refused.value)
    assert line.isprintable()
    assert f"embedding.weights={file} | check the path, or save them with torch.save" in line
    return line


@pytest.mark.parametrize("name", ["theirs.pt", "theirs.safetensors"])
@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"]
)
def test_only_a_regular_file_is_opened(tmp_path, make, name):
    make(tmp_path / name)
    assert "got a pipe, a socket or a device" in refusal(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    assert "got a folder" in refusal(tmp_path)


def test_a_file_that_would_run_something_is_refused_without_a_word_on_how_to_run_it(tmp_path):
    marker = tmp_path / "marker"
    (tmp_path / "theirs.pt").write_bytes(f"cos\nsystem\n(S'touch {marker}'\ntR.".encode())
    line = refusal(tmp_path / "theirs.pt")
    assert "Python objects, which could run anything" in line
    assert "weights_only" not in line
    assert not marker.exists()
