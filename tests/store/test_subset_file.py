"""Lists of kept rows, read again: what is written is found, and what does not fit is refused."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.selector.from_file import FromFile
from winnow.store import kept_rows, subset_file
from winnow.store.row_names import RowNames
from winnow.types import Clustering, Dataset, Rows

FILES = ("a/1.png", "b/2.png", "a/3.png", "=b/4.png", "b/5.png")


@pytest.fixture
def dataset() -> Dataset:
    x = np.arange(5 * 4, dtype=np.uint8).reshape(5, 1, 2, 2)
    return Dataset("toy", x, np.array([0, 1, 0, 1, 1]), x[:1], np.array([0]), ("a", "b"))


@pytest.fixture
def path(tmp_path, dataset):
    clustering = Clustering(np.zeros((2, 1), np.float32), np.array([0, 1, 0, 1, 1]), np.arange(5) / 3)
    return kept_rows.write(tmp_path, 0, dataset, np.array([1, 4]), clustering, {"selector": "Nearest()"})


def select(path, dataset, **changes):
    selector = FromFile.of(str(path))
    y = changes.get("y", dataset.y)
    return selector.select(Pool(len(y), y=y), budget=selector.rows, rng=np.random.default_rng(0))


def select_fitted(selector, dataset):
    pool = Pool(dataset.n, y=dataset.y)
    return selector.select(pool, budget=selector.rows, rng=np.random.default_rng(0))


def test_the_same_rows_are_selected_again(path, dataset):
    assert select(path, dataset).indices.tolist() == [1, 4]


def test_a_moved_file_is_the_same_selection(path, tmp_path):
    moved = tmp_path / "elsewhere.csv"
    moved.write_bytes(path.read_bytes())
    assert repr(FromFile.of(str(moved))) == repr(FromFile.of(str(path)))


def test_a_list_that_is_written_to_while_winnow_runs_stays_the_one_that_was_read(path, dataset):
    selector = FromFile.of(str(path))
    path.with_suffix(".json").unlink()
    path.write_text("index,label\n0,0\n1,1\n")
    for read in (selector, selector.fitted(dataset)):
        assert select_fitted(read, dataset).indices.tolist() == [1, 4]
        assert read.sha256 == selector.sha256
    assert select(path, dataset).indices.tolist() == [0, 1]


def test_a_file_made_for_other_data_is_refused(path, dataset, tmp_path):
    with pytest.raises(InvalidValue, match="row 1 has the class a, not b"):
        FromFile.of(str(path)).fitted(replace(dataset, y=1 - dataset.y))
    older = tmp_path / "older.csv"
    older.write_text("index,label,cluster,distance\n1,1,,\n")
    with pytest.raises(InvalidValue, match="agree with the labels of this data set"):
        select(older, dataset, y=1 - dataset.y)


def test_an_index_beyond_the_data_is_refused(path, dataset):
    with pytest.raises(InvalidValue, match=r"indices in \[0, 3\], got 4"):
        select(path, dataset, y=dataset.y[:4])


def named(dataset, *, order=range(5)):
    """The data set with its rows in another order, under the names of their files."""
    order = list(order)
    origins = tuple(FILES[row] for row in order)
    return replace(dataset, x=dataset.x[order], y=dataset.y[order], origins=origins)


@given(st.permutations(range(5)), st.sets(st.integers(0, 4), min_size=1))
def test_rows_are_found_by_their_files_whatever_their_order(tmp_path_factory, order, kept):
    dataset = Dataset(
        "toy",
        np.arange(20, dtype=np.uint8).reshape(5, 1, 2, 2),
        np.array([0, 1, 0, 1, 1]),
        np.zeros((1, 1, 2, 2), np.uint8),
        np.array([0]),
        ("a", "b"),
    )
    folder = tmp_path_factory.mktemp("kept")
    path = kept_rows.write(folder, 0, named(dataset), np.array(sorted(kept)), None, {})
    found = FromFile.of(str(path)).fitted(named(dataset, order=order))
    assert {order[index] for index in found.kept.indices} == kept


def test_a_list_of_unlabelled_rows_serves_a_labelled_training_part(tmp_path, dataset):
    every = Rows("toy", dataset.x, origins=FILES)
    path = kept_rows.write(tmp_path, 0, every, np.array([3, 4]), None, {})
    part = replace(
        dataset, x=dataset.x[[0, 3, 4]], y=dataset.y[[0, 3, 4]], origins=("a/1.png", "=b/4.png", "b/5.png")
    )
    selector = FromFile.of(str(path)).fitted(part)
    assert select_fitted(selector, part).indices.tolist() == [1, 2]


def test_rows_set_aside_for_testing_are_named_and_refused(tmp_path, dataset):
    path = kept_rows.write(tmp_path, 0, named(dataset), np.array([0, 4]), None, {})
    part = replace(
        dataset,
        x=dataset.x[:4],
        y=dataset.y[:4],
        origins=FILES[:4],
        test_origins=("b/5.png",),
        y_test=np.array([1]),
    )
    with pytest.raises(InvalidValue, match=r"got 1 that are set aside for testing: b/5\.png"):
        FromFile.of(str(path)).fitted(part)
    with pytest.raises(InvalidValue, match=r"rows of this data set, got 1 that it does not have: b/5\.png"):
        FromFile.of(str(path)).fitted(replace(part, test_origins=("b/6.png",)))


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
        subset_file.read(path)


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
    kept = subset_file.read(path)
    assert (kept.indices.tolist(), kept.labels.tolist()) == ([4, 1], [1, 0])


def test_bytes_that_are_no_text_matter_in_the_two_columns_alone(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("index,label,größe\n1,0,ü\n".encode("latin-1"))
    assert subset_file.read(path).indices.tolist() == [1]
    path.write_bytes(b"index,label\n1,0\n\xb2,0\n")
    with pytest.raises(InvalidValue, match=r"got '\\udcb2' in line 3"):
        subset_file.read(path)


@pytest.mark.parametrize("content", [bytes(range(256)), b"\xff\xfea", b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_what_is_no_text_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidValue, match="subset_file must") as fault:
        subset_file.read(path)
    assert str(fault.value).isprintable()


def test_only_regular_files_are_read(tmp_path):
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    for path, words in ((pipe, "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(InvalidValue, match=f"be a readable file, got .*{words}"):
            subset_file.read(path)


def test_a_file_above_the_limit_is_not_read(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("wb") as stream:
        stream.truncate(subset_file.MAX_BYTES + 1)  # takes no space on the disk
    with pytest.raises(InvalidValue, match="got a file of 1 GiB, at most 1 GiB are read"):
        subset_file.read(path)


@pytest.mark.parametrize("other", ['{"name": "mine"}', "[1, 2]", '"text"', '{"sha256": 5}', "null"])
def test_a_json_that_is_somebody_elses_is_left_alone(path, other):
    path.with_suffix(".json").write_text(other)
    assert subset_file.read(path).indices.tolist() == [1, 4]


@pytest.mark.parametrize("broken", [b'{"sha256": "ab', b"", b"\xff\xfe{", b"[" * 100_000])
def test_a_broken_json_is_named_with_the_remedy(path, broken):
    path.with_suffix(".json").write_bytes(broken)
    with pytest.raises(InvalidValue, match=r"broken one .* remove kept\.json") as fault:
        subset_file.read(path)
    assert "\n" not in str(fault.value)


def test_a_pipe_in_the_place_of_the_json_is_not_opened(path):
    path.with_suffix(".json").unlink()
    os.mkfifo(path.with_suffix(".json"))
    assert subset_file.read(path).indices.tolist() == [1, 4]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match="readable file"):
        subset_file.read(tmp_path / "nothing.csv")


def test_a_file_changed_after_it_was_written_is_refused(path):
    path.write_text(path.read_text().replace("b,4", "b,3"))
    with pytest.raises(InvalidValue, match="match the sha256"):
        subset_file.read(path)


@pytest.fixture
def table(tmp_path, dataset, monkeypatch):
    """A list that counts as large, of the rows 10, 30 and 40 of an array, numbered 1, 3 and 4 here."""
    monkeypatch.setattr(kept_rows, "LARGE", 2)
    clustering = Clustering(np.zeros((2, 1), np.float32), np.array([0, 1, 0, 1, 1]), np.arange(5) / 3)
    rows = replace(dataset, origins=RowNames(10 * np.arange(5)), origin="row")
    return kept_rows.write(tmp_path, 0, rows, np.array([1, 3, 4]), clustering, {}).with_suffix(".parquet")


def test_a_long_list_says_the_same_as_csv_and_as_parquet(table, dataset):
    as_csv, as_table = subset_file.read(table.with_suffix(".csv")), subset_file.read(table)
    assert table.with_suffix(".csv").read_text().splitlines()[:2] == [
        "row,class,index,cluster,distance,repetition",
        '10,"b",1,1,0.3333333333333333,0',
    ]
    rows = replace(dataset, origins=RowNames(10 * np.arange(5)), origin="row")
    for kept in (as_csv, as_table):
        assert kept.indices.tolist() == [1, 3, 4]
        assert list(kept.words["class"]) == ["b", "b", "b"]
        assert kept.rows_in(rows, table).tolist() == [1, 3, 4]


def test_rows_of_a_long_list_are_found_by_their_numbers_in_the_array(table, dataset):
    turned = replace(
        dataset, y=dataset.y[::-1].copy(), origins=RowNames(10 * np.arange(5)[::-1]), origin="row"
    )
    selector = FromFile.of(str(table)).fitted(turned)
    assert select_fitted(selector, turned).indices.tolist() == [0, 1, 3]
    others = replace(turned, origins=RowNames(np.array([10, 20, 30, 50, 60])))
    with pytest.raises(InvalidValue, match=r"got 1 that it does not have: 40"):
        FromFile.of(str(table)).fitted(others)
    aside = replace(others, test_origins=RowNames(np.array([40])), y_test=np.array([1]))
    with pytest.raises(InvalidValue, match=r"got 1 that are set aside for testing: 40"):
        FromFile.of(str(table)).fitted(aside)


def test_a_damaged_table_is_refused(table):
    content = bytearray(table.read_bytes())
    content[len(content) // 4] ^= 1
    table.write_bytes(content)
    with pytest.raises(InvalidValue, match=r"match the sha256 in kept\.json"):
        subset_file.read(table)
    table.with_suffix(".json").unlink()
    table.write_bytes(b"PAR1, the rest is missing")
    with pytest.raises(InvalidValue, match=r"subset_file must be a Parquet file that can be read"):
        subset_file.read(table)


def test_a_table_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"index": ["one"], "label": [1]}), path)
    with pytest.raises(InvalidValue, match=r"whole numbers in the column index"):
        subset_file.read(path)
    pq.write_table(pa.table({"row": [1]}), path)
    with pytest.raises(InvalidValue, match=r"got no index in 'row'"):
        subset_file.read(path)


def test_a_long_list_with_a_name_that_is_no_text_is_a_csv_alone(tmp_path, dataset, monkeypatch):
    monkeypatch.setattr(kept_rows, "LARGE", 0)
    named = replace(dataset, origins=("x", os.fsdecode(b"b/caf\xe9.png"), "x", "x", "x"))
    path = kept_rows.write(tmp_path, 0, named, np.array([1]), None, {})
    assert b"\nb/caf\xe9.png,b" in path.read_bytes()
    assert not path.with_suffix(".parquet").exists()
