"""Choosing from many rows, with few rows."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def million(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("million")


@pytest.mark.parametrize(("case", "shape"), [("images", (64, 64)), ("features", (64,))])
def test_rows_are_the_same_each_time_and_look_as_they_are_described(million, case, shape, tmp_path):
    for name in ("one.npy", "two.npy"):
        million.make(tmp_path / name, case, 30)
    rows = np.load(tmp_path / "one.npy")
    assert rows.shape == (30, *shape)
    assert rows.dtype == (np.uint8 if case == "images" else np.float32)
    assert rows.std(axis=0).min() > 0
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_largest_memory_of_a_process_is_seen(million):
    hold = "import time; held = bytearray(b'x') * 2**28; time.sleep(2)"  # 268 MB
    seconds, code, memory = million.watched([sys.executable, "-c", hold])
    assert code == 0
    assert seconds > 2
    assert 256 < memory[0].own < 300
    assert memory[0].own < memory[0].peak


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_table_is_printed_and_the_data_are_gone(million, monkeypatch, tmp_path, capfd):
    words = [f"folder={tmp_path}", "case=features", "features=500", "k=5", "tracker=none"]
    monkeypatch.setattr(sys, "argv", ["million.py", *words])
    assert million.main() == 0
    printed = capfd.readouterr().out
    assert re.search(r"500 features: \d+ s\n\n\| process \| own MB \| mapped MB \| peak MB \|", printed)
    assert re.search(r"\| python\S* \| [\d,]+ \| [\d,]+ \| [\d,]+ \|", printed)
    assert list(tmp_path.iterdir()) == []
