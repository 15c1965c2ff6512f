"""How processes are started, and what travels to them."""

import os
import tempfile

import numpy as np

from winnow.network.processes import environment, packed, start_context, unpacked


def test_a_mapped_array_travels_as_the_name_of_its_file(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10_000))
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "r")
    sent = packed({"x": mapped})
    assert len(sent) < 1000
    assert unpacked(sent)["x"].tolist() == list(range(10_000))


def test_a_part_of_a_mapped_array_travels_as_its_place_in_the_file(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(30_000).reshape(10_000, 3))
    part = np.lib.format.open_memmap(tmp_path / "x.npy", "r")[2:][10:9000, None]
    sent = packed(part)
    assert len(sent) < 1000
    np.testing.assert_array_equal(unpacked(sent), np.arange(36, 27_006).reshape(-1, 1, 3))


def test_rows_of_a_mapped_array_that_lie_apart_travel_by_value(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(6))
    part = np.lib.format.open_memmap(tmp_path / "x.npy", "r")[1::2]
    assert unpacked(packed(part)).tolist() == [1, 3, 5]


def test_an_array_in_a_file_without_a_name_travels_by_value(tmp_path):
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(np.arange(4).tobytes())
        file.flush()
        mapped = np.memmap(file, int, "r")
    assert unpacked(packed(mapped)).tolist() == [0, 1, 2, 3]


def test_the_order_of_axes_in_a_file_travels_with_it(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(np.arange(6).reshape(2, 3)))
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "r")
    assert unpacked(packed(mapped)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_variables_of_the_environment_are_as_they_were_after_the_block(monkeypatch):
    monkeypatch.setenv("WINNOW_ONE", "1")
    with environment({"WINNOW_ONE": "2", "WINNOW_TWO": "2"}):
        assert (os.environ["WINNOW_ONE"], os.environ["WINNOW_TWO"]) == ("2", "2")
    assert os.environ["WINNOW_ONE"] == "1"
    assert "WINNOW_TWO" not in os.environ


def test_where_there_is_no_fork_server_processes_are_spawned(monkeypatch):
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert start_context().get_start_method() == "spawn"
