"""What the machine has is told as it is."""

import os
import tomllib
from pathlib import Path

import pytest

from winnow.doctor import machine


def test_what_is_installed_is_what_winnow_asks_for():
    (found,) = machine.versions()
    assert found.verdict == "ok", found


def test_optional_parts_that_are_missing_are_told_with_the_line_that_adds_them():
    wanted = [
        "numpy>=2",
        "numpy>=2; extra == 'timm'",
        "no-such-distribution>=1; extra == 'clip'",
        "numpy>=2; extra == 'hf'",
        "numpy>=999; extra == 'hf'",
    ]
    present, missing = machine.extras(wanted)
    assert (present.verdict, present.seen) == ("ok", "installed: embedding=timm and model=timm")
    assert (missing.verdict, missing.about) == ("ok", "extras")
    assert missing.seen == "not installed: embedding=open_clip, dataset=huggingface by the name of a data set"
    assert missing.remedy == "pip install 'winnow-subset[clip,hf]' adds them"
    assert list(machine.extras([])) == []  # a copy of the code that was not installed


def test_every_extra_for_a_person_who_uses_winnow_is_told_of():
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    names = set(extras["project"]["optional-dependencies"])
    assert set(machine.EXTRAS) == names - {"all", "bench", "dev"}


def test_more_threads_than_cores_are_warned_of(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert machine.cores().verdict == "ok"
    monkeypatch.setenv("OMP_NUM_THREADS", str(10 * os.cpu_count()))
    found = machine.cores()
    assert found.verdict == "warning"
    assert "export OMP_NUM_THREADS=" in found.remedy


def test_the_cores_of_a_job_of_slurm_are_what_slurm_says(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert machine.cores().seen.startswith("1 of ")


def slurm_in(folder: Path, script: str) -> None:
    for name, text in {"sbatch": "", "sacct": script}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_slurm_is_asked_for_its_accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(machine.slurm()) == []
    slurm_in(tmp_path, "exit 0")
    assert [found.verdict for found in machine.slurm()] == ["ok"]
    slurm_in(tmp_path, "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    (found,) = machine.slurm()
    assert (found.verdict, found.seen) == (
        "warning",
        "keeps no accounts: Slurm accounting storage is disabled",
    )
