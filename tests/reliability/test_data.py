"""Rows 13 to 29: data that cannot be right are refused when they are read; odd data that can be are used."""

import csv
import hashlib
import json
import socket
import time

import numpy as np
import pytest
from PIL import Image

from winnow.augment.none import Unchanged
from winnow.clusterer.faiss import Faiss
from winnow.clusterer.kmeans import Kmeans
from winnow.dataset import mnist
from winnow.dataset.arrays import Arrays
from winnow.dataset.image_folder import ImageFolder
from winnow.dataset.mnist import MNIST, fetch, find_faults
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.model.lenet5_batchnorm import LeNet5BatchNorm
from winnow.model.mlp import MLP
from winnow.selector.uniform import Uniform
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset, Subset

LABELS = "t10k-labels-idx1-ubyte"


def refused_connection(*_, **__):
    raise ConnectionRefusedError(111, "Connection refused")


def dropped_connection(*_, **__):
    raise TimeoutError("timed out")


def unknown_name(*_, **__):
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize("fault", [refused_connection, dropped_connection, unknown_name])
def test_13_missing_files_without_a_network_fail_at_once_and_leave_nothing(tmp_path, monkeypatch, fault):
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, fault)
    home, started = tmp_path / "data", time.monotonic()
    with pytest.raises(DatasetUnavailable) as caught:
        MNIST(str(home)).load()
    assert str(home) in str(caught.value)
    assert "make data" in str(caught.value)
    with pytest.raises(DatasetUnavailable, match="no mirror can be reached"):
        fetch(str(home))
    assert time.monotonic() - started < 5
    assert not home.exists()


@pytest.fixture
def labels(tmp_path, monkeypatch):
    """The file of the test labels, of which a person has only ten; the others are not looked at."""
    content = bytes([0, 0, 8, 1, 0, 0, 0, 10]) + bytes(range(10))
    monkeypatch.setattr(mnist, "SHAPES", {LABELS: (10,)})
    monkeypatch.setattr(mnist, "CHECKSUMS", {LABELS: hashlib.sha256(content).hexdigest()})
    path = tmp_path / LABELS
    path.write_bytes(content)
    assert find_faults(tmp_path) == []
    return path


def test_14_a_truncated_file_is_named_with_both_sizes(labels):
    labels.write_bytes(labels.read_bytes()[:12])
    assert find_faults(labels.parent) == [f"file {LABELS}: expected 18 bytes, got 12"]


@pytest.mark.parametrize("at", range(8, 18))
def test_15_a_flipped_bit_fails_the_checksum(labels, at):
    content = bytearray(labels.read_bytes())
    content[at] ^= 1
    labels.write_bytes(content)
    (fault,) = find_faults(labels.parent)
    assert "checksum" in fault


def test_16_a_file_of_another_kind_is_told_in_clear_text(labels):
    content = bytearray(labels.read_bytes())
    content[3] = 3
    labels.write_bytes(content)
    (fault,) = find_faults(labels.parent)
    assert LABELS in fault
    assert "magic" in fault


def images(n: int, y: np.ndarray, classes: int = 3) -> Dataset:
    """Return n images with labels, which are their own test set."""
    x = np.random.default_rng(0).integers(0, 255, (n, 1, 28, 28)).astype(np.uint8)
    return Dataset("toy", x, y, x, y, tuple(map(str, range(classes))))


def test_17_labels_that_do_not_fit_the_images_are_refused(tmp_path):
    np.savez(tmp_path / "pairs.npz", x=np.zeros((20, 8, 8), np.uint8), y=np.arange(12) % 3)
    with pytest.raises((InvalidValue, DatasetUnavailable), match=r"20.*12|12.*20"):
        Arrays(str(tmp_path / "pairs.npz")).load()
    with pytest.raises(InvalidValue, match=r"labels must lie in \[0, 2\], got 77"):
        images(3, np.array([0, 1, 77]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_18_values_that_are_not_finite_are_counted_and_located(value):
    X = np.zeros((10, 3), np.float32)
    X[4, 1] = X[6, 2] = value
    said = "Input X contains NaN or infinity: 2 values.*, the first in row 4"
    with pytest.raises(InvalidValue, match=said):
        Dataset("toy", X, np.zeros(10, int), np.zeros((1, 3), np.float32), np.zeros(1, int), ("a",))
    for clusterer in (Kmeans(k=2), Faiss(k=2)):
        with pytest.raises(InvalidValue, match=said):
            clusterer.fit(X, seed=0)


@pytest.mark.parametrize("selector", ["uniform", "nearest", "kcenter"])
def test_19_features_whose_squares_overflow_are_refused_whoever_chooses(command, tmp_path, selector):
    X = np.zeros((30, 2), np.float32)
    X[7, 0] = 3e38
    np.savez(tmp_path / "huge.npz", x=X, y=np.arange(30) % 3, x_test=X[:3] * 0, y_test=np.arange(3))
    words = ("dataset=arrays", f"dataset.file='{tmp_path / 'huge.npz'}'", "embedding=identity", "k=3")
    ended = command.run(*words, f"selector={selector}")
    assert (ended.code, ended.statuses) == (1, ["failed"])
    assert "must lie in [-1e+15, 1e+15], got 3e+38 in row 7" in ended.said


@pytest.mark.parametrize("clusterer", [Kmeans(k=2), Faiss(k=2)], ids=["kmeans", "faiss"])
def test_19_no_library_sees_values_on_which_it_would_abort(clusterer):
    with pytest.raises(InvalidValue, match="must lie in"):
        clusterer.fit(np.full((10, 3), 3e38, np.float32), seed=0)


@pytest.mark.parametrize("clusterer", [Kmeans(k=2), Faiss(k=2)], ids=["kmeans", "faiss"])
def test_20_rows_without_features_are_refused(clusterer):
    with pytest.raises(InvalidValue, match="at least one row and one column"):
        clusterer.fit(np.zeros((10, 0), np.float32), seed=0)


def kept_rows(command) -> list[int]:
    """The rows that the only method of the only command kept in its first repetition."""
    (path,) = [
        path
        for path in command.state.glob("runs/*/kept/*/kept.csv")
        if "Uniform" not in json.loads(path.with_suffix(".json").read_text())["selector"]
    ]
    return [int(row["index"]) for row in csv.DictReader(path.read_text().splitlines())]


def few_points(tmp_path, distinct: int) -> tuple[str, ...]:
    """Write 50 rows of so many distinct points; return the words that choose them."""
    X = np.float32(np.arange(50) % distinct)[:, None] * np.ones((1, 4), np.float32)
    y = np.arange(50) % 2
    np.savez(tmp_path / "few.npz", x=X, y=y, x_test=X, y_test=y)
    return "dataset=arrays", f"dataset.file='{tmp_path / 'few.npz'}'", "k=10", "selector=nearest"


@pytest.mark.parametrize("embedding", ["identity", "pca"])
def test_21_constant_data_give_one_warning_and_a_valid_subset(tracked, tmp_path, embedding):
    components = ("embedding.components=2",) if embedding == "pca" else ()
    ended = tracked.done(*few_points(tmp_path, distinct=1), f"embedding={embedding}", *components)
    about_clusters = [said for said in ended.warned if "distinct rows" in said]
    assert len(about_clusters) == 1
    assert len(set(kept_rows(tracked))) == 10


def test_22_fewer_distinct_points_than_clusters_give_one_warning_and_a_valid_subset(tracked, tmp_path):
    ended = tracked.done(*few_points(tmp_path, distinct=3), "embedding=identity")
    assert ended.warned == ["k=10 clusters for 3 distinct rows: 7 clusters stay empty"]
    assert len(set(kept_rows(tracked))) == 10


def test_23_a_single_class_is_used_with_a_warning_and_counted(command, table):
    ended = command.done(*table(labels="x"), "selector=uniform")
    assert ended.warned == ["all training rows are of one class: there is nothing to tell apart"]
    assert ended.rows[0].rows_of_class == [[5]]


def learn(model, n: int, kept: int, batch_size: int) -> np.ndarray:
    """Train on the first rows of n images; return the loss of every step."""
    dataset = images(n, np.arange(n) % 3)
    trainer = Lightning(steps=6, batch_size=batch_size)
    subset = Subset.of(np.arange(kept))
    return trainer.train(dataset, subset, model, Unchanged(), Streams(0, 0)).losses


def test_24_an_empty_subset_is_refused():
    with pytest.raises(InvalidValue, match="must hold at least one row, got 0"):
        learn(MLP(), n=6, kept=0, batch_size=2)


def test_24_a_budget_of_no_rows_is_refused(command):
    assert "budget must be greater than or equal to 1, got 0" in command.refusal("budget=0")


def test_24_the_run_of_a_selector_that_keeps_nothing_is_failed(tracked, monkeypatch):
    monkeypatch.setattr(Uniform, "select", lambda *_, **__: Subset.of(np.empty(0, int)))
    ended = tracked.run("selector=uniform")
    assert (ended.code, ended.statuses) == (1, ["failed"])
    assert "must keep exactly 20 of 1438 rows, got 0" in ended.said
    assert [run["status"] for run in tracked.runs()] == ["FAILED"]


def test_25_fewer_rows_than_a_batch_are_trained_on_for_all_steps():
    losses = learn(MLP(), n=6, kept=3, batch_size=8)
    assert len(losses) == 6
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("kept", [1, 9, 17])
def test_26_batch_normalisation_copes_with_one_row_more_than_whole_batches(kept):
    losses = learn(LeNet5BatchNorm(), n=18, kept=kept, batch_size=8)
    assert np.isfinite(losses).all()


def test_27_string_labels_are_mapped_in_order_and_logged_with_the_kept_rows(command, table):
    names = ["zebra", "ape", "ox"]
    assert command.done(*table(labels=names), "selector=uniform", "k=6").statuses == ["ok"]
    (about,) = command.state.glob("runs/*/kept/*/kept.json")
    counts = json.loads(about.read_text())["rows_of_class"]
    assert list(counts) == ["ape", "ox", "zebra"]
    assert sum(counts.values()) == 6


@pytest.fixture
def photos(tmp_path):
    """A folder of two classes of four small images."""
    for name in ("ape", "ox"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(4):
            picture = Image.fromarray(np.full((8, 8), 20 * number, np.uint8))
            picture.save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def test_28_all_broken_images_are_listed_at_once(photos):
    for name in ("ape/0.png", "ox/3.png"):
        (photos / name).write_bytes((photos / name).read_bytes()[:40])
    with pytest.raises(DatasetUnavailable) as caught:
        ImageFolder(str(photos)).load()
    assert "ape/0.png" in str(caught.value)
    assert "ox/3.png" in str(caught.value)


def test_28_a_class_without_images_is_named(photos):
    (photos / "yak").mkdir()
    with pytest.raises((InvalidValue, DatasetUnavailable), match="yak"):
        ImageFolder(str(photos)).load()


BOMB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1_200_000_000, 1_200_000_000))
from winnow.dataset.image_folder import ImageFolder
try:
    ImageFolder(sys.argv[1]).load()
except Exception as fault:
    print(type(fault).__name__, fault)
"""


def test_29_an_image_bomb_is_refused_by_its_header(photos, python):
    Image.new("1", (9500, 9500)).save(photos / "ape" / "bomb.png")
    assert (photos / "ape" / "bomb.png").stat().st_size < 20_000
    process = python("-c", BOMB, photos, env={"OPENBLAS_NUM_THREADS": "1"})
    said, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "bomb.png" in said
    assert not said.startswith("MemoryError")


def test_28_images_that_cannot_be_read_are_looked_at_and_told_of_once_in_a_command(command, capfd):
    for name in ("cat", "dog"):
        folder = command.folder / "photos" / name
        folder.mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (24, 24), (number, 0, 200)).save(folder / f"{number}.png")
    for number in range(30):
        (command.folder / "photos" / "cat" / f"pointer{number}.jpg").write_text("version https://git-lfs\n")
    ended = command.run(
        "dataset=image_folder", f"dataset.folder='{command.folder / 'photos'}'", "model=convnet", "k=4,5,6"
    )
    said = capfd.readouterr()
    assert ended.statuses == ["failed"] * 3
    assert len({row.reason for row in ended.rows}) == 1
    assert said.err.count("photos: 38 images") == 1
    assert said.err.count("30 of 38 images cannot be read") == 1
    assert said.err.count("for the same reason") == 2
    assert said.out.count("30 of 38 images cannot be read") == 1
