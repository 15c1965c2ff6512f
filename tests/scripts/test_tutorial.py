"""The tutorial runs from its first line to its last, as a person would run it, and keeps its promises."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "tutorial.py"


@pytest.mark.slow
def test_it_goes_from_load_to_figure_without_a_warning(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "WINNOW_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": str(SCRIPT.parents[1] / "src")},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "state" / "tutorial"
    assert {path.name for path in folder.iterdir()} == {"kept.csv", "kept.png", "accuracy.png"}
    assert len(list(csv.DictReader((folder / "kept.csv").read_text().splitlines()))) == 100
    assert len(re.findall(r"^ (?:nearest|random|uniform) ", done.stdout, re.MULTILINE)) == 6
    assert "nearest: median" in done.stdout


def test_it_is_a_notebook_of_cells_with_text_between_them():
    text = SCRIPT.read_text()
    kinds = re.findall(r"^# %%( \[markdown\])?$", text, re.MULTILINE)
    assert len(kinds) >= 8
    assert kinds[::2] == [" [markdown]"] * len(kinds[::2])
    assert set(kinds[1::2]) == {""}
