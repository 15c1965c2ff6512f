"""Faults of the files and of the network, on copies of the real files and with real servers."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torchvision

from winnow.dataset import mnist
from winnow.dataset.mnist import MNIST, SHAPES, fetch, find_faults, raw_folder
from winnow.dataset.torchvision import Torchvision
from winnow.errors import DatasetUnavailable

pytestmark = pytest.mark.mnist
LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture
def home(tmp_path, data_dir) -> Path:
    """Return a data_dir whose labels of the test set can be damaged; the other files are links."""
    folder = raw_folder(str(tmp_path / "copy"))
    folder.mkdir(parents=True)
    for name in SHAPES:
        (folder / name).symlink_to(raw_folder(str(data_dir)) / name)
    content = (folder / LABELS).read_bytes()
    (folder / LABELS).unlink()
    (folder / LABELS).write_bytes(content)
    return tmp_path / "copy"


def damage(home: Path, content: bytes) -> None:
    (raw_folder(str(home)) / LABELS).write_bytes(content)


def content_of(home: Path) -> bytes:
    return (raw_folder(str(home)) / LABELS).read_bytes()


def test_reads_the_real_thing(data_dir):
    dataset = MNIST(str(data_dir)).load()
    assert dataset.x.shape == (60_000, 1, 28, 28)
    assert dataset.x_test.shape == (10_000, 1, 28, 28)
    assert dataset.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.x[:100].mean() / 255 == pytest.approx(0.1307, abs=0.02)


def test_agrees_with_torchvision(data_dir):
    theirs = torchvision.datasets.MNIST(str(data_dir), train=False)
    ours = MNIST(str(data_dir)).load()
    np.testing.assert_array_equal(ours.x_test[:, 0], theirs.data.numpy())
    np.testing.assert_array_equal(ours.y_test, theirs.targets.numpy())


def test_images_are_mapped_and_cannot_be_written(data_dir):
    x = MNIST(str(data_dir)).load().x
    assert isinstance(x, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 0


def test_reading_needs_neither_torch_nor_torchvision(data_dir):
    program = (
        f"import sys; from winnow.dataset.mnist import MNIST; MNIST({str(data_dir)!r}).load();"
        "print([name for name in ('torch', 'torchvision', 'sklearn') if name in sys.modules])"
    )
    run = [sys.executable, "-c", program]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(run, capture_output=True, text=True, check=True, env=env).stdout.strip() == "[]"


def test_missing_files_are_all_named_with_the_folder_and_the_cure(tmp_path):
    with pytest.raises(DatasetUnavailable) as caught:
        MNIST(str(tmp_path)).load()
    message = str(caught.value)
    assert all(f"file {name} is missing" in message for name in SHAPES)
    assert str(raw_folder(str(tmp_path))) in message
    assert "`make data`" in message
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_reported_with_both_sizes(home):
    damage(home, content_of(home)[:5000])
    with pytest.raises(DatasetUnavailable, match=f"file {LABELS}: expected 10008 bytes, got 5000"):
        MNIST(str(home)).load()


def test_a_flipped_bit_fails_the_checksum(home):
    content = bytearray(content_of(home))
    content[4321] ^= 1
    damage(home, bytes(content))
    with pytest.raises(DatasetUnavailable, match=f"file {LABELS}: wrong checksum"):
        MNIST(str(home)).load()


def test_a_file_of_another_kind_is_told_by_its_magic_number(home):
    damage(home, b"\0\0\x08\x03" + content_of(home)[4:])
    with pytest.raises(DatasetUnavailable, match="expected the magic number 2049, got 2051"):
        MNIST(str(home)).load()


@pytest.fixture
def fashion(tmp_path, data_dir) -> Path:
    """Return a data_dir in which the files of Fashion-MNIST lie where those of MNIST belong."""
    if not (data_dir / "FashionMNIST").is_dir():
        pytest.skip(f"no FashionMNIST in {data_dir}")
    folder = raw_folder(str(tmp_path / "mistaken"))
    folder.mkdir(parents=True)
    for name in SHAPES:
        shutil.copy(data_dir / "FashionMNIST" / "raw" / name, folder / name)
    return tmp_path / "mistaken"


def test_files_of_fashion_mnist_are_named_and_so_is_what_reads_them(fashion):
    with pytest.raises(DatasetUnavailable) as caught:
        MNIST(str(fashion)).load()
    assert caught.value.what == "MNIST cannot be read: " + "; ".join(
        f"file {name} is that of FashionMNIST" for name in SHAPES
    )
    assert "damaged" not in str(caught.value)
    right = fashion / "FashionMNIST" / "raw"
    assert str(right) in caught.value.remedy
    assert caught.value.remedy.endswith("dataset=torchvision dataset.name=FashionMNIST")
    right.parent.mkdir()
    raw_folder(str(fashion)).rename(right)  # as the remedy says
    assert Torchvision("FashionMNIST", str(fashion)).load().n == 60_000


@pytest.mark.parametrize("given", ["raw", "."])
@pytest.mark.parametrize(
    ("name", "also"),
    [("MNIST", ""), ("FashionMNIST", " and dataset=torchvision dataset.name=FashionMNIST")],
)
def test_the_folder_of_the_files_themselves_is_answered_with_the_one_to_say(data_dir, name, also, given):
    folder = data_dir / name / given
    if not folder.is_dir():
        pytest.skip(f"no {name} in {data_dir}")
    with pytest.raises(DatasetUnavailable) as caught:
        MNIST(str(folder)).load()
    assert caught.value.what == (
        f"data_dir must be the folder above {name}/raw, got that of the files of {name} themselves"
    )
    assert caught.value.where == f"data_dir={folder}"
    assert caught.value.remedy == f"say data_dir={data_dir.resolve()}{also}"


def test_files_in_a_folder_of_another_name_are_to_be_moved(home, tmp_path):
    other = raw_folder(str(home)).rename(tmp_path / "digits")
    with pytest.raises(DatasetUnavailable, match="got that of the files of MNIST themselves") as caught:
        MNIST(str(other)).load()
    assert caught.value.remedy == f"move them to {raw_folder(str(other))}"
    raw_folder(str(other)).mkdir(parents=True)  # as the remedy says
    for name in SHAPES:
        (other / name).rename(raw_folder(str(other)) / name)
    assert MNIST(str(other)).load().n == 60_000


def test_files_of_another_set_are_not_overwritten_by_a_fetch(fashion):
    with pytest.raises(DatasetUnavailable, match=f"file {LABELS} is that of FashionMNIST"):
        fetch(str(fashion))
    assert len(find_faults(raw_folder(str(fashion)))) == 4


def test_a_folder_in_place_of_a_file_is_reported(home):
    path = raw_folder(str(home)) / LABELS
    path.unlink()
    path.mkdir()
    with pytest.raises(DatasetUnavailable, match=f"file {LABELS}: "):
        MNIST(str(home)).load()


def test_offline_fetching_fails_at_once_and_leaves_nothing(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    started = time.monotonic()
    with pytest.raises(DatasetUnavailable, match=r"no mirror can be reached .*refused.*make data"):
        fetch(str(tmp_path / "new"))
    assert time.monotonic() - started < 5
    assert list(tmp_path.iterdir()) == []


def test_the_mirrors_are_those_of_torchvision():
    assert list(mnist.MIRRORS) == torchvision.datasets.MNIST.mirrors


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def packed(tmp_path_factory, data_dir) -> Path:
    """Return a folder with the four files as a mirror keeps them."""
    folder = tmp_path_factory.mktemp("mirror")
    for name in SHAPES:
        content = (raw_folder(str(data_dir)) / name).read_bytes()
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, compresslevel=1))
    return folder


@pytest.fixture
def mirror(packed, tmp_path, monkeypatch) -> Path:
    """Serve a copy of the packed files in place of the real mirrors; torchvision expects what it holds."""
    folder = tmp_path / "mirror"
    shutil.copytree(packed, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setattr(mnist, "MIRRORS", [address])
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
        expect_what_it_holds(folder, monkeypatch)
        yield folder
        server.shutdown()


def expect_what_it_holds(folder: Path, monkeypatch) -> None:
    sums = [(f"{name}.gz", hashlib.md5((folder / f"{name}.gz").read_bytes()).hexdigest()) for name in SHAPES]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", sums)


def test_fetched_files_are_sound_and_nothing_else_is_left(mirror, tmp_path):
    home = tmp_path / "data"
    fetch(str(home))
    assert find_faults(raw_folder(str(home))) == []
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == sorted(SHAPES)
    shutil.rmtree(mirror)
    fetch(str(home))  # sound files are not fetched again


def test_fetching_mends_a_damaged_file(mirror, home):
    damage(home, b"")
    fetch(str(home))
    assert find_faults(raw_folder(str(home))) == []


def test_a_mirror_that_breaks_half_way_leaves_nothing(mirror, tmp_path):
    packed = mirror / "t10k-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:1000])
    with pytest.raises(DatasetUnavailable, match="MNIST cannot be fetched"):
        fetch(str(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_a_mirror_with_other_bytes_is_not_believed(mirror, tmp_path, monkeypatch):
    packed = mirror / f"{LABELS}.gz"
    content = bytearray(gzip.decompress(packed.read_bytes()))
    content[-1] ^= 1
    packed.write_bytes(gzip.compress(bytes(content)))
    expect_what_it_holds(mirror, monkeypatch)
    with pytest.raises(DatasetUnavailable, match="wrong checksum"):
        fetch(str(tmp_path / "data"))
    assert not (tmp_path / "data").exists()
