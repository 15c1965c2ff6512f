"""Lists of kept rows, as they are written."""

import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from winnow.store import kept_rows, subset_file
from winnow.types import Clustering, Dataset, Rows


@pytest.fixture
def dataset() -> Dataset:
    x = np.arange(5 * 4, dtype=np.uint8).reshape(5, 1, 2, 2)
    return Dataset("toy", x, np.array([0, 1, 0, 1, 1]), x[:1], np.array([0]), ("a", "b"))


@pytest.fixture
def path(tmp_path, dataset):
    clustering = Clustering(np.zeros((2, 1), np.float32), np.array([0, 1, 0, 1, 1]), np.arange(5) / 3)
    return kept_rows.write(tmp_path, 0, dataset, np.array([1, 4]), clustering, {"selector": "Nearest()"})


def test_each_kept_row_is_one_line(path):
    assert (
        path.read_text()
        == "class,index,cluster,distance,repetition\nb,1,1,0.3333333333333333,0\nb,4,1,1.3333333333333333,0\n"
    )


def test_the_json_beside_it_says_where_it_came_from(path, dataset):
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["sha256"] == subset_file.read(path).sha256
    assert (about["dataset"], about["dataset_sha256"]) == ("toy", dataset.checksum)
    assert (about["rows"], about["selector"]) == (2, "Nearest()")


def test_the_json_counts_classes_and_clusters_without_a_choice(tmp_path, dataset):
    clustering = Clustering(np.zeros((3, 1), np.float32), np.array([0, 1, 1, 1, 1]), np.zeros(5))
    path = kept_rows.write(tmp_path, 0, dataset, np.array([1, 3, 4]), clustering, {})
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["rows_of_class"] == {"a": 0, "b": 3}
    assert (about["singleton_clusters"], about["empty_clusters"]) == (1, 1)


def test_selectors_blind_to_clusters_leave_two_columns_empty(tmp_path, dataset):
    path = kept_rows.write(tmp_path, 3, dataset, np.array([0]), None, {})
    assert path.name == "kept-3.csv"
    assert path.read_text().splitlines()[1] == "a,0,,,3"


def test_rows_that_were_chosen_in_rounds_say_in_which(tmp_path, dataset):
    path = kept_rows.write(tmp_path, 0, dataset, np.array([1, 3, 4]), None, {}, np.array([2, 1, 2]))
    assert path.read_text().splitlines() == [
        "class,index,cluster,distance,repetition,round",
        "b,1,,,0,2",
        "b,3,,,0,1",
        "b,4,,,0,2",
    ]
    assert subset_file.read(path).indices.tolist() == [1, 3, 4]


def test_rows_are_named_by_class_and_file_where_these_are_known(tmp_path, dataset):
    origins = ("a/1.png", "b/ü 2.png", "a/3.png", "b/4,5.png", "b/6.png")
    path = kept_rows.write(tmp_path, 0, replace(dataset, origins=origins), np.array([1, 3]), None, {})
    assert path.read_text("utf-8").splitlines() == [
        "file,class,index,cluster,distance,repetition",
        "b/ü 2.png,b,1,,,0",
        '"b/4,5.png",b,3,,,0',
    ]
    assert subset_file.read(path).indices.tolist() == [1, 3]


PLACES = [("line 12", "12"), ("row 7", "7"), ("row 3 of a.parquet", "3 of a.parquet")]


@pytest.mark.parametrize(("origin", "shown"), PLACES)
def test_rows_of_tables_and_arrays_are_named_by_their_number(tmp_path, dataset, origin, shown):
    named = replace(dataset, origins=("row 0", origin, "row 2", "row 3", "row 4"), origin="row")
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    assert path.read_text() == f"row,class,index,cluster,distance,repetition\n{shown},b,1,,,0\n"


def test_rows_without_labels_have_no_class(tmp_path):
    rows = Rows("toy", np.zeros((3, 1, 2, 2), np.uint8), origins=("1.png", "2.png", "3.png"))
    path = kept_rows.write(tmp_path, 0, rows, np.array([2]), None, {})
    assert path.read_text() == "file,index,cluster,distance,repetition\n3.png,2,,,0\n"
    assert "rows_of_class" not in json.loads(path.with_suffix(".json").read_text())


def test_the_split_names_every_row_of_both_parts(tmp_path, dataset):
    origins = ("a/1.png", "b/2.png", "a/3.png", "b/4.png", "b/5.png")
    split = replace(dataset, origins=origins, test_origins=("=a/6.png",))
    assert kept_rows.write_split(tmp_path / "split.csv", split).read_text().splitlines()[-2:] == [
        "b/5.png,b,4,train",
        "./=a/6.png,a,0,test",
    ]
    assert kept_rows.write_split(tmp_path / "split.csv", dataset).read_text().splitlines()[-2:] == [
        "b,4,train",
        "a,0,test",
    ]


def test_names_that_are_formulas_reach_a_spreadsheet_as_text(tmp_path, dataset):
    named = replace(dataset, origins=("x", "=cmd|'/c calc'!A0/1.png", "x", "x", "x"), classes=("a", "=1+1"))
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    with path.open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["class"], row["file"]) == ("'=1+1", "./=cmd|'/c calc'!A0/1.png")


def test_a_file_whose_name_is_no_text_is_written_as_its_folder_has_it(tmp_path, dataset):
    named = replace(dataset, origins=("x", os.fsdecode(b"b/caf\xe9.png"), "x", "x", "x"))
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    assert b"\nb/caf\xe9.png,b" in path.read_bytes()
    assert subset_file.read(path).indices.tolist() == [1]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, dataset, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        kept_rows.write(tmp_path, 0, dataset, np.array([0]), None, {})
    assert list(tmp_path.iterdir()) == []


def test_the_picture_has_one_row_for_each_class(tmp_path, dataset):
    from PIL import Image

    picture = kept_rows.picture(tmp_path / "kept.png", dataset, np.array([1, 4]), across=3)
    with Image.open(picture) as opened:
        pixels = np.asarray(opened)
    assert pixels.shape == (4, 6)
    assert pixels[2:, :4].tolist() == np.hstack([dataset.x[1, 0], dataset.x[4, 0]]).tolist()
    assert pixels[:2].max() == 0


def test_the_picture_of_images_without_labels_has_one_row(tmp_path):
    from PIL import Image

    rows = Rows("toy", np.full((3, 1, 2, 2), 7, np.uint8))
    with Image.open(kept_rows.picture(tmp_path / "kept.png", rows, np.array([0, 2]), across=2)) as opened:
        assert np.asarray(opened).tolist() == [[7] * 4] * 2
