"""Tables that list image files."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow.parquet import write_table

from winnow.dataset.csv import CSV
from winnow.dataset.image_folder import ImageFolder
from winnow.errors import DatasetUnavailable, InvalidValue


@pytest.fixture
def photographs(tmp_path):
    """Six images in two folders, whose names the table below does not follow."""
    rng = np.random.default_rng(0)
    paths = [f"{folder}/{number}.png" for folder in ("one", "two") for number in range(3)]
    for path in paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (9, 8, 3), dtype=np.uint8)).save(tmp_path / path)
    return paths


def table(folder, rows, header="path,label", **settings):
    (folder / "table.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return CSV(str(folder / "table.csv"), **({"label": "label", "test_fraction": 0.34} | settings))


def refusal(source):
    with pytest.raises((DatasetUnavailable, InvalidValue)) as fault:
        source.load()
    assert "\n" not in str(fault.value)
    return str(fault.value)


def test_the_rows_are_the_images_at_the_paths_with_the_labels_of_the_table(photographs, tmp_path, capsys):
    labels = ["cat", "dog", "cat", "dog", "cat", "dog"]
    source = table(tmp_path, [f"{path},{label}" for path, label in zip(photographs, labels, strict=True)])
    dataset = source.load()
    assert (dataset.name, dataset.classes, dataset.x.shape) == ("table", ("cat", "dog"), (4, 3, 8, 8))
    labelled = dict(zip(photographs, labels, strict=True))
    for origins, y in ((dataset.origins, dataset.y), (dataset.test_origins, dataset.y_test)):
        assert [dataset.classes[label] for label in y] == [labelled[path] for path in origins]
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("label label, 2 classes: cat 3, dog 3; images: path")
    assert second.startswith("table: 6 images read as 8 x 8, RGB")


@pytest.mark.parametrize("parquet", [False, True])
def test_images_are_those_of_a_folder_whose_classes_are_the_labels(parquet, photographs, tmp_path):
    labels = [path.partition("/")[0] for path in photographs]
    source = table(tmp_path, [f"{path},{label}" for path, label in zip(photographs, labels, strict=True)])
    if parquet:
        write_table(pa.table({"path": photographs, "label": labels}), tmp_path / "table.parquet")
        source = CSV(str(tmp_path / "table.parquet"), "label", test_fraction=0.34)
    ours = source.load()
    (tmp_path / "table.csv").unlink()
    theirs = ImageFolder(str(tmp_path), test_fraction=0.34).load()
    for part in ("x", "y", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
    assert (list(ours.origins), list(ours.test_origins)) == (list(theirs.origins), list(theirs.test_origins))


def test_size_channels_and_cache_are_those_of_image_folders(photographs, tmp_path):
    rows = [f"{path},{path[0]}" for path in photographs]
    dataset = table(tmp_path, rows, size=4, channels=1, cache_dir=str(tmp_path / "cache")).load()
    assert dataset.x.shape == (4, 1, 4, 4)
    assert isinstance(dataset.x, np.memmap)


def test_other_columns_are_left_out_and_said(photographs, tmp_path, capsys):
    rows = [f"{path},{at},{path[0]}" for at, path in enumerate(photographs)]
    dataset = table(tmp_path, rows, "path,brightness,label").load()
    assert dataset.x.shape == (4, 3, 8, 8)
    assert "left out: brightness; images: path" in capsys.readouterr().err


def test_images_that_are_missing_are_named(photographs, tmp_path):
    rows = [f"{path},{path[0]}" for path in photographs]
    rows[1], rows[4] = "one/lost.png,o", "two/lost.png,t"
    message = refusal(table(tmp_path, rows))
    assert message.startswith("2 of 6 images cannot be read: one/lost.png (")
    assert "two/lost.png (" in message


def test_rows_without_a_path_are_named(photographs, tmp_path):
    rows = [f"{path},{path[0]}" for path in photographs]
    rows[2] = ",o"
    assert "have the path of an image in every row, got path in line 4" in refusal(table(tmp_path, rows))


def test_an_image_that_is_listed_twice_is_refused(photographs, tmp_path):
    # It could be learnt from and tested on; and of a list of kept files one row would be found twice.
    rows = [*(f"{path},cat" for path in photographs), f"./{photographs[1]},dog", f"{photographs[4]},dog"]
    message = refusal(table(tmp_path, rows))
    assert (
        "list every image once, got './one/1.png' in line 3 and line 8, 'two/1.png' in line 6 and" in message
    )


def test_a_list_of_images_without_names_of_columns_is_refused(photographs, tmp_path):
    rows = [f"{path},{label}" for path, label in zip(photographs, ["cat", "dog"] * 3, strict=True)]
    message = refusal(table(tmp_path, rows[1:], header=rows[0], label="cat"))
    assert "must name its columns in the first line, got one/0.png" in message
    headless = table(tmp_path, rows[1:], header=rows[0], label="column_2")
    dataset = replace(headless, header=False).load()
    assert sorted([*dataset.origins, *dataset.test_origins]) == photographs


def test_names_of_files_that_are_elsewhere_are_no_images(tmp_path):
    rows = [f"{at}.png,{at + 10 * (at % 2)},{'ab'[at % 2]}" for at in range(8)]
    dataset = table(tmp_path, rows, "path,length,label").load()
    assert dataset.x.shape[1:] == (1,)  # the length; every row has another path


def test_two_columns_of_images_are_one_too_many(photographs, tmp_path):
    rows = [f"{path},{path},{path[0]}" for path in photographs]
    message = refusal(table(tmp_path, rows, "path,mask,label"))
    assert "have one column of image files, got path, mask" in message
    assert "dataset.ignored=[mask]" in message
    assert table(tmp_path, rows, "path,mask,label", ignored=("mask",)).load().x.shape == (4, 3, 8, 8)


def test_a_column_that_is_declared_is_what_it_is_declared_to_be(photographs, tmp_path):
    rows = [f"{path},{path[0]}" for path in photographs]
    dataset = table(tmp_path, rows, categorical=("path",)).load()
    assert dataset.x.shape == (4, 4)  # a column for each path of the training part


@pytest.mark.parametrize("setting", [{"size": 8}, {"channels": 3}])
def test_settings_of_images_are_refused_where_there_are_none(setting, tmp_path):
    rows = [f"{at},{'ab'[at % 2]}" for at in range(8)]
    (name, value), *_ = setting.items()
    assert f"{name} must be null for a table without a column of image files, got {value}" in refusal(
        table(tmp_path, rows, "length,label", **setting)
    )
