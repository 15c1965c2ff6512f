"""Launchers are chosen by one word, and refused before anything is submitted where they cannot work."""

import os
from pathlib import Path

import pytest

from winnow.command.launchers import READY, check, made_ready, side_by_side
from winnow.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf" / "hydra" / "launcher"


def test_the_name_of_every_configuration_is_that_of_a_launcher_made_ready():
    names = {path.stem for path in CONF.glob("*.yaml")}
    assert {made_ready(f"hydra/launcher={name.removeprefix(READY)}") for name in names} == {
        f"hydra/launcher={name}" for name in names
    }


@pytest.mark.parametrize("word", ["hydra/launcher=mine", "hydra.launcher.n_jobs=2", "+hydra/launcher=joblib"])
def test_other_words_stay_as_they_are(word):
    assert made_ready(word) == word


@pytest.mark.parametrize(
    ("name", "settings", "jobs", "at_once"),
    [
        ("joblib", {"n_jobs": -1}, 12, 8),
        ("joblib", {"n_jobs": -1}, 3, 3),  # three jobs have all cores between them
        ("joblib", {"n_jobs": -3}, 12, 6),
        ("joblib", {"n_jobs": 2}, 12, 2),
        ("submitit_local", {"array_parallelism": None}, 12, 8),
        ("submitit_local", {"array_parallelism": 4}, 12, 4),
        ("submitit_slurm", {"array_parallelism": 64}, 12, 1),  # each has cores of its own
        ("basic", {}, 12, 1),
    ],
)
def test_jobs_that_run_at_once_on_eight_cores(name, settings, jobs, at_once):
    for spelled in (name, READY + name):
        assert side_by_side(spelled, settings, jobs, cores=8) == at_once


def programs(folder, **scripts):
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_slurm_is_refused_where_it_is_not_or_keeps_no_accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("basic", "joblib", "winnow_submitit_local"):
        check(name)
    with pytest.raises(InvalidValue, match="Slurm must be installed, got no sbatch"):
        check("winnow_submitit_slurm")
    programs(tmp_path, sbatch="exit 0", sacct="echo 'Slurm accounting storage is disabled' >&2; exit 1")
    with pytest.raises(InvalidValue, match=r"Slurm must keep accounts.*disabled.*slurmdbd"):
        check("winnow_submitit_slurm")
    programs(tmp_path, sacct="exit 0")
    check("winnow_submitit_slurm")
