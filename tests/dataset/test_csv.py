"""Tables of people, with values worked by hand; how files are written is in test_csv_files.py."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.dataset.csv import CSV
from winnow.errors import DatasetUnavailable, InvalidValue

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


def example(folder):
    (folder / "table.csv").write_text("size,kind\n1,a\n2,a\n3,b\n4,b\n")
    return {"file": str(folder / "table.csv"), "label": "kind", "cache_dir": str(folder / "cache")}


@pytest.fixture
def table(tmp_path):
    """Write text to flowers.csv and describe it as a source."""
    path = tmp_path / "flowers.csv"

    def describe(text, **settings):
        path.write_text(text, encoding="utf-8")
        return CSV(str(path), **({"label": "kind"} | settings))

    return describe


def column(cells, name="petal", labels="ab", others=""):
    """A table of one column of features: each cell in a line, labels in turn."""
    lines = [f"{cell},{labels[at % len(labels)]}" for at, cell in enumerate(cells)]
    return "\n".join([f"{name},kind", *lines]) + "\n" + others


def refusal(source):
    with pytest.raises((DatasetUnavailable, InvalidValue)) as fault:
        source.load()
    assert "\n" not in str(fault.value)
    return str(fault.value)


def whole(dataset):
    """All rows of a data set in the order of the file, and their labels."""
    origins = [*dataset.origins, *dataset.test_origins]
    order = np.argsort([int(origin.rpartition(" ")[2]) for origin in origins])
    return (
        np.concatenate([dataset.x, dataset.x_test])[order],
        np.concatenate([dataset.y, dataset.y_test])[order],
    )


def scaled(dataset, values):
    """What the numbers become: the mean and the deviation are those of the training rows."""
    lines = [int(origin.rpartition(" ")[2]) - 2 for origin in dataset.origins]
    train = np.asarray(values, np.float64)[lines]
    return (np.asarray(values) - train.mean()) / train.std()


def test_numbers_are_scaled_by_the_training_part_and_categories_become_columns(table):
    dataset = table(FLOWERS, test_fraction=0.34).load()
    assert (dataset.name, dataset.classes) == ("flowers", ("aster", "rose"))
    assert dataset.x.shape == (4, 3)  # petal, colour=blue, colour=red
    x, y = whole(dataset)
    np.testing.assert_allclose(x[:, 0], scaled(dataset, [1, 2, 3, 4, 5, 6]), rtol=1e-6)
    assert x[:, 1].tolist() == [0, 0, 1, 0, 1, 1]
    assert x[:, 2].tolist() == [1, 1, 0, 1, 0, 0]
    assert y.tolist() == [1, 1, 1, 0, 0, 0]


def test_a_line_says_what_was_taken_how(table, capsys):
    text = "PlantId,petal,colour,unit,kind\n" + "".join(
        f"{row},{row % 4}.5,{'red' if row % 3 else 'blue'},cm,{'rose ' if row % 2 else 'aster'}\n"
        for row in range(12)
    )
    table(text).load()
    assert capsys.readouterr().err == (
        "flowers.csv: 12 rows, comma-separated, UTF-8, decimal point; label kind, 2 classes: aster 6, "
        "rose 6; numbers (1): petal; categories (values): colour (2); left out: PlantId (identifiers), "
        "unit (constant); blanks around 6 of them removed\n"
    )


def test_a_category_met_in_the_test_part_alone_is_all_zeros(table):
    # Every row has a colour of its own, so no test row has one that was learnt.
    text = "petal,colour,kind\n" + "".join(f"{row},c{row},{'ab'[row % 2]}\n" for row in range(10))
    dataset = table(text, categorical=("colour",)).load()
    np.testing.assert_array_equal(dataset.x_test[:, 1:], np.zeros((2, 8)))


def test_an_ignored_column_is_left_out_whatever_it_holds(table):
    assert table(FLOWERS, ignored=("colour",)).load().x.shape[1] == 1


def test_categories_that_look_like_numbers_are_declared(table):
    x, _ = whole(table(column([1, 2, 3] * 6), categorical=("petal",)).load())
    assert x.tolist() == np.eye(3)[[0, 1, 2] * 6].tolist()


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("", range(6), "'' (index)"),
        ("", range(1, 7), "'' (index)"),
        ("Unnamed: 0", range(6), "Unnamed: 0 (index)"),
        ("", ["r1", "r2", "r3", "r4", "r5", "r6"], "'' (every row another text)"),
        ("id", [9, 3, 5, 4, 8, 7], "id (identifiers)"),
        ("PassengerId", range(6), "PassengerId (identifiers)"),
        ("customer_id", [12345678901234567890 + row for row in range(6)], "customer_id (identifiers)"),
        ("index", range(6), "index (identifiers)"),
        ("name", ["Ann", "Bea", "Cy", "Di", "Eve", "Flo"], "name (every row another text)"),
        ("unit", ["cm"] * 6, "unit (constant)"),
        ("unit", [7.5] * 6, "unit (constant)"),
        (
            "code",
            [12345678901234567890 + row for row in range(6)],
            "code (numbers too long to be told apart)",
        ),
        ("note", [""] * 6, "note (empty)"),
        ("note", ["NA"] * 6, "note (empty)"),
    ],
)
def test_a_column_that_is_no_feature_is_left_out_and_named(table, capsys, name, cells, why):
    lines = [f"{row * 0.5},{cell},{'ab'[row % 2]}" for row, cell in enumerate(cells)]
    dataset = table("\n".join([f"petal,{name},kind", *lines, ""])).load()
    assert dataset.x.shape[1] == 1
    assert f"left out: {why}\n" in capsys.readouterr().err


def test_a_number_that_is_named_like_an_identifier_may_be_declared(table):
    text = column([1, 2, 2, 1, 3, 3] * 4, name="store_id")
    assert "dataset.numeric=[store_id]" in refusal(table(text))
    assert table(text, numeric=("store_id",)).load().x.shape[1] == 1
    assert table(text, categorical=("store_id",)).load().x.shape[1] == 3


def test_a_column_that_counts_the_rows_under_another_name_is_pointed_out(table, capsys):
    table(column(range(6))).load()
    assert "petal counts the rows: dataset.ignored leaves it out" in capsys.readouterr().err


@pytest.mark.parametrize("copies", ["ab", ["0", "1"], ["7.5", "-2"], ["True", "False"]])
def test_a_column_that_says_the_class_of_every_row_is_pointed_out(table, capsys, copies):
    rows = [f"{row * 0.37},{copies[row % 2]},{'xy'[row % 2]}" for row in range(20)]
    table("\n".join(["petal,copy,kind", *rows, ""])).load()
    assert "copy says the class of every row: dataset.ignored leaves it out" in capsys.readouterr().err
    table("\n".join(["petal,copy,kind", *rows, f"0.2,{copies[1]},x", ""])).load()
    assert "says the class" not in capsys.readouterr().err


def test_booleans_are_zero_and_one(table):
    dataset = table(column(["True", "False", "TRUE", "false", "true", "False"])).load()
    np.testing.assert_allclose(whole(dataset)[0][:, 0], scaled(dataset, [1, 0, 1, 0, 1, 0]), rtol=1e-6)


@pytest.mark.parametrize(
    "cells",
    [
        ["2020-01-31", "2020-02-01", "2021-01-01", "2022-01-01"],
        ["31.01.2020", "01.02.2020", "1.1.2021", "1.1.2022"],
        ["1/31/2020", "2/1/2020", "1/1/2021", "1/1/2022"],
        ["2020-01-31 10:00:00", "2020-01-31T10:00:00Z", "2020-02-01 10:00", "2020-03-01 10:00"],
        ["10:00", "11:30:15", "12:00", "13:00"],
        ["31 Jan 2020", "1 February 2020", "Mar 3 2020", "April 4 2020"],
    ],
)
def test_dates_are_refused_with_the_remedy(table, cells):
    message = refusal(table(column(cells)))
    assert f"hold no dates among its features, got petal='{cells[0]}'" in message
    assert "dataset.ignored=[petal]" in message


@pytest.mark.parametrize("pair", [["5 kg", "6 kg"], ["$3", "$4"], ["12%", "13%"], ["<18", "18-25"]])
def test_text_that_begins_like_a_number_is_not_taken_for_a_category(table, pair):
    cells = [pair[0], *pair, *pair, pair[1]]
    message = refusal(table(column(cells)))
    assert f"hold finite numbers in numeric columns, got petal='{cells[0]}' in line 2" in message
    assert table(column(cells), categorical=("petal",)).load().x.shape[1] == 2


@pytest.mark.parametrize("form", ["{} kg", "${}.5", "{}%", "({})", "{}_000", "€ 1,{}00"])
def test_numbers_with_a_sign_or_unit_are_not_left_out_because_no_two_are_alike(table, form):
    cells = [f'"{form.format(number)}"' for number in range(2, 8)]
    message = refusal(table(column(cells)))
    assert f"hold plain numbers in numeric columns, got petal='{form.format(2)}'" in message
    assert "write them without signs and units, or leave them out: dataset.ignored=[petal]" in message


def test_text_of_every_row_that_only_begins_with_a_number_is_no_feature(table):
    message = refusal(table(column(["3 Elm St", "4 Oak St", "5 Ash St", "6 Fir Rd", "7 Yew Rd", "8 Box Rd"])))
    assert "left out are petal (every row another text)" in message


def test_words_that_hardly_repeat_are_refused(table):
    message = refusal(table(column(["Ann", "Bea", "Cy", "Di", "Eve", "Ann"])))
    assert "got 5 in petal" in message
    assert "dataset.ignored or dataset.categorical=[petal]" in message


@pytest.mark.parametrize(
    "word", ["", "  ", "NA", "N/A", "n/a", "nan", "NaN", "null", "NULL", "?", "#N/A", "<NA>", "None", "-"]
)
def test_a_missing_number_is_named_with_its_line(table, word):
    message = refusal(table(FLOWERS + f"{word},red,rose\n"))
    cell = f"petal='{word}'" if word.strip() else "petal"
    assert f"have no missing cells, got {cell} in line 8 |" in message
    assert "fill these cells" in message


def test_missing_cells_of_every_column_are_named_at_once(table):
    message = refusal(table(FLOWERS + "7,,rose\n,red,rose\n8,red,\n"))
    assert "have a label in every row, got kind in line 10" in message
    assert "have no missing cells, got petal in line 9, colour in line 8" in message


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "+INF", "∞"])
def test_infinity_is_no_number(table, word):
    message = refusal(table(FLOWERS + f"{word},red,rose\n"))
    assert f"hold finite numbers in numeric columns, got petal='{word}' in line 8" in message


@pytest.mark.parametrize("number", ["1e300", "-4e38", "1e400", "9" * 50])
def test_a_number_beyond_float32_is_called_too_large(table, number):
    message = refusal(table(FLOWERS + f"{number},red,rose\n"))
    assert "hold numbers of at most 3.4e+38, the largest of float32" in message
    assert f"got petal='{number}' in line 8" in message
    assert "finite" not in message


def test_numbers_far_from_zero_keep_what_tells_them_apart(table):
    values = [1_600_000_000 + row for row in range(8)]
    dataset = table(column(values)).load()
    np.testing.assert_allclose(whole(dataset)[0][:, 0], scaled(dataset, values), rtol=1e-6)


def test_an_outlier_in_the_first_row_costs_no_digits(table):
    values = [1e12, *(row / 7 for row in range(99))]
    dataset = table(column(values)).load()
    np.testing.assert_allclose(whole(dataset)[0][:, 0], scaled(dataset, values), rtol=1e-5, atol=1e-6)


def test_numbers_that_float32_cannot_tell_apart_are_refused(table):
    assert "differ by 1e-30 or more" in refusal(table(column([f"{row}e-35" for row in range(6)])))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "have a first line, got none"),
        ("\n \n", "have a first line, got none"),
        ("petal,colour,kind\n", "have a row below the names of the columns, got none"),
        ("petal,petal,kind\n1,2,a\n", "have different names for its columns, got petal more than once"),
        (" petal,petal ,kind\n1,2,a\n", "have different names for its columns, got petal more than once"),
        (FLOWERS + "7,red\n8\n", "have 3 cells in every row, got 2 in line 8, 1 in line 9"),
        (FLOWERS + "n.a.,red,rose\n", "hold finite numbers in numeric columns, got petal='n.a.' in line 8"),
        (FLOWERS + "7,red,lily\n", "have at least 2 rows of every class, got 1 of lily"),
        (FLOWERS.replace("kind", "sort"), "have the columns kind, got petal, colour, sort"),
        (FLOWERS + '"unclosed', "readable, got unexpected end of data in line 8"),
        ("kind\na\na\n", "have a column besides the label"),
        ("petal,kind\n1,a\n1,a\n1,b\n1,b\n", "besides the label, left out are petal (constant)"),
    ],
)
def test_a_fault_is_named_with_its_place(table, text, words):
    assert words in refusal(table(text))


def test_a_name_that_is_nearly_there_is_proposed(table):
    assert refusal(table(FLOWERS.replace("kind", "Kind"))).endswith("| did you mean Kind?")


def rows_of_numbers(names):
    cells = "\n".join(f"{row % 5 / 2},{row % 7 - 3},{row % 3},{'ab'[row % 2]}" for row in range(30))
    return f"{names}\n{cells}\n"


@pytest.mark.parametrize("names", ["0.5,-1.3,2,kind", "1.5,2,0,kind", "0.5,x,2,a"])
def test_a_first_line_that_is_a_row_is_refused(table, names):
    source = table(rows_of_numbers(names), label=names.rpartition(",")[2])
    assert "must name its columns in the first line, got one like those below it" in refusal(source)


@pytest.mark.parametrize("names", ["0,1,2,kind", "1,2,3,kind", "2019,2020,2021,kind", "x,-1,y,kind"])
def test_names_may_be_numbers(table, names):
    assert table(rows_of_numbers(names)).load().x.shape[1] == 3


def test_words_in_the_first_line_may_be_words_of_a_row(table):
    text = "red,blue,kind\n" + "red,blue,a\nblue,red,b\n" * 6
    assert "must name its columns in the first line" in refusal(table(text))
    assert table(text.replace("red,blue,kind", "first,second,kind")).load().n == 10


@pytest.mark.parametrize("names", ["0.5,-1.3,2,kind", "1.5,2,0,kind"])
def test_names_that_look_like_a_row_are_taken_where_they_are_said_to_be_names(table, names):
    source = table(rows_of_numbers(names))
    assert "dataset.header=true for names, dataset.header=false for a row" in refusal(source)
    said = replace(source, header=True).load()
    assert (said.n + len(said.y_test), said.x.shape[1]) == (30, 3)


def test_without_a_header_the_first_line_is_a_row_and_columns_are_numbered(table, capsys):
    named = table(FLOWERS).load()
    x, y = whole(named)
    headless = table(FLOWERS.partition("\n")[2], label="column_3", header=False).load()
    assert "numbers (1): column_1; categories (values): column_2 (2)" in capsys.readouterr().err
    assert (headless.n, headless.classes) == (named.n, named.classes)
    assert np.array_equal(whole(headless)[0], x)
    assert np.array_equal(whole(headless)[1], y)
    assert {"line 1", "line 6"} <= {*headless.origins, *headless.test_origins}


def test_a_label_that_no_line_names_is_answered_by_how_it_is_called(table):
    headless = FLOWERS.partition("\n")[2]
    assert "or column_1, column_2, ... with dataset.header=false" in refusal(table(headless))
    got = "have the columns kind, got column_1, column_2, column_3"
    assert got in refusal(table(headless, header=False))


def test_words_in_the_first_line_are_a_row_where_that_is_said(table):
    text = "red,blue,kind\n" + "red,blue,a\nblue,red,b\n" * 6
    assert "have at least 2 rows of every class, got 1 of kind" in refusal(
        table(text, label="column_3", header=False)
    )


def test_many_faults_are_counted_and_the_remedy_names_the_columns(table):
    text = "petal,leaf,kind\n1,1,rose\n" + "big,small,rose\n" * 12
    message = refusal(table(text))
    assert "got petal='big' in line 3" in message
    assert "and 16 more" in message
    assert "dataset.categorical=[petal,leaf]" in message


def test_columns_named_twice_in_the_settings_are_refused(table):
    assert "got colour twice" in refusal(table(FLOWERS, categorical=("colour",), ignored=("colour",)))


def test_a_missing_file_is_named():
    with pytest.raises(DatasetUnavailable, match=r"No such file.*/nowhere\.csv"):
        CSV("/nowhere.csv", "kind").load()


# Labels


def test_labels_that_differ_by_blanks_are_one_class(table, capsys):
    dataset = table(column(range(8), labels=["cat", "cat ", "dog", " dog"])).load()
    assert dataset.classes == ("cat", "dog")
    assert whole(dataset)[1].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert "blanks around 4 of them removed" in capsys.readouterr().err


def test_labels_that_differ_by_the_way_a_number_is_written_are_one_class(table, capsys):
    dataset = table(column(range(8), labels=["1", "1.0", "01", "2"])).load()
    assert dataset.classes == ("1", "2")
    assert whole(dataset)[1].tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert "'1', '1.0', '01' read as numbers" in capsys.readouterr().err


def test_numbers_that_are_written_in_one_way_keep_their_zeros(table):
    assert table(column(range(8), labels=["01", "10", "02", "02"])).load().classes == ("01", "02", "10")


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("cat", "CAT", "'cat' and 'CAT'"),
        ("big cat", "big  cat", "'big cat' and 'big  cat'"),
        ("caf\u00e9", "cafe\u0301", r"'caf\xe9' and 'cafe\u0301'"),
        ("cat", "ca\u200bt", r"'cat' and 'ca\u200bt'"),
        ("a b", "a\u00a0b", r"'a b' and 'a\xa0b'"),
    ],
)
def test_labels_that_look_alike_are_refused_and_shown(table, one, other, shown):
    message = refusal(table(column(range(8), labels=[one, other])))
    assert f"spell every class in one way, got {shown} |" in message


def test_categories_that_look_alike_are_refused_and_shown(table):
    text = column(["red", "Red", "blue", "blue"] * 2)
    assert "spell every category in one way, got 'red' and 'Red' in petal" in refusal(table(text))


def test_classes_that_are_numbers_are_in_their_order(table):
    assert table(column(range(8), labels=["10", "9", "10", "9"])).load().classes == ("9", "10")


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        ([0.5 * row for row in range(40)], "0.5, 1.5, 2.5, 3.5 and 16 more in kind"),
        (range(40), "40 different numbers in 40 rows in kind"),
        (range(100, 130), "30 different numbers in 120 rows in kind"),
    ],
)
def test_a_number_to_be_predicted_is_no_class(table, labels, got):
    text = column(range(len(labels) if got.startswith(("0", "4")) else 120), labels=list(map(str, labels)))
    message = refusal(table(text))
    assert f"have classes for labels, not numbers to be predicted, got {got}" in message
    assert "dataset.label" in message


def test_many_whole_numbers_are_classes_if_each_has_rows(table):
    text = column(range(600), labels=[str(label) for label in range(60)])
    assert len(table(text).load().classes) == 60
    assert "60 different numbers" in refusal(table(text, max_classes=59))


def test_an_identifier_declared_categorical_is_stopped_by_a_limit(table):
    text = column([f"c{row}" for row in range(1001)])
    message = refusal(table(text, categorical=("petal",)))
    assert "hold at most 1,000 different values in a column of categories, got 1,001 in petal" in message
    assert "dataset.ignored=[petal]" in message
    assert table(text, categorical=("petal",), max_categories=1001).load().x.shape[1] == 801


def test_where_every_row_was_found_is_kept(table):
    dataset = table(column(range(10))).load()
    for rows, origins in ((dataset.x, dataset.origins), (dataset.x_test, dataset.test_origins)):
        lines = [int(origin.removeprefix("line ")) for origin in origins]
        np.testing.assert_allclose(rows[:, 0], scaled(dataset, range(10))[np.array(lines) - 2], rtol=1e-6)
