"""The table of every way to cluster many rows."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def scale(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("scale")


@pytest.mark.parametrize("way", ["memory", "map", "hierarchical"])
def test_a_fit_writes_what_it_took_and_the_inertia_of_a_row(scale, way, tmp_path):
    np.save(tmp_path / "X.npy", np.float32([[0], [2], [10], [12]]))
    scale.fit(str(tmp_path / "X.npy"), way, "2", "3", str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["inertia"] == 1  # every row is 1 from its centroid
    assert found["wall"] > 0
    assert found["cpu"] >= 0


def test_dask_is_given_as_many_workers_as_its_name_says(scale):
    assert [scale.clusterer_of(way, 5, 3).workers for way in ("dask1", "dask2")] == [1, 2]


def test_every_process_of_a_fit_is_in_its_line(scale, monkeypatch, tmp_path):
    def watched(words):
        Path(words[-1]).write_text('{"wall": 9.96, "cpu": 19.5, "inertia": 2.0}')
        million = importlib.import_module("million")
        return (
            12.0,
            0,
            [million.Memory("python", 300, 40), million.Memory("sh", 2, 1), million.Memory("w", 90)],
        )

    monkeypatch.setattr(scale, "watched", watched)
    cells = scale.line(tmp_path / "X.npy", 60_000, 600, 12, "dask1").split(" | ")
    assert cells[:6] == ["| 60,000", "600", "12", "dask1", "10.0", "19.5"]
    assert cells[8:] == ["2.0000", "300 + 90", "40 |"]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_way_is_refused_before_rows_are_made(scale, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["scale.py", f"folder={tmp_path / 'new'}", "way=map,spark"])
    assert scale.main() == 2
    assert "way some of memory,map" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_distances_by_hand(scale):
    # Of 1,000,000 rows each meets 10,000 centroids and as many candidates, 400 in 11 passes, 10,000 at last.
    assert scale.distances("map", 10**6, 10**4, 12) == 10**6 * (20_000 + 11 * 400 + 10_000)
    # 100 cells; in its cell 100 centroids, as many candidates and 5 passes; 400 in 12 passes and at last.
    assert scale.distances("hierarchical", 10**6, 10**4, 12) == 10**6 * (100 + 100 * 7 + 13 * 400)


def test_what_is_too_large_is_told_without_making_a_row(scale, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scale.py", "paper", "n=1000000", "k=10000", "way=hierarchical"])
    assert scale.main() == 0
    assert "| 1,000,000 | 10,000 | 12 | hierarchical | 6,000 | 7.8e+11 | 0.0 |" in capsys.readouterr().out
