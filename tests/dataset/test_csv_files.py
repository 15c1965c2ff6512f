"""Tables as programs write them: separators, encodings, decimal signs, compressed files, Parquet."""

import bz2
import gzip
import io
import lzma
import os
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.dataset import _container
from winnow.dataset.csv import CSV
from winnow.dataset.tables._numbers import NumberFormat, find_format
from winnow.errors import DatasetUnavailable, InvalidValue

ROWS = [(0.5 * row, row % 4, "ab"[row % 2]) for row in range(12)]
PLAIN = "petal,size,kind\n" + "".join(f"{petal},{size},{kind}\n" for petal, size, kind in ROWS)
COMMAS = PLAIN.replace(",", ";").replace(".", ",")


@pytest.fixture
def file(tmp_path):
    """Write bytes or text to a file and describe it as a source."""

    def describe(content, name="table.csv", **settings):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CSV(str(path), **({"label": "kind"} | settings))

    return describe


@pytest.fixture
def plain(file):
    return file(PLAIN).load()


def refusal(source):
    with pytest.raises((DatasetUnavailable, InvalidValue)) as fault:
        source.load()
    assert "\n" not in str(fault.value)
    return str(fault.value)


def same(dataset, other):
    for name in ("x", "y", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(dataset, name), getattr(other, name))
    return dataset.classes == other.classes


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__dot__", ".").replace("__slash__", "/"), text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (COMMAS, "semicolon-separated, UTF-8, decimal comma"),
        (PLAIN.replace(",", "\t"), "tab-separated, UTF-8, decimal point"),
        (PLAIN.replace(",", "|"), "bar-separated, UTF-8, decimal point"),
        ("sep=;\n" + COMMAS, "semicolon-separated"),
        ('"sep=,"\r\n' + PLAIN, "comma-separated"),
        (PLAIN.replace("\n", "\r\n"), "comma-separated"),
        (PLAIN.replace("\n", "\r"), "comma-separated"),
        ("\n\n" + PLAIN.replace("\n", "\n\n"), "comma-separated"),
        (PLAIN + ",,\n,,\n", "comma-separated, UTF-8, 2 without cells left out"),
        (PLAIN.rstrip("\n"), "comma-separated"),
        (PLAIN.encode("utf-8-sig"), "UTF-8 with a mark"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (PLAIN.encode("utf-16-le"), "UTF-16-LE"),
        (PLAIN.encode("utf-16-be"), "UTF-16-BE"),
        (PLAIN.encode("utf-32"), "UTF-32"),
        (gzip.compress(PLAIN.encode(), mtime=0), "UTF-8, gzip"),
        (bz2.compress(PLAIN.encode()), "UTF-8, bzip2"),
        (lzma.compress(PLAIN.encode()), "UTF-8, xz"),
        (zipped(table__dot__csv=PLAIN), "UTF-8, zip"),
        (zipped(table__dot__csv=PLAIN, __MACOSX__slash____dot___table__dot__csv="x"), "UTF-8, zip"),
        (gzip.compress(COMMAS.encode("utf-16"), mtime=0), "semicolon-separated, UTF-16, gzip, decimal comma"),
        (PLAIN.replace("petal", " petal ").replace(",a\n", ", a \n"), "comma-separated"),
    ],
)
def test_a_table_is_the_same_however_it_was_written(file, plain, capsys, content, words):
    assert same(file(content).load(), plain)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        # R names all columns but that of the row names; some programs end every row with a separator.
        (PLAIN.replace("\n", ",\n"), "'' (empty)"),
        (
            "petal,size,kind\n" + "".join(f"{row + 1},{a},{b},{c}\n" for row, (a, b, c) in enumerate(ROWS)),
            "'' (index)",
        ),
        ("petal,size,kind\n" + "".join(f"{a},{b},{c},\n" for a, b, c in ROWS), "'' (empty)"),
        (
            ",petal,size,kind\n" + "".join(f"{row},{a},{b},{c}\n" for row, (a, b, c) in enumerate(ROWS)),
            "'' (index)",
        ),
    ],
)
def test_an_unnamed_column_is_left_out(file, plain, capsys, content, left_out):
    assert same(file(content).load(), plain)
    assert f"left out: {left_out}" in capsys.readouterr().err


def test_a_compressed_file_gives_the_name_of_the_table(file):
    assert file(gzip.compress(PLAIN.encode(), mtime=0), "flowers.csv.gz").load().name == "flowers"
    assert file(PLAIN, "flowers.2020.csv").load().name == "flowers.2020"


def test_letters_beyond_ascii_are_read_in_the_usual_encodings(file, capsys):
    text = PLAIN.replace(",a\n", ",Käse\n")
    for encoding, words in (("utf-8", "UTF-8,"), ("cp1252", "read as Windows-1252"), ("utf-16", "UTF-16")):
        assert file(text.encode(encoding)).load().classes == ("Käse", "b")
        assert words in capsys.readouterr().err
    # 0x81 is a letter of Latin-1 and none of Windows-1252.
    latin = PLAIN.replace(",a\n", ",K\x81\n").encode("latin-1")
    assert file(latin).load().classes == ("K\x81", "b")
    assert "read as Latin-1" in capsys.readouterr().err


def test_another_encoding_is_said(file):
    text = PLAIN.replace(",a\n", ",дом\n").encode("koi8-r")
    assert file(text, encoding="koi8-r").load().classes == ("b", "дом")
    assert "must name a text encoding, got 'koi9'" in refusal(file(text, encoding="koi9"))


def test_two_encodings_in_one_file_are_refused(file):
    text = (PLAIN.replace(",a\n", ",é\n")).encode() + b"1,2,\xe9\n"
    assert "text in UTF-8 with 1 invalid bytes" in refusal(file(text))


def test_the_name_of_a_column_may_be_composed_in_two_ways(file):
    text = PLAIN.replace("kind", "cafe\u0301")
    assert file(text, label="caf\u00e9").load().n == 10


# Lines


def test_a_line_is_that_of_an_editor(file):
    # Ten cells with a line break inside, two empty lines, then a bad cell: line 34 of the file.
    notes = ['"one\ntwo"'] * 10 + ["x"] * 30
    rows = [f"{row},{row % 7},{note},{'pq'[row % 2]}" for row, note in enumerate(notes)]
    rows[20] = "oops,0,x,p"
    text = "a,b,note,kind\n" + "\n".join(rows[:10]) + "\n\n\n" + "\n".join(rows[10:]) + "\n"
    assert text.split("\n")[33] == rows[20]
    message = refusal(file(text, categorical=("note",)))
    assert "got a='oops' in line 34 |" in message


def test_line_breaks_inside_a_header_count(file):
    message = refusal(file('"petal\nlength",kind\n1,a\nbig,b\n'))
    assert r"'petal\nlength'='big' in line 4" in message


@pytest.mark.parametrize("header", [None, False])
@given(seed=st.integers(0, 2**32))
def test_every_row_is_found_where_it_was_written(tmp_path_factory, header, seed):
    """Blank lines, line breaks inside quotes and line ends of three kinds, with a header or without one."""
    rng = random.Random(seed)
    end = rng.choice(["\n", "\r\n", "\r"])
    first = rng.choice(["", end, f"sep=,{end}"]) if header is False else f"value,note,kind{end}"
    lines, places = [first], {}
    note, kind = ("column_2", "column_3") if header is False else ("note", "kind")
    for value in range(12):
        lines += [end] * rng.choice([0, 0, 1, 2])
        text = rng.choice(["x", '"x"', f'"x{end}y"', f'"x{end}{end}""y"""'])
        lines.append(f"{value},{text},{'ab'[value % 2]}{end}")
        places[value] = "".join(lines).count(end)
    path = tmp_path_factory.mktemp("lines") / "table.csv"
    path.write_bytes("".join(lines).encode())
    dataset = CSV(str(path), kind, ignored=(note,), header=header).load()
    origins = [*dataset.origins, *dataset.test_origins]
    x = np.concatenate([dataset.x, dataset.x_test])[:, 0]
    assert [origins[row] for row in np.argsort(x)] == [f"line {places[value]}" for value in range(12)]


# Numbers


@pytest.mark.parametrize(
    ("cells", "value", "words"),
    [
        (["1,5", "2"], 1.5, "decimal comma;"),
        (["1.234,5", "2"], 1234.5, "decimal comma, point between thousands"),
        (["1,234.5", "2"], 1234.5, "decimal point, comma between thousands"),
        (["1 234,5", "2"], 1234.5, "decimal comma, blank between thousands"),
        (["1\u00a0234,5", "2"], 1234.5, "decimal comma, blank between thousands"),
        (["1\u202f234", "2"], 1234, "decimal point, blank between thousands"),
        (["1'234.5", "2"], 1234.5, "decimal point, apostrophe between thousands"),
        (["1.234.567", "2"], 1234567, "decimal comma, point between thousands"),
        (["-1,5", "2"], -1.5, "decimal comma"),
        (["0,283", "2"], 0.283, "decimal comma;"),
        (["\u22121.5", "2"], -1.5, "decimal point"),
        (["+1.5e3", "2"], 1500, "decimal point"),
        (["1.234", "2"], 1.234, "decimal point"),
        ([".5", "2."], 0.5, "decimal point"),
    ],
)
def test_numbers_are_read_as_they_are_meant(file, capsys, cells, value, words):
    text = "petal;kind\n" + "".join(f"{cells[row % 2]};{'aabb'[row % 4]}\n" for row in range(12))
    dataset = file(text).load()
    # Two values: after scaling their difference is (value - 2) / deviation.
    train = np.array([[value, 2][int(origin.removeprefix("line ")) % 2] for origin in dataset.origins])
    np.testing.assert_allclose(dataset.x[:, 0], (train - train.mean()) / train.std(), rtol=1e-6)
    assert words in capsys.readouterr().err


def test_a_comma_with_two_meanings_is_asked_for(file):
    text = "price;kind\n" + "".join(f"{row},234;{'ab'[row % 2]}\n" for row in range(1, 13))
    assert "numbers must have one meaning, got '1,234'" in refusal(file(text))
    thousands = file(text, thousands="comma").load()
    decimals = file(text, decimal="comma").load()
    np.testing.assert_allclose(thousands.x, decimals.x, rtol=1e-6)  # a thousand times as much, scaled


def test_a_decimal_comma_is_found_far_down_the_file(file, capsys):
    text = "petal;kind\n" + "".join(f"{row};{'ab'[row % 2]}\n" for row in range(2000)) + "0,5;a\n"
    assert file(text).load().n == 1601
    assert "decimal comma" in capsys.readouterr().err


def test_points_and_commas_before_decimals_do_not_go_together(file):
    text = COMMAS + "1.5;2;a\n"
    assert "hold finite numbers in numeric columns, got petal='1.5' in line 14" in refusal(file(text))


@given(st.floats(-1e9, 1e9), st.sampled_from(["", ".", " ", "'"]))
def test_a_number_with_a_decimal_comma_is_read_back(value, sign):
    written = f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", sign)
    found = find_format([written, "0,25"])
    assert found.decimal == "comma"
    assert found.value(written) == float(f"{value:.2f}")


@given(st.text(max_size=8))
def test_what_matches_a_format_has_a_value(cell):
    for decimal, thousands in (("point", "none"), ("comma", "point"), ("point", "blank")):
        numbers = NumberFormat(decimal, thousands)
        if re.match(numbers.pattern, cell, re.ASCII):
            assert np.isfinite(numbers.value(cell)) or abs(numbers.value(cell)) == np.inf


# Separators


def test_the_label_tells_which_separator_is_meant(file):
    text = "x;1,kind,y;2\n" + "".join(f"{row}.5,{'ab'[row % 2]},{row % 3}\n" for row in range(12))
    assert file(text).load().x.shape == (10, 2)


def test_two_possible_separators_are_asked_for(file):
    text = "a;kind;b,kind,c\n" + "1;a;2,a,3\n" * 4
    assert "have one separator, got lines that comma or semicolon would split" in refusal(file(text))


def test_without_a_header_the_label_tells_the_separator_by_its_number(file):
    text = "1,5;2;a\n2,5;4;b\n" * 4  # two columns by commas, three by semicolons
    assert file(text, label="column_3", header=False).load().x.shape[1] == 2


def test_a_separator_may_be_said(file, plain):
    assert same(file(COMMAS, separator="semicolon").load(), plain)
    assert "have the columns kind" in refusal(file(COMMAS, separator="tab"))


# Files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(20), "a spreadsheet or document of Microsoft Office"),
        (zipped(**{"[Content_Types]__dot__xml": "x", "a__dot__xml": "y"}), "a spreadsheet or document"),
        (zipped(x__dot__npy="x"), "numpy arrays, which dataset=arrays reads"),
        (zipped(a__dot__csv=PLAIN, b__dot__csv=PLAIN), "a zip file of 2 files"),
        (b"\x93NUMPY" + bytes(20), "a numpy array"),
        (b"\x89PNG" + bytes(20), "an image"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "Zstandard"),
        (b"SQLite format 3\0" + bytes(20), "an SQLite database"),
        (PLAIN.encode() + b"\0\0", "zero bytes"),
        (bytes(range(256)), "zero bytes"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-9], "ended before the end-of-stream marker"),
        (bz2.compress(PLAIN.encode())[:-9], "ended before the end-of-stream marker"),
        (lzma.compress(PLAIN.encode())[:-9], "ended before the end-of-stream marker"),
        (b"\x1f\x8b" + bytes(30), "readable"),
        (zipped(a__dot__csv=PLAIN)[:-9], "not a zip file"),
        (b"PAR1" + bytes(30), "readable"),
        ("petal,kind\n" + "x" * 200_000 + ",a\n", "field larger than field limit (131072) in line 2"),
    ],
)
def test_what_is_no_table_is_named(file, content, words):
    assert words in refusal(file(content))


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "pipe", "a pipe"),
        (Path("/dev/zero"), "a device"),
        (tmp_path, "a folder"),
    ):
        message = refusal(CSV(str(path), "kind"))
        assert words in message
        assert "regular file" in message


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(file, monkeypatch):
    monkeypatch.setattr(_container, "MAX_BYTES", 100_000)
    assert "more than 97.7 KiB after decompression" in refusal(file(gzip.compress(PLAIN.encode() * 1000)))


def test_a_file_above_the_limit_is_refused(file, monkeypatch):
    monkeypatch.setattr(_container, "MAX_BYTES", 100)
    assert "at most 100 bytes are read" in refusal(file(PLAIN))


@pytest.fixture
def parquet(tmp_path):
    def describe(**columns):
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table(columns), tmp_path / "table.parquet")
        return CSV(str(tmp_path / "table.parquet"), "kind")

    return describe


def test_parquet_is_read_like_text(parquet, plain, capsys):
    import pyarrow as pa

    petal, size, kind = zip(*ROWS, strict=True)
    dataset = parquet(
        petal=petal, size=pa.array(size, pa.int8()), kind=pa.array(kind).dictionary_encode()
    ).load()
    assert same(dataset, plain)
    assert dataset.origins[0] == f"row {int(plain.origins[0].removeprefix('line ')) - 1}"
    assert "12 rows, Parquet" in capsys.readouterr().err
    assert same(parquet(__index_level_0__=range(12), petal=petal, size=size, kind=kind).load(), plain)


@pytest.mark.parametrize(
    ("petal", "words"),
    [
        ([1.0, None], "no missing cells, got petal in row 2"),
        ([1.0, float("nan")], "no missing cells, got petal in row 2"),
        ([1.0, float("inf")], "finite numbers in numeric columns, got petal='inf' in row 2"),
        ([1.0, 1e300], "at most 3.4e+38, the largest of float32, got petal='1e+300' in row 2"),
        ([[1], [2]], "hold numbers or text, got petal of type list"),
        ([b"1", b"2"], "hold numbers or text, got petal of type binary"),
    ],
)
def test_a_fault_in_parquet_is_named_with_its_row(parquet, petal, words):
    assert words in refusal(parquet(petal=petal * 4, kind=["a", "b"] * 4))


def test_an_index_of_pandas_is_no_feature_though_its_values_repeat(parquet, capsys):
    source = parquet(petal=[1.0, 2.0, 3.0, 4.0], kind=list("abab"), __index_level_0__=["r", "s", "r", "s"])
    assert source.rows().x.shape == (4, 1)
    assert "numbers (1): petal; left out: '' (index);" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [pa.binary(2), pa.binary_view(), pa.large_binary()])
def test_bytes_are_no_text(parquet, kind):
    source = parquet(petal=[1.0, 2.0], code=pa.array([b"xy", b"zw"], kind), kind=list("ab"))
    with pytest.raises(DatasetUnavailable, match=r"hold numbers or text, got code of type .*binary"):
        source.rows()


def test_labels_in_parquet_may_be_numbers(parquet):
    for labels in ([0, 1], [0.0, 1.0]):
        assert parquet(petal=range(8), kind=labels * 4).load().classes == ("0", "1")
    assert parquet(petal=range(8), kind=[True, False] * 4).load().classes == ("false", "true")


PEAK = """
import resource, sys
import pyarrow.csv, pyarrow.compute
from winnow.dataset.csv import CSV
CSV(sys.argv[1], "kind").load()  # what is loaded once, by the first table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
dataset = CSV(sys.argv[2], "kind").load()
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(grown / (dataset.x.nbytes + dataset.x_test.nbytes))
"""


def test_a_table_takes_less_than_three_times_its_matrix(file, tmp_path):
    """50,000 rows of 64 numbers: 30 MB of text, 12.8 MB as float32."""
    small = file(PLAIN, "small.csv")
    cells = np.random.default_rng(0).normal(size=(50_000, 64))
    large = tmp_path / "large.csv"
    with large.open("w") as stream:
        stream.write(",".join(f"c{at}" for at in range(64)) + ",kind\n")
        for row, values in enumerate(cells.tolist()):
            stream.write(",".join(f"{value:.6f}" for value in values) + f",{'ab'[row % 2]}\n")
    command = [sys.executable, "-c", PEAK, small.file, str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert float(done.stdout) < 3
