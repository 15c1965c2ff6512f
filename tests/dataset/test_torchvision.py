"""Rules and faults of the known sets, and the real files; formats are in test_torchvision_formats."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from torchvision import datasets

from winnow.dataset.mnist import MNIST
from winnow.dataset.torchvision import KNOWN, Torchvision, fetch
from winnow.errors import DatasetUnavailable, InvalidValue

LABELS = bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])


def example(folder):
    """FashionMNIST in its own format, one image of each class in either part."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        header = b"\0\0\x08\x03" + np.array([10, 28, 28], ">u4").tobytes()
        pixels = np.repeat(np.arange(0, 250, 25, dtype=np.uint8), 784).tobytes()
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pixels)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x0a" + LABELS)
    return {"name": "FashionMNIST", "data_dir": str(folder), "cache_dir": str(folder / "cache")}


def refusal(read):
    with pytest.raises((DatasetUnavailable, InvalidValue)) as fault:
        read()
    assert "\n" not in str(fault.value)
    return str(fault.value)


def in_real_files(name, data_dir):
    if not (data_dir / name / "raw").is_dir():
        pytest.skip(f"no {name} in {data_dir}")
    return Torchvision(name, str(data_dir)).load()


def test_the_real_mnist_is_what_dataset_mnist_reads(data_dir):
    theirs, ours = in_real_files("MNIST", data_dir), MNIST(str(data_dir)).load()
    for part in ("x", "y", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(theirs, part), getattr(ours, part))


def test_the_real_fashion_mnist(data_dir):
    dataset = in_real_files("FashionMNIST", data_dir)
    assert (dataset.x.shape, dataset.x_test.shape) == ((60_000, 1, 28, 28), (10_000, 1, 28, 28))
    assert np.bincount(dataset.y).tolist() == [6000] * 10
    assert [dataset.classes[label] for label in dataset.y[:3]] == ["Ankle boot", "T-shirt/top", "T-shirt/top"]
    assert dataset.x.mean() / 255 == pytest.approx(0.2860, abs=1e-4)  # the mean that is widely published


@pytest.mark.parametrize("name", ["datasets", "cifar10", "__doc__", "FakeData", ""])
def test_no_name_outside_the_table_is_built(name):
    with pytest.raises(ValidationError, match="should be one of CIFAR10, CIFAR100, "):
        TypeAdapter(Torchvision).validate_python({"name": name})
    assert "must be one of CIFAR10" in refusal(lambda: fetch(name, "data"))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_missing_files_are_answered_with_the_line_that_fetches_them(name, tmp_path):
    message = refusal(Torchvision(name, str(tmp_path)).load)
    assert message.startswith(f"{name} cannot be read: ")
    assert str(tmp_path) in message
    assert "You can use" not in message
    if KNOWN[name].source:
        assert f"by hand from {KNOWN[name].source}" in message
    else:
        assert f"run `make data NAME={name} DATA={tmp_path}`" in message
    assert list(tmp_path.iterdir()) == []


def test_the_usual_folder_needs_no_word_in_the_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refusal(Torchvision("EMNIST", variant="letters").load)
    assert message.endswith("run `make data NAME=EMNIST VARIANT=letters`")


def test_a_pickle_with_another_checksum_is_not_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "opened",)

    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for file in (
        "data_batch_1",
        "data_batch_2",
        "data_batch_3",
        "data_batch_4",
        "data_batch_5",
        "test_batch",
    ):
        (folder / file).write_bytes(pickle.dumps(Trap()))
    (folder / "batches.meta").write_bytes(pickle.dumps(Trap()))
    assert "CIFAR10 cannot be read: Dataset not found or corrupted" in refusal(
        Torchvision("CIFAR10", str(tmp_path)).load
    )
    assert not (tmp_path / "opened").exists()


def test_a_damaged_file_is_named_in_one_line(tmp_path):
    example(tmp_path)
    file = tmp_path / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    assert "FashionMNIST cannot be read: " in refusal(Torchvision("FashionMNIST", str(tmp_path)).load)


@pytest.mark.parametrize(("setting", "value"), [("size", 32), ("channels", 3)])
def test_arrays_are_taken_as_they_are_or_not_at_all(setting, value, tmp_path):
    settings = example(tmp_path) | {setting: value}
    assert f"{setting} must be null for FashionMNIST, whose images are 28 x 28 with 1 channel" in refusal(
        Torchvision(**settings).load
    )
    same = {"size": 28, "channels": 1}[setting]
    assert Torchvision(**settings | {setting: same}).load().x.shape == (10, 1, 28, 28)


@pytest.mark.parametrize(
    ("name", "variant", "words"),
    [
        ("EMNIST", "capitals", "must be one of balanced, byclass, bymerge, letters, digits, mnist"),
        ("SVHN", "extra", "must be null"),
    ],
)
def test_a_version_that_a_set_does_not_have_is_refused(name, variant, words, tmp_path):
    assert f"variant of {name} {words}, got '{variant}'" in refusal(
        Torchvision(name, str(tmp_path), variant).load
    )


def write_letters(folder):
    raw = folder / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "test"):
        start = f"emnist-letters-{part}"
        header = b"\0\0\x08\x03" + np.array([2, 28, 28], ">u4").tobytes()
        (raw / f"{start}-images-idx3-ubyte").write_bytes(header + bytes(2 * 784))
        (raw / f"{start}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02" + bytes([1, 26]))


def test_a_class_without_images_is_left_out(tmp_path):
    write_letters(tmp_path)  # whose labels count from 1
    dataset = Torchvision("EMNIST", str(tmp_path), "letters").load()
    assert (dataset.name, dataset.classes) == ("EMNIST-letters", ("a", "z"))
    assert dataset.y.tolist() == dataset.y_test.tolist() == [0, 1]


def test_parts_with_other_classes_are_refused(tmp_path):
    folder = tmp_path / "dtd" / "dtd" / "labels"
    folder.mkdir(parents=True)
    (folder / "train1.txt").write_text("banded/1.jpg\nwoven/1.jpg\n")
    (folder / "test1.txt").write_text("woven/2.jpg\n")
    assert "both parts of DTD must have the same classes, got 2 for training and 1 for testing" in refusal(
        Torchvision("DTD", str(tmp_path)).load
    )


def test_listed_images_that_are_missing_are_named(tmp_path):
    folder = tmp_path / "dtd" / "dtd" / "labels"
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        (folder / f"{part}1.txt").write_text(f"banded/{part}.jpg\n")
    message = refusal(Torchvision("DTD", str(tmp_path)).load)
    assert "2 of 2 images cannot be read: dtd/dtd/images/banded/test.jpg (no longer there)" in message


class TestFetching:
    @pytest.fixture
    def served(self, tmp_path, monkeypatch):
        """Let torchvision's class of FashionMNIST write its files in place of downloading them."""
        calls = []

        def download(self):
            calls.append(self.train)
            if not self._check_exists():
                example(Path(self.root))

        monkeypatch.setattr(datasets.FashionMNIST, "download", download)
        return calls

    def test_files_arrive_in_their_place_and_nothing_else(self, tmp_path, served):
        fetch("FashionMNIST", str(tmp_path / "new"))
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["FashionMNIST"]
        assert Torchvision("FashionMNIST", str(tmp_path / "new")).load().n == 10

    def test_what_is_there_and_sound_is_not_fetched(self, tmp_path, served):
        example(tmp_path)
        fetch("FashionMNIST", str(tmp_path))
        assert served == []

    def test_a_fetch_that_fails_leaves_nothing(self, tmp_path, monkeypatch):
        def download(self):
            example(Path(self.root))
            raise OSError("the line\nwent dead")

        monkeypatch.setattr(datasets.FashionMNIST, "download", download)
        message = refusal(lambda: fetch("FashionMNIST", str(tmp_path / "new")))
        assert message.startswith("FashionMNIST cannot be fetched: the line went dead | ")
        assert list(tmp_path.iterdir()) == []

    def test_a_set_that_no_program_may_fetch_says_where_it_is(self, tmp_path):
        message = refusal(lambda: fetch("ImageNet", str(tmp_path)))
        assert "ImageNet cannot be fetched by a program" in message
        assert "https://image-net.org" in message
