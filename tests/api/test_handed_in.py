"""What a person hands in to Python: read as it is meant, or refused in one line."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import torch
from PIL import Image

import winnow
from winnow.errors import DatasetUnavailable, InvalidValue

X = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0]])
Y = ["a", "a", "b", "b"]
TABLE = pd.DataFrame(X, columns=["p", "q"])
CHOSEN = {"budget": 2, "selector": "nearest", "k": 2}


def indices(X, y=None, **changes):
    return winnow.select(X, y, **CHOSEN | changes).indices.tolist()


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize(
    "held", [list, lambda y: np.array(y, object), pd.Series, pd.Categorical, lambda y: pd.DataFrame({"y": y})]
)
@pytest.mark.parametrize("rows", [X, TABLE])
def test_a_missing_label_is_no_class(rows, held, missing):
    with pytest.raises(InvalidValue, match=r"a label in every row, got \S+ in row 2 \|"):
        winnow.select(rows, held(["a", "a", missing, "b"]), **CHOSEN)


class Pairs(torch.utils.data.Dataset):
    """Items made of rows by a function."""

    def __init__(self, item):
        self.item = item

    def __len__(self):
        return len(X)

    def __getitem__(self, row):
        return self.item(row)


@pytest.mark.parametrize(
    "rows",
    [
        torch.utils.data.TensorDataset(torch.from_numpy(X)),
        Pairs(lambda row: {"x": X[row], "label": Y[row]}),
        torch.from_numpy(X).bfloat16(),
        list(map(torch.from_numpy, X)),
        np.ma.masked_array(X, mask=False),
    ],
)
def test_rows_in_any_container_are_the_same_rows(rows):
    assert indices(rows) == indices(X)


def test_a_table_of_arrow_is_one_of_pandas():
    assert indices(pa.Table.from_pandas(TABLE), Y) == indices(TABLE, Y)


@pytest.mark.parametrize(
    ("rows", "y", "complaint"),
    [
        (scipy.sparse.csr_array(X), None, r"X must be a dense array, got csr_array \| X \| X\.toarray\(\)"),
        (np.ma.masked_array(X, mask=X > 8), None, "X must have a value in every cell, got 3 that are masked"),
        (X, np.ma.masked_array([0, 0, 1, 1], mask=[0, 1, 0, 0]), "y must have a value .* got 1 that are"),
        ([[1.0, 2.0], [3.0]], None, "X must be one array, got list that makes none"),
        ({"x": X}, None, "got dict"),
        (torch.from_numpy(X).to_sparse(), None, "Use Tensor.to_dense"),
        (Pairs(lambda row: (X[row], 0, 0)), None, r"items of X must be \(x, y\) or x, got one of 3"),
        (Pairs(lambda row: {"picture": X[row]}), None, "must have an image, one of image, .* got picture"),
        (TABLE, Y[:3], r"y must be one label for each of 4 rows, got the shape \(3,\)"),
        (TABLE, 7, r"y must be one label for each of 4 rows, got the shape \(\)"),
        (TABLE, pd.Series(Y)[::-1], r"in the order of X, got .* another order \| y \| y\.loc\[X\.index\]"),
        (TABLE.set_axis(["p", "p"], axis=1), Y, "different names for its columns, got p more than once"),
        (TABLE.astype(complex), Y, "columns of numbers or text, got others: .*complex128"),
        (TABLE.astype(pd.SparseDtype(float)), Y, "columns of numbers or text, got others: Sparse"),
        (TABLE.assign(p=pd.cut(TABLE["p"], 2)), Y, "columns of numbers or text, got others: "),
        (["http://x.org/a.png"], None, "X must list the files of images, got http://x.org/a.png"),
    ],
)
def test_what_makes_no_rows_is_refused(rows, y, complaint):
    with pytest.raises(InvalidValue, match=complaint) as fault:
        winnow.select(rows, y, **CHOSEN)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ([1, 2, "x", 4], r"got p='x' in row 3 \| X, its rows counted from 1 \|"),
        ([1, None, 3, 4], r"no missing cells, got p in row 2 \| X, its rows counted from 1 \|"),
    ],
)
def test_a_fault_of_a_table_names_no_file_that_nobody_knows(column, complaint):
    with pytest.raises(DatasetUnavailable, match=complaint):
        winnow.select(TABLE.assign(p=column), Y, **CHOSEN)


def test_a_column_of_labels_may_be_named_by_a_number():
    assert winnow.select(pd.DataFrame(X).assign(**{"2": Y}).rename(columns={"2": 2}), 2, **CHOSEN).labels == [
        "a",
        "b",
    ]


@pytest.mark.parametrize("held", [list, np.array, pd.Series, pd.Index])
@pytest.mark.parametrize("relative", [True, False])
def test_paths_of_images_count_from_the_current_folder(tmp_path, monkeypatch, held, relative):
    monkeypatch.chdir(tmp_path)
    paths = []
    for row, grey in enumerate((0, 10, 200, 210)):
        path = tmp_path / f"{row}.png"
        Image.fromarray(np.full((8, 8), grey, np.uint8)).save(path)
        paths.append(path.name if relative else str(path))
    selection = winnow.select(held(paths), Y, **CHOSEN)
    assert selection.labels == ["a", "b"]
    assert selection.files == [tmp_path / f"{row}.png" for row in selection.indices]
    table = pd.DataFrame({"path": held(paths), "y": Y})
    assert winnow.select(table, "y", **CHOSEN).files == selection.files


@pytest.mark.parametrize("name", ["rows.DATA", "rows.tab", "rows.CSV"])
def test_a_table_may_have_other_endings(tmp_path, name):
    TABLE.to_csv(tmp_path / name, index=False)
    assert indices(tmp_path / name) == indices(TABLE)


@pytest.mark.parametrize("name", ["X.NPY", "X.npy"])
def test_an_ending_may_be_in_capitals(tmp_path, name):
    with (tmp_path / name).open("wb") as stream:
        np.save(stream, X)
    assert indices(tmp_path / name) == indices(X)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("nothing.csv", "a folder or a file that exists, got .*nothing.csv"), ("0.png", "must end in .csv")],
)
def test_a_path_to_nothing_that_is_read_says_so(tmp_path, name, complaint):
    (tmp_path / "0.png").write_bytes(b"\x89PNG")
    with pytest.raises(InvalidValue, match=complaint):
        winnow.select(tmp_path / name, **CHOSEN)


@pytest.mark.parametrize("share", [np.float32(0.5), np.float64(0.5), 0.5, "50%"])
def test_a_share_may_be_a_number_of_any_type(share):
    assert indices(X, budget=share) == indices(X, budget=2)


@pytest.mark.parametrize(
    ("changes", "settings", "complaint"),
    [
        ({}, {"budget": 3}, r"budget must be given once, .* \| budget=3 \| leave budget out"),
        ({}, {"k": 3}, "k must be given once"),
        ({}, {"selector": "random"}, "selector must be given once"),
        ({"seed": 3}, {"seed": 4}, "seed must be given once"),
        ({"embedding": "identity"}, {"embedding": "pca"}, "embedding must be given once"),
        (
            {},
            {"seeds": 3},
            r"seeds must be left out where rows are chosen once .* train\.py select_only=true",
        ),
        ({}, {"state_dir": "state"}, "state_dir must be left out"),
    ],
)
def test_settings_that_would_be_ignored_are_refused(changes, settings, complaint):
    with pytest.raises(InvalidValue, match=complaint):
        winnow.select(X, **CHOSEN | changes, settings=settings)


def test_a_list_is_written_where_its_path_says(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    selection = winnow.select(X, **CHOSEN)
    assert selection.to_csv("~/kept.csv") == tmp_path / "kept.csv"
    assert (tmp_path / "kept.csv").is_file()
    with pytest.raises(InvalidValue, match="path must name a file, got the folder"):
        selection.to_csv(tmp_path)
