"""Rows are written whole and read back as they were, or not at all."""

import json
import os
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import InvalidValue
from winnow.report.rows import FORMAT, Row, read_rows, write_rows

NUMBERS = st.lists(st.floats(0, 100), max_size=3)
TEXT = st.text(max_size=8)
FIELDS = st.fixed_dictionaries(
    {
        "job": st.integers(0, 999),
        "status": st.sampled_from(["ok", "cached", "failed", "interrupted", "pending"]),
        "selector": TEXT,
        "k": st.integers(1, 10**6),
        "budget": st.integers(1, 10**6),
        "network": TEXT,
        "key": TEXT,
        "baseline": TEXT,
        "code": TEXT,
        "accuracies": NUMBERS,
        "worst_class": NUMBERS,
        "rows_of_class": st.lists(st.lists(st.integers(0, 9), max_size=2), max_size=2),
        "labels_read": st.integers(0, 9),
        "seconds": st.dictionaries(TEXT, st.floats(0, 1e9), max_size=2),
        "options": st.dictionaries(TEXT, TEXT, max_size=2),
        "overrides": st.lists(TEXT, max_size=2),
        "reason": TEXT,
        "exit_code": st.integers(0, 143),
        "run_id": TEXT,
    }
)


@given(st.lists(FIELDS, max_size=3))
def test_what_is_written_is_read(tmp_path_factory, fields):
    rows = [Row(**each) for each in fields]
    path = tmp_path_factory.getbasetemp() / "rows.json"
    write_rows(path, rows)
    assert read_rows(path) == rows


def test_a_name_that_is_no_text_is_written_all_the_same(tmp_path, row):
    write_rows(tmp_path / "rows.json", [row(overrides=["dataset.folder=\udcff"])])
    assert read_rows(tmp_path / "rows.json")[0].overrides == ["dataset.folder=?"]


@pytest.fixture
def written(tmp_path, row):
    """A file of one row."""
    path = tmp_path / "rows.json"
    write_rows(path, [row()])
    return path


def fault(path):
    with pytest.raises(InvalidValue) as caught:
        read_rows(path)
    assert str(caught.value).count("\n") == 0
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused(written, part):
    content = written.read_bytes()
    written.write_bytes(content[: int(part * (len(content) - 2))])
    assert "must be whole" in fault(written)


def test_the_list_of_an_older_version_is_refused(written):
    written.write_text(json.dumps([{"job": 0, "status": "ok", "transfer": {}}]))
    assert "the format of an older version" in fault(written)


@pytest.mark.parametrize(
    "change",
    [
        {"format": FORMAT + 1},
        {"format": str(FORMAT)},
        {"rows": [{}]},
        {"rows": None},
    ],
)
def test_another_format_is_refused(written, change):
    written.write_text(json.dumps(json.loads(written.read_text()) | change))
    fault(written)


@pytest.mark.parametrize(
    "change",
    [
        {"accuracies": ["90.0"]},
        {"accuracies": [float("nan")]},
        {"accuracies": 90.0},
        {"k": "20"},
        {"k": 20.5},
        {"status": "done"},
        {"transfer": {}},
        {"options": {"k": 20}},
    ],
)
def test_a_row_with_a_foreign_field_or_value_is_refused(written, row, change):
    written.write_text(json.dumps({"format": FORMAT, "rows": [asdict(row()) | change]}))
    fault(written)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 100_000, b'"text"', b"null", b"<html>"])
def test_a_foreign_file_is_refused(written, content):
    written.write_bytes(content)
    fault(written)


def test_a_pipe_a_device_a_folder_and_nothing_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "zero", tmp_path):
        assert "no regular file" in fault(path)
    assert "No such file" in fault(tmp_path / "missing")


def test_a_field_with_control_characters_is_named_without_them(written, row):
    content = {"format": FORMAT, "rows": [asdict(row()) | {"\x1b[2J\n": 1}]}
    written.write_text(json.dumps(content))
    assert r"\x1b[2J\n" in fault(written)


def test_a_file_too_large_is_refused_unread(tmp_path):
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(2**40)  # takes no room on the disk
    assert "1,048,576 MiB, more than 256" in fault(tmp_path / "large")


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(written, row):
    before = written.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_rows(written, [row(accuracies=[float("nan")])])
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_a_row_is_its_own_baseline_unless_another_key_is_named(row):
    alone, itself, other = row(), row(key="a", baseline="a"), row(key="a", baseline="b")
    assert [each.is_own_baseline for each in (alone, itself, other)] == [True, True, False]


def test_a_network_is_another_one_than_the_jobs_own(row):
    named = [row(network=name).on_other_network for name in ("mlp", "lenet5", "")]
    assert named == [False, True, False]
    assert not row(options={}, network="lenet5").on_other_network
