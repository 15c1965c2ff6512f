import numpy as np
import pytest

from winnow.dataset.csv import CSV
from winnow.errors import DatasetUnavailable

FLOWERS = "petal,colour,kind\n" + "".join(
    f"{size},{colour},{kind}\n"
    for size, colour, kind in [
        (1, "red", "rose"),
        (2, "red", "rose"),
        (3, "blue", "rose"),
        (4, "red", "aster"),
        (5, "blue", "aster"),
        (6, "blue", "aster"),
    ]
)


@pytest.fixture
def table(tmp_path):
    """Write text to flowers.csv and describe it as a source."""
    path = tmp_path / "flowers.csv"

    def describe(text, **settings):
        path.write_text(text, encoding="utf-8")
        return CSV(str(path), **({"label": "kind", "categorical": ("colour",)} | settings))

    return describe


def test_numbers_are_scaled_by_the_training_part_and_categories_become_columns(table):
    dataset = table(FLOWERS, test_fraction=0.34).load()
    assert dataset.name == "flowers"
    assert dataset.classes == ("aster", "rose")
    assert dataset.x.shape == (4, 3)  # petal, colour=blue, colour=red
    np.testing.assert_allclose(dataset.x[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(dataset.x[:, 0].std(), 1, atol=1e-6)
    np.testing.assert_array_equal(dataset.x[:, 1:].sum(axis=1), np.ones(4))


def test_a_category_met_in_the_test_part_alone_is_all_zeros(table):
    # Every row has a colour of its own, so no test row has one that was learnt.
    text = "petal,colour,kind\n" + "".join(f"{row},c{row},{'ab'[row % 2]}\n" for row in range(10))
    dataset = table(text).load()
    np.testing.assert_array_equal(dataset.x_test[:, 1:], np.zeros((2, 8)))


def test_an_ignored_column_is_left_out_whatever_it_holds(table):
    dataset = table(FLOWERS, categorical=(), ignored=("colour",)).load()
    assert dataset.x.shape[1] == 1


def test_a_mark_at_the_beginning_of_the_file_is_not_part_of_a_name(table):
    assert table("\ufeff" + FLOWERS, label="kind").load().n == 4
    assert table("\ufeffkind,petal\na,1\na,2\nb,3\nb,4\n", categorical=()).load().n == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "have a first line, got none"),
        ("petal,colour,kind\n", "have a row below the names of the columns, got none"),
        ("petal,petal,kind\n1,2,a\n", "have different names for its columns, got petal more than once"),
        (FLOWERS + "7,red\n8\n", "have 3 cells in every row, got 2 in row 8, 1 in row 9"),
        (FLOWERS + "7,,rose\n,red,rose\n", "have no empty cells, got petal in row 9, colour in row 8"),
        (FLOWERS + "n/a,red,rose\n", "hold finite numbers in numeric columns, got petal='n/a' in row 8"),
        (FLOWERS + "nan,red,rose\n", "got petal='nan' in row 8"),
        (FLOWERS + "7,red,lily\n", "have at least 2 rows of every class, got 1 of lily"),
        (FLOWERS.replace("kind", "sort"), "have the columns kind, got petal, colour, sort"),
        (FLOWERS + '"unclosed', "be readable"),
    ],
)
def test_a_fault_is_named_with_its_place(table, text, words):
    with pytest.raises(DatasetUnavailable, match=words):
        table(text).load()


def test_many_faults_are_counted_and_the_remedy_names_the_columns(table):
    text = "petal,colour,kind\n" + "big,red,rose\n" * 12
    with pytest.raises(DatasetUnavailable) as fault:
        table(text, categorical=()).load()
    assert "and 16 more" in str(fault.value)
    assert "dataset.categorical=[petal,colour]" in str(fault.value)


def test_a_table_of_labels_alone_is_refused(table):
    with pytest.raises(DatasetUnavailable, match="have a column besides the label"):
        table("kind\na\na\n", categorical=()).load()


def test_a_missing_file_is_named():
    with pytest.raises(DatasetUnavailable, match=r"No such file.*/nowhere\.csv"):
        CSV("/nowhere.csv", "kind").load()
