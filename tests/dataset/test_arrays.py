import sys
import zipfile

import numpy as np
import pytest

from winnow.dataset import _array_files
from winnow.dataset.arrays import Arrays
from winnow.errors import DatasetUnavailable

Y = np.array([0, 1] * 5)


def example(folder):
    np.savez(folder / "rows.npz", x=np.arange(20, dtype=np.float32).reshape(10, 2), y=Y)
    return {"file": str(folder / "rows.npz")}


@pytest.fixture
def source(tmp_path):
    """Save arrays to one .npz and describe it."""

    def describe(settings=None, **arrays):
        np.savez(tmp_path / "mine.npz", **arrays)
        return Arrays(str(tmp_path / "mine.npz"), **(settings or {}))

    return describe


def refused(source, words):
    with pytest.raises(DatasetUnavailable, match=words) as fault:
        source.load()
    assert "\n" not in str(fault.value)


def test_rows_of_features_keep_their_values(source, capsys):
    x = np.arange(20).reshape(10, 2) * 0.5
    dataset = source(x=x, y=Y).load()
    assert (dataset.name, dataset.classes, dataset.x.dtype) == ("mine", ("0", "1"), np.float32)
    # Two of ten rows, one of each class, are drawn; where each was found is known.
    assert (len(dataset.x), len(dataset.x_test)) == (8, 2)
    for rows, labels, origins in (
        (dataset.x, dataset.y, dataset.origins),
        (dataset.x_test, dataset.y_test, dataset.test_origins),
    ):
        places = [int(origin.removeprefix("row ")) for origin in origins]
        np.testing.assert_array_equal(rows, x[places])
        np.testing.assert_array_equal(labels, Y[places])
    assert "2 of them drawn for the test" in capsys.readouterr().err


def test_given_test_arrays_are_the_test_set(source):
    dataset = source(x=np.eye(2), y=[3, 7], x_test=[[5.0, 6.0]], y_test=[7]).load()
    assert dataset.classes == ("3", "7")
    assert (dataset.x.tolist(), dataset.y.tolist()) == ([[1, 0], [0, 1]], [0, 1])
    assert (dataset.x_test.tolist(), dataset.y_test.tolist(), dataset.origins) == ([[5, 6]], [1], None)


def test_the_names_that_keras_gives_are_known(source):
    given = {"x_train": np.eye(2), "y_train": [0, 1], "x_test": np.eye(2), "y_test": [0, 1]}
    assert source(**given).load().n == 2


PIXELS = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)


@pytest.mark.parametrize(
    ("x", "layout", "wanted"),
    [
        (PIXELS, None, PIXELS.transpose(0, 3, 1, 2)),
        (PIXELS.transpose(0, 3, 1, 2), None, PIXELS.transpose(0, 3, 1, 2)),
        (PIXELS[..., 0], None, PIXELS[:, None, :, :, 0]),
        (PIXELS[:, :3], "nhwc", PIXELS[:, :3].transpose(0, 3, 1, 2)),
        (PIXELS[:, :3], "nchw", PIXELS[:, :3]),
    ],
)
def test_images_become_channels_then_rows(source, x, layout, wanted):
    dataset = source({"layout": layout}, x=x, y=[0, 1], x_test=x, y_test=[0, 1]).load()
    assert dataset.x.dtype == np.uint8
    np.testing.assert_array_equal(dataset.x, wanted)


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (np.array([0, 7, 255], np.int64), [0, 7, 255]),
        (np.array([0, 7, 255], np.float32), [0, 7, 255]),
        (np.array([0, 7, 255], np.uint8) / np.float32(255), [0, 7, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
    ],
)
def test_pixels_that_are_bytes_in_another_type_keep_their_values(source, x, wanted):
    x = np.stack([x, x]).reshape(2, 1, 3)
    dataset = source(x=x, y=[0, 1], x_test=x, y_test=[0, 1]).load()
    assert dataset.x[0].ravel().tolist() == wanted


@pytest.mark.parametrize("value", [-1.0, 256.0, 3.5, np.nan, np.inf, 65535.0])
def test_pixels_that_are_no_bytes_are_refused_with_their_row(source, value):
    x = np.full((2, 2, 2), 9.0)
    x[1, 0, 1] = value
    refused(source(x=x, y=[0, 1]), f"8 bits.* got {value:g} in row 1 of x")


@pytest.mark.parametrize(
    ("y", "classes", "labels"),
    [
        (["b", "a "], ("a", "b"), [1, 0]),
        ([b"b", b"a"], ("a", "b"), [1, 0]),
        ([10, 9], ("9", "10"), [1, 0]),
        ([1.0, 0.0], ("0", "1"), [1, 0]),
        ([True, False], ("False", "True"), [1, 0]),
        ([[5], [4]], ("4", "5"), [1, 0]),
    ],
)
def test_labels_are_whole_numbers_or_text(source, y, classes, labels):
    dataset = source(x=np.eye(2), y=np.array(y), x_test=np.eye(2), y_test=np.array(y)).load()
    assert (dataset.classes, dataset.y.tolist(), dataset.y_test.tolist()) == (classes, labels, labels)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": PIXELS[:, :3], "y": [0, 1]}, r"shape \(2, 3, 5, 3\), which is nhwc or nchw.*layout=nhwc"),
        ({"x": np.zeros((2, 4, 5, 4)), "y": [0, 1]}, r"got the shape \(2, 4, 5, 4\)"),
        ({"x": np.zeros(3), "y": [0, 1, 1]}, r"got the shape \(3,\)"),
        ({"x": np.eye(3), "y": [0, 1]}, r"one label for each of 3 rows, got the shape \(2,\) of y"),
        ({"x": np.eye(2), "y": np.eye(2)}, r"got the shape \(2, 2\) of y.*argmax"),
        ({"x": np.eye(3), "y": [0, 0, 1]}, "at least 2 rows of every class, got 1 of 1"),
        ({"x": np.eye(2), "y": [0.5, 1]}, "not numbers to be predicted, got 0.5"),
        ({"x": np.eye(2), "y": [np.nan, 1]}, "label in every row, got nan in row 0 of y"),
        ({"x": np.eye(2), "y": ["a", " "]}, "got an empty one in row 1 of y"),
        ({"x": np.eye(2), "y": ["cat", "Cat"]}, "one way, got 'Cat' and 'cat'"),
        ({"x": np.eye(2), "y": [1j, 2j]}, "whole numbers or text for labels"),
        ({"x": np.array([["a"], ["b"]]), "y": [0, 1]}, "hold numbers in x"),
        ({"x": np.zeros((0, 2)), "y": []}, "at least one row in x"),
        (
            {"x": [[1.0], [1e300]], "y": [0, 1]},
            r"at most 3.4e\+38 .*got 1e\+300 in row 1, column 0",
        ),
        ({"x": np.eye(2)}, "hold the arrays x and y, got x"),
        ({"x": np.eye(2), "labels": [0, 1]}, "hold the arrays x and y, got x, labels"),
        ({"x": np.eye(2), "x_train": np.eye(2), "y": [0, 1]}, "under one name, got x and x_train"),
        (
            {"x": np.zeros((2, 0)), "y": [0, 1]},
            r"value in every row of x, got the shape \(2, 0\)",
        ),
        ({"x": np.eye(2), "y": [b"caf\xe9", b"caf\xe8"]}, r"text in UTF-8, got the bytes b'caf\\xe.' in y"),
        ({"images": np.eye(2)}, "hold the arrays x and y, got images"),
        ({"x": np.eye(2), "y": [0, 1], "x_test": np.eye(2)}, "neither, got x_test without y_test"),
        (
            {"x": np.eye(2), "y": [0, 1], "x_test": np.eye(2), "y_test": [0, 2]},
            "test labels that occur in training, got 2",
        ),
        (
            {"x": np.eye(2), "y": [0, 1], "x_test": PIXELS, "y_test": [0, 1]},
            "have the axes nd, got the shape",
        ),
    ],
)
def test_a_fault_is_named(source, arrays, words):
    refused(source(**arrays), words)


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_numbers_that_float32_cannot_tell_apart_are_refused_with_their_column(source, kind):
    x = np.stack([np.arange(10), 1_700_000_000 + np.arange(10), np.full(10, 1_700_000_000)], axis=1).astype(
        kind
    )
    words = "got 1 columns of x .* the first of them 1, from 1700000000 to 1700000009 .* subtract the mean"
    refused(source(x=x, y=Y), words)
    source(x=x - x.mean(axis=0), y=Y).load()
    source(x=x[:, [0, 2]], y=Y).load()  # a constant tells nothing apart anyway


def test_noise_of_rounding_is_no_difference(source):
    x = np.stack([np.arange(10.0), 1 + 1e-16 * np.arange(10)], axis=1)
    assert source(x=x, y=Y).load().n == 8


def test_arrays_of_other_names_are_said_to_be_left_out(source, capsys):
    source(x=np.eye(10), y=Y, x_val=np.eye(10), y_val=Y).load()
    assert "mine.npz: left out: x_val, y_val\n" in capsys.readouterr().err


def test_a_pair_of_npy_files_is_mapped_not_loaded(tmp_path):
    x = np.arange(2 * 4 * 5, dtype=np.uint8).reshape(2, 4, 5)
    names = {name: str(tmp_path / f"{name}.npy") for name in ("x", "y")}
    np.save(names["x"], x)
    np.save(names["y"], [1, 0])
    dataset = Arrays(names["x"], names["y"], names["x"], names["y"]).load()
    assert isinstance(dataset.x.mapped, np.memmap)
    np.testing.assert_array_equal(dataset.x[:][:, 0], x)
    assert dataset.y_test.tolist() == [1, 0]


def test_rows_without_labels_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    refused(Arrays(str(tmp_path / "x.npy")), "come with labels, got none.*dataset.labels")


def test_python_objects_are_never_loaded(source, tmp_path):
    refused(source(x=np.eye(2), y=np.array(["a", None], dtype=object)), "Python objects, which could run")
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object))
    refused(Arrays(str(tmp_path / "x.npy"), str(tmp_path / "x.npy")), "Python objects, which could run")


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_a_damaged_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"damaged")
    refused(
        Arrays(str(tmp_path / name), labels=str(tmp_path / name) if name == "x.npy" else None), "readable"
    )


def test_a_truncated_file_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((100, 10)))
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(content[: len(content) // 2])
    refused(Arrays(str(tmp_path / "x.npy"), str(tmp_path / "x.npy")), "readable")


def test_only_regular_files_are_read(tmp_path):
    for path, words in ((tmp_path, "a folder"), ("/dev/zero", "a device"), (tmp_path / "no.npz", "No such")):
        refused(Arrays(str(path)), f"readable, got .*{words}")


def test_an_archive_that_unpacks_to_more_than_the_limit_is_not_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(_array_files, "MAX_LOADED_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(20_000))
    refused(Arrays(str(tmp_path / "x.npz")), "19.5 KiB of arrays")


def test_safetensors_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    (tmp_path / "x.safetensors").write_bytes(b"")
    refused(Arrays(str(tmp_path / "x.safetensors")), "not installed.*pip install safetensors")


def test_safetensors_are_read_where_the_library_is_installed(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    library.save_file({"x": np.eye(4), "y": np.array([0, 1, 0, 1])}, tmp_path / "x.safetensors")
    assert Arrays(str(tmp_path / "x.safetensors")).load().n == 2
