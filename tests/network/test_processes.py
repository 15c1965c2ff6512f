"""How processes are started, and what travels to them."""

import os

import numpy as np

from winnow.network.processes import environment, packed, start_context, unpacked


def test_a_mapped_array_travels_as_the_name_of_its_file(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10_000))
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "r")
    sent = packed({"x": mapped})
    assert len(sent) < 1000
    assert unpacked(sent)["x"].tolist() == list(range(10_000))


def test_a_part_of_a_mapped_array_travels_by_value(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(6))
    part = np.lib.format.open_memmap(tmp_path / "x.npy", "r")[2:4]
    assert unpacked(packed(part)).tolist() == [2, 3]


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
