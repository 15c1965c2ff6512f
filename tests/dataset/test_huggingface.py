"""Parquet files of images, written here as the Hugging Face hub keeps them."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow.parquet import write_table

from winnow.dataset.huggingface import HuggingFace
from winnow.dataset.image_folder import ImageFolder
from winnow.errors import DatasetUnavailable


def png(value, size=(8, 8)):
    stream = io.BytesIO()
    Image.new("RGB", size, (value, value, value)).save(stream, "PNG")
    return stream.getvalue()


def write(path, values, labels, *, names=(), image="image", label="label", cells=None):
    """One row for each value: an image of that grey level, in the structure of the library `datasets`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = cells or [{"bytes": png(value), "path": f"{value}.png"} for value in values]
    table = pa.table({image: cells, label: labels})
    if names:
        features = {label: {"names": list(names), "_type": "ClassLabel"}, image: {"_type": "Image"}}
        about = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": about})
    write_table(table, path)


def example(folder):
    write(
        folder / "data" / "train-00000-of-00001.parquet", [10, 110, 11, 111], [0, 1, 0, 1], names=("a", "b")
    )
    write(folder / "data" / "test-00000-of-00001.parquet", [20, 120], [0, 1], names=("a", "b"))
    return {"path": str(folder / "data"), "cache_dir": str(folder / "cache")}


def grey(x):
    return x[:, 0, 0, 0].tolist()


def refusal(source):
    with pytest.raises(DatasetUnavailable) as fault:
        source.load()
    assert "\n" not in str(fault.value)
    return str(fault.value)


def test_splits_classes_and_rows_are_those_of_the_files(tmp_path, capsys):
    dataset = HuggingFace(**example(tmp_path)).load()
    assert (dataset.name, dataset.classes) == ("data", ("a", "b"))
    assert (grey(dataset.x), dataset.y.tolist()) == ([10, 110, 11, 111], [0, 1, 0, 1])
    assert (grey(dataset.x_test), dataset.y_test.tolist()) == ([20, 120], [0, 1])
    assert dataset.x.shape == (4, 3, 8, 8)
    assert dataset.test_origins[0] == "row 1 of test-00000-of-00001.parquet"
    assert capsys.readouterr().err == (
        "data: 4 images for training (train) and 2 for testing (test) of 2 classes; read as 8 x 8, RGB\n"
    )


def test_the_files_of_a_split_follow_each_other(tmp_path):
    for number, value in enumerate((10, 110)):
        write(tmp_path / "d" / f"train-{number}.parquet", [value, value + 1], [number, number])
    write(tmp_path / "d" / "test-0.parquet", [20, 120], [0, 1])
    dataset = HuggingFace(str(tmp_path / "d")).load()
    assert (grey(dataset.x), dataset.y.tolist()) == ([10, 11, 110, 111], [0, 0, 1, 1])
    assert dataset.origins[2] == "row 1 of train-1.parquet"


@pytest.mark.parametrize("cached", [True, False])
def test_of_a_single_file_a_share_of_every_class_is_set_aside(cached, tmp_path, capsys):
    values = [label * 100 + at for at in range(10) for label in (0, 1)]
    write(tmp_path / "flowers.parquet", values, ["rose", "aster"] * 10)
    cache_dir = str(tmp_path / "cache") if cached else None
    dataset = HuggingFace(str(tmp_path / "flowers.parquet"), test_fraction=0.3, cache_dir=cache_dir).load()
    assert dataset.classes == ("aster", "rose")
    assert (np.bincount(dataset.y).tolist(), np.bincount(dataset.y_test).tolist()) == ([7, 7], [3, 3])
    assert sorted(grey(dataset.x) + grey(dataset.x_test)) == sorted(values)
    for x, y in ((dataset.x, dataset.y), (dataset.x_test, dataset.y_test)):
        np.testing.assert_array_equal(x[:, 0, 0, 0] >= 100, y == 0)
    assert "14 images for training (flowers) and 6 for testing (drawn from it)" in capsys.readouterr().err


def test_bytes_alone_and_paths_of_files_are_images_too(tmp_path):
    (tmp_path / "1.png").write_bytes(png(7))
    cells = [{"bytes": None, "path": "1.png"}, {"bytes": png(107), "path": None}]
    write(tmp_path / "train.parquet", [], [0, 1], cells=cells)
    write(tmp_path / "test.parquet", [], [0, 1], cells=[png(8), png(108)])
    dataset = HuggingFace(str(tmp_path)).load()
    assert (grey(dataset.x), grey(dataset.x_test)) == ([7, 107], [8, 108])


def test_images_are_brought_to_one_size_as_those_of_a_folder_are(tmp_path, rng):
    cells, labels = [], []
    for label in (0, 1):
        for number, size in enumerate([(30, 20), (20, 30), (25, 25)]):
            path = tmp_path / "folder" / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
            cells.append(path.read_bytes())
            labels.append(label)
    write(tmp_path / "all.parquet", [], labels, cells=cells)
    ours = HuggingFace(str(tmp_path / "all.parquet"), test_fraction=0.34).load()
    theirs = ImageFolder(str(tmp_path / "folder"), test_fraction=0.34).load()
    assert ours.x.shape == (4, 3, 20, 20)
    for part in ("x", "y", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_columns_and_splits_can_have_other_names(tmp_path):
    for split, value in (("fit", 1), ("validation", 2)):
        write(tmp_path / split / "0.parquet", [value, value], [3, 10], image="img", label="kind")
    dataset = HuggingFace(
        str(tmp_path), image="img", label="kind", train_split="fit", test_split="validation"
    ).load()
    assert (grey(dataset.x), grey(dataset.x_test), dataset.classes) == ([1, 1], [2, 2], ("3", "10"))


def test_decoded_images_are_taken_from_the_cache_until_the_file_changes(tmp_path, monkeypatch):
    source = HuggingFace(**example(tmp_path))
    first = source.load()
    with monkeypatch.context() as context:
        context.setattr("winnow.dataset.images._pixels.read_pixels", None)  # whatever is decoded now fails
        again = source.load()
    assert again.checksum == first.checksum
    assert isinstance(again.x, np.memmap)
    write(tmp_path / "data" / "train-00000-of-00001.parquet", [30, 130], [0, 1], names=("a", "b"))
    assert grey(source.load().x) == [30, 130]


def test_an_image_folder_and_a_cache_of_another_size_are_kept_apart(tmp_path):
    settings = example(tmp_path)
    assert HuggingFace(**settings, size=4).load().x.shape == (4, 3, 4, 4)
    assert HuggingFace(**settings, size=5, channels=1).load().x.shape == (4, 1, 5, 5)


def test_all_broken_images_are_named_by_their_rows(tmp_path):
    cells = [png(1), b"no image", None, png(2)]
    write(tmp_path / "train.parquet", [], [0, 1, 0, 1], cells=cells)
    message = refusal(HuggingFace(str(tmp_path)))
    assert message.startswith(
        "2 of 4 images cannot be read: row 2 of train.parquet (damaged, no image, or of a kind that is not "
        "read), row 3 of train.parquet (an empty cell) | "
    )


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        (
            [0, None, 0, None],
            (),
            "have a label in every row, got none in row 2 of t.parquet, row 4 of t.parquet",
        ),
        (
            [0, 1, -1, 1],
            ("a", "b"),
            "lie in [0, 1], for which there are names, got others in row 3 of t.parquet",
        ),
        ([0.5, 1.0, 0.5, 1.0], (), "be text or whole numbers, got float"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, names, words, tmp_path):
    write(tmp_path / "t.parquet", [1, 2, 3, 4], labels, names=names)
    assert f"labels must {words}" in refusal(HuggingFace(str(tmp_path / "t.parquet")))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["cat", "Cat", "cat", "Cat"], "labels must be spelled in one way, got 'Cat' and 'cat'"),
        (["cat", " ", "cat", "dog"], "label in every row, got an empty one in row 2 of t.parquet"),
    ],
)
def test_text_that_is_no_class_of_its_own_is_refused(labels, words, tmp_path):
    write(tmp_path / "t.parquet", [1, 2, 3, 4], labels)
    assert words in refusal(HuggingFace(str(tmp_path / "t.parquet")))


def test_blanks_around_labels_make_no_difference(tmp_path):
    write(tmp_path / "t.parquet", [1, 2, 3, 4], ["cat", "dog ", "cat ", "dog"])
    assert HuggingFace(str(tmp_path / "t.parquet"), test_fraction=0.5).load().classes == ("cat", "dog")


@pytest.mark.parametrize("other", ["test.parquet", "train-1.parquet"])
def test_numbers_that_stand_for_other_classes_in_another_file_are_refused(tmp_path, other):
    write(tmp_path / "train-0.parquet", [1, 2], [0, 1], names=("cat", "dog"))
    write(tmp_path / other, [3, 4], [0, 1], names=("dog", "cat"))
    assert "one order, got cat, dog and dog, cat | dataset.label |" in refusal(HuggingFace(str(tmp_path)))


def test_a_class_that_is_only_tested_on_is_refused(tmp_path):
    write(tmp_path / "train.parquet", [1, 2], ["cat", "dog"])
    write(tmp_path / "test.parquet", [3, 4], ["cat", "cow"])
    assert "test labels must occur in training, got cow" in refusal(HuggingFace(str(tmp_path)))


def test_several_data_sets_in_one_folder_are_not_made_one(tmp_path):
    for name in ("small", "large"):
        write(tmp_path / name / "train-0.parquet", [1, 2], ["cat", "dog"])
    message = refusal(HuggingFace(str(tmp_path)))
    assert "must lie in one folder, got those of train in large, small" in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image": "img"}, "image must be one of the columns image, label, got 'img' | "),
        ({"label": "kind"}, "label must be one of the columns image, label, got 'kind' | "),
        ({"test_split": "val"}, "test_split must be one of test, train, got 'val' | "),
        ({"train_split": "test", "test_split": "test"}, "test_split must be another split than train_split"),
    ],
)
def test_columns_and_splits_that_are_not_there_are_refused_with_those_that_are(settings, words, tmp_path):
    assert words in refusal(HuggingFace(**example(tmp_path) | settings))


@pytest.mark.parametrize("path", ["./none", "/none/at/all", "none.parquet"])
def test_a_path_to_nothing_is_not_looked_for_on_the_hub(path):
    assert refusal(HuggingFace(path)).startswith(
        "path must name a Parquet file or a folder of them, got none"
    )


def test_a_folder_without_parquet_is_refused(tmp_path):
    assert "got a folder without any" in refusal(HuggingFace(str(tmp_path)))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_table_of_text_is_sent_to_the_data_set_that_reads_it(name, tmp_path):
    path = tmp_path / name
    path.write_text("a,b\n1,2\n")
    said = f"a Parquet file .*, got a table of text .* type dataset=csv dataset.file={path}"
    with pytest.raises(DatasetUnavailable, match=said):
        HuggingFace(str(path)).load()


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and then nothing")
    assert "the table must be readable" in refusal(HuggingFace(str(tmp_path)))


def test_without_the_library_a_name_on_the_hub_says_what_to_install(monkeypatch):
    # A search path without any library: what is installed here must not matter.
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "datasets", raising=False)
    message = refusal(HuggingFace("uoft-cs/cifar10"))
    assert "dataset.path=uoft-cs/cifar10" in message
    assert "pip install winnow-subset[hf]" in message


class TestWithTheLibrary:
    @pytest.fixture
    def hub(self, tmp_path, monkeypatch):
        """A hub on which there is one data set, made by the library itself."""
        library = pytest.importorskip("datasets", reason="needs the extra hf")
        features = library.Features(
            {"img": library.Image(), "kind": library.ClassLabel(names=["a", "b", "unused"])}
        )
        for split, values in (("train", [10, 110]), ("test", [20, 120])):
            rows = {"img": [{"bytes": png(value), "path": None} for value in values], "kind": [0, 1]}
            library.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / split)
        known = {split: library.load_from_disk(tmp_path / split) for split in ("train", "test")}

        def load_dataset(path, name=None):
            if (path, name) != ("someone/letters", "small"):
                raise ConnectionError("no network\nhere")
            return library.DatasetDict(known)

        monkeypatch.setattr(library, "load_dataset", load_dataset)

    def test_a_name_on_the_hub_gives_images_labels_and_names_of_classes(self, hub, tmp_path):
        dataset = HuggingFace(
            "someone/letters", "img", "kind", subset="small", cache_dir=str(tmp_path / "cache")
        ).load()
        assert (grey(dataset.x), dataset.y.tolist(), grey(dataset.x_test)) == ([10, 110], [0, 1], [20, 120])
        assert (dataset.name, dataset.classes) == ("letters", ("a", "b"))

    def test_what_cannot_be_loaded_is_one_line(self, hub):
        assert "the data set cannot be loaded: no network here" in refusal(HuggingFace("someone/else"))


def test_files_larger_than_a_batch_keep_their_order(tmp_path):
    labels = [row % 2 for row in range(600)]  # more than are held at once
    write(tmp_path / "train.parquet", [row % 251 for row in range(600)], labels)
    write(tmp_path / "test.parquet", [1, 2], [0, 1])
    dataset = HuggingFace(str(tmp_path), size=2, cache_dir=str(tmp_path / "cache")).load()
    assert grey(dataset.x) == [row % 251 for row in range(600)]
    assert dataset.y.tolist() == labels
    assert Path(tmp_path / "cache").is_dir()
