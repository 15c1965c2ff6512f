"""Every experiment opens the door; those without training, and one with, are run from the command line."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from winnow.config import build

ROOT = Path(__file__).parents[1]
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
NEEDED = {"cats_dogs": ["dataset.folder=photos"]}


def run(state_dir, *arguments):
    return subprocess.run(
        [sys.executable, "train.py", f"state_dir={state_dir}", "n_jobs=1", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_it_composes_and_says_how_it_is_run(experiment):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        plan = build(compose("config", [f"experiment={experiment}", *NEEDED.get(experiment, [])]))
    assert plan.settings.seeds >= 1
    header = (ROOT / "conf" / "experiment" / f"{experiment}.yaml").read_text()
    assert header.startswith("# @package _global_\n")
    assert f"experiment={experiment}" in header


@pytest.mark.slow
def test_a_study_prints_its_table_and_leaves_its_figure_with_the_tracker(tmp_path):
    done = run(tmp_path, "experiment=kmeans_2d")
    assert done.returncode == 0, done.stderr
    assert "scikit-learn" in done.stdout
    kept = sorted(path.name for path in (tmp_path / "artifacts").rglob("kmeans_2d.*"))
    assert kept == ["kmeans_2d.csv", "kmeans_2d.png"]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        ((status,),) = database.execute("select status from runs").fetchall()
    database.close()
    assert status == "FINISHED"


@pytest.mark.slow
def test_a_study_that_fails_is_one_line_and_a_failed_run(tmp_path):
    done = run(tmp_path, "experiment=kmeans_2d", "dataset=classification")
    assert done.returncode == 1
    assert "error: dataset must have two features to be drawn" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert database.execute("select status from runs").fetchall() == [("FAILED",)]
    database.close()


@pytest.mark.slow
def test_density_sampling_trains_and_compares(tmp_path):
    done = run(tmp_path, "experiment=density_sampling", "seeds=1", "tracker=none")
    assert done.returncode == 0, done.stderr
    assert "against uniform" in done.stdout
