"""Rows that are read from files whenever they are asked for lead to the same results as rows in memory."""

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.digits import Digits

pytestmark = pytest.mark.slow


@pytest.fixture
def digits(tmp_path):
    """300 digits in arrays of their own, mapped and packed, and as files in one folder for each class."""
    dataset = Digits().load()
    x, y = dataset.x[:300, 0], dataset.y[:300]
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    np.savez(tmp_path / "digits.npz", x=x, y=y)
    for number, (pixels, label) in enumerate(zip(x, y.tolist(), strict=True)):
        path = tmp_path / "digits" / str(label) / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path


ARRAYS, IMAGES = ("dataset=arrays", "dataset.file={}/"), ("dataset=image_folder", "dataset.folder={}/digits")


def kept_and_accuracies(command, *words):
    """Run the command; return the lists of kept rows and the accuracies."""
    command.done("tracker=none", *words)
    lists = [path.read_text() for path in sorted(command.state.glob("runs/*/kept/*/kept*.csv"))]
    return lists, command.accuracies()


LABELLED = (ARRAYS[0], ARRAYS[1] + "x.npy", "dataset.labels={}/y.npy")


@pytest.mark.parametrize(
    ("on_disk", "in_memory"),
    [(LABELLED, (ARRAYS[0], ARRAYS[1] + "digits.npz")), ((*IMAGES, "dataset.decode=always"), IMAGES)],
    ids=["arrays", "image_folder"],
)
def test_two_workers_come_to_the_same_rows_and_accuracies(digits, bare, on_disk, in_memory):
    found = []
    for name, words in (("on_disk", on_disk), ("in_memory", in_memory)):
        command = bare.elsewhere(digits / name)
        command.folder.mkdir()
        jobs = "n_jobs=2" if name == "on_disk" else "n_jobs=1"
        found.append(kept_and_accuracies(command, jobs, *(word.format(digits) for word in words)))
        command.end()
    assert found[0] == found[1]
    lists, accuracies = found[0]
    assert [len(text.splitlines()) for text in lists] == [21] * 4  # a header and 20 rows, of two ways
    assert [len(each) for each in accuracies.values()] == [2, 2]
