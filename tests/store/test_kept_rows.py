"""Files of kept rows: what is written is read back, and what does not fit is refused."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.selector.from_file import FromFile
from winnow.store import kept_rows
from winnow.types import Clustering, Dataset


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
        == "index,label,cluster,distance\n1,1,1,0.3333333333333333\n4,1,1,1.3333333333333333\n"
    )


def test_the_json_beside_it_says_where_it_came_from(path, dataset):
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["sha256"] == kept_rows.read(path).sha256
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
    assert path.read_text().splitlines()[1] == "0,0,,"


def test_rows_are_named_by_class_and_file_where_these_are_known(tmp_path, dataset):
    origins = ("a/1.png", "b/ü 2.png", "a/3.png", "b/4,5.png", "b/6.png")
    path = kept_rows.write(tmp_path, 0, replace(dataset, origins=origins), np.array([1, 3]), None, {})
    assert path.read_text("utf-8").splitlines() == [
        "index,label,cluster,distance,class,file",
        "1,1,,,b,b/ü 2.png",
        '3,1,,,b,"b/4,5.png"',
    ]
    assert kept_rows.read(path).indices.tolist() == [1, 3]


def test_names_that_are_formulas_reach_a_spreadsheet_as_text(tmp_path, dataset):
    named = replace(dataset, origins=("x", "=cmd|'/c calc'!A0/1.png", "x", "x", "x"), classes=("a", "=1+1"))
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    with path.open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["class"], row["file"]) == ("'=1+1", "./=cmd|'/c calc'!A0/1.png")


def test_a_file_whose_name_is_no_text_is_written_as_its_folder_has_it(tmp_path, dataset):
    named = replace(dataset, origins=("x", os.fsdecode(b"b/caf\xe9.png"), "x", "x", "x"))
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    assert b"b/caf\xe9.png\n" in path.read_bytes()
    assert kept_rows.read(path).indices.tolist() == [1]


def select(path, dataset, **changes):
    selector = FromFile.of(str(path))
    y = changes.get("y", dataset.y)
    return selector.select(Pool(len(y), y=y), budget=selector.rows, rng=np.random.default_rng(0))


def test_the_same_rows_are_selected_again(path, dataset):
    assert select(path, dataset).indices.tolist() == [1, 4]


def test_a_moved_file_is_the_same_selection(path, tmp_path):
    moved = tmp_path / "elsewhere.csv"
    moved.write_bytes(path.read_bytes())
    assert repr(FromFile.of(str(moved))) == repr(FromFile.of(str(path)))


def test_a_file_made_for_other_data_is_refused(path, dataset):
    with pytest.raises(InvalidValue, match="agree with the labels of this data set"):
        select(path, dataset, y=1 - dataset.y)


def test_an_index_beyond_the_data_is_refused(path, dataset):
    with pytest.raises(InvalidValue, match=r"indices in \[0, 3\], got 4"):
        select(path, dataset, y=dataset.y[:4])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("index,label\n", "distinct indices"),
        ("index,label\n1,0\n1,0\n", "distinct indices"),
        ("index,label\n-1,0\n", "distinct indices"),
        ("row,label\n1,0\n", "columns index and label"),
        ("index,label\n1.5,0\n", "whole numbers"),
        ("index,label\n1\n", "got '' in line 2"),
        ("index,label\n1,0\n\n2,x\n", "got 'x' in line 4"),
        ("index,label\n1,²\n", "whole numbers"),
        ("index,label\n1,0\n2,0\n2,0\n", "got 2 twice"),
        ("index,label\n99999999999999999999,0\n", "at most 64 bits, got 99999999999999999999 in line 2"),
        ("index,label\n" + "9" * 4000 + ",0\n", "whole numbers"),
        (
            "index,label\n1,0," + "x" * 200_000 + "\n",
            "be a csv, got field larger .* in line 2",
        ),
        ("", "columns index and label"),
        ("\n", "columns index and label"),
    ],
)
def test_a_file_that_is_no_list_of_rows_is_refused(tmp_path, content, complaint):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(InvalidValue, match=complaint):
        kept_rows.read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfindex,label\n4,1\n1,0\n",
        b"index;label;cluster;distance\r\n4;1;2;0,5\r\n1;0;2;0,5\r\n",
        b"\xef\xbb\xbfindex;label\r\n4;1\r\n1;0\r\n;\r\n",
        "index\tlabel\n4\t1\n1\t0\n".encode("utf-16"),
        b' label , index \n 1 , 4 \n "0","1" \n',
    ],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    kept = kept_rows.read(path)
    assert (kept.indices.tolist(), kept.labels.tolist()) == ([4, 1], [1, 0])


def test_bytes_that_are_no_text_matter_in_the_two_columns_alone(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("index,label,größe\n1,0,ü\n".encode("latin-1"))
    assert kept_rows.read(path).indices.tolist() == [1]
    path.write_bytes(b"index,label\n1,0\n\xb2,0\n")
    with pytest.raises(InvalidValue, match=r"got '\\udcb2' in line 3"):
        kept_rows.read(path)


@pytest.mark.parametrize("content", [bytes(range(256)), b"\xff\xfea", b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_what_is_no_text_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidValue, match="subset_file must") as fault:
        kept_rows.read(path)
    assert str(fault.value).isprintable()


def test_only_regular_files_are_read(tmp_path):
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    for path, words in ((pipe, "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(InvalidValue, match=f"be a readable file, got .*{words}"):
            kept_rows.read(path)


def test_a_file_above_the_limit_is_not_read(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("wb") as stream:
        stream.truncate(kept_rows.MAX_BYTES + 1)  # takes no space on the disk
    with pytest.raises(InvalidValue, match="got a file of 1 GiB, at most 1 GiB are read"):
        kept_rows.read(path)


@pytest.mark.parametrize("other", ['{"name": "mine"}', "[1, 2]", '"text"', '{"sha256": 5}', "null"])
def test_a_json_that_is_somebody_elses_is_left_alone(path, other):
    path.with_suffix(".json").write_text(other)
    assert kept_rows.read(path).indices.tolist() == [1, 4]


@pytest.mark.parametrize("broken", [b'{"sha256": "ab', b"", b"\xff\xfe{", b"[" * 100_000])
def test_a_broken_json_is_named_with_the_remedy(path, broken):
    path.with_suffix(".json").write_bytes(broken)
    with pytest.raises(InvalidValue, match=r"broken one .* remove repetition-0\.json") as fault:
        kept_rows.read(path)
    assert "\n" not in str(fault.value)


def test_a_pipe_in_the_place_of_the_json_is_not_opened(path):
    path.with_suffix(".json").unlink()
    os.mkfifo(path.with_suffix(".json"))
    assert kept_rows.read(path).indices.tolist() == [1, 4]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, dataset, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        kept_rows.write(tmp_path, 0, dataset, np.array([0]), None, {})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match="readable file"):
        kept_rows.read(tmp_path / "nothing.csv")


def test_a_file_changed_after_it_was_written_is_refused(path):
    path.write_text(path.read_text().replace("4,1", "3,1"))
    with pytest.raises(InvalidValue, match="match the sha256"):
        kept_rows.read(path)


def test_the_picture_has_one_row_for_each_class(tmp_path, dataset):
    from PIL import Image

    picture = kept_rows.picture(tmp_path / "kept.png", dataset, np.array([1, 4]), across=3)
    with Image.open(picture) as opened:
        pixels = np.asarray(opened)
    assert pixels.shape == (4, 6)
    assert pixels[2:, :4].tolist() == np.hstack([dataset.x[1, 0], dataset.x[4, 0]]).tolist()
    assert pixels[:2].max() == 0
