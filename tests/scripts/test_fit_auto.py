"""The table that `auto` was fitted to: no test row in it, and every selector at every budget."""

import csv
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from winnow.dataset.digits import Digits

SCRIPTS = Path(__file__).parents[2] / "scripts"
TINY = ("seeds=1", "trainer.steps=5", "n_jobs=1")


@pytest.fixture
def fit_auto(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("fit_auto")


@pytest.fixture
def digits(monkeypatch, fit_auto):
    """Cut the digits as a case that changes them would."""

    def cut(change):
        cases = {"some": fit_auto.Case([], [], change)}
        monkeypatch.setattr(fit_auto, "CASES", cases)
        return fit_auto.HeldOut(Digits(), "some").load()

    return cut


def as_set(images):
    return {image.tobytes() for image in images}


def test_rows_are_held_out_of_the_training_set_and_none_comes_from_the_test_set(fit_auto, digits):
    whole, cut = Digits().load(), digits(fit_auto.unchanged)
    assert cut.n + len(cut.y_test) == whole.n
    assert len(cut.y_test) == pytest.approx(whole.n / 6, abs=5)
    assert as_set(cut.x) | as_set(cut.x_test) == as_set(whole.x)
    assert not as_set(cut.x) & as_set(cut.x_test)


def test_turned_images_are_turned_by_quarters(fit_auto, digits):
    before, after = digits(fit_auto.unchanged), digits(fit_auto.turned)
    for old, new in zip(before.x_test, after.x_test, strict=True):
        assert any((np.rot90(old, quarter, axes=(1, 2)) == new).all() for quarter in range(4))
    upright = [(old == new).all() for old, new in zip(before.x, after.x, strict=True)]
    assert np.mean(upright) == pytest.approx(0.25, abs=0.06)


def test_grain_leaves_labels_and_what_an_image_shows(fit_auto, digits):
    before, after = digits(fit_auto.unchanged), digits(fit_auto.grained)
    assert after.y.tolist() == before.y.tolist()
    assert np.corrcoef(before.x.ravel(), after.x.ravel())[0, 1] == pytest.approx(0.8, abs=0.15)


@pytest.mark.slow
def test_every_selector_is_tried_at_every_budget_and_found_again(tmp_path):
    of_the_tests = ("WINNOW_", "PYTEST_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(of_the_tests)}
    env |= {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, SCRIPTS / "fit_auto.py", "cases=digits", "selector=random,auto", *TINY]
    tables = []
    for _ in range(2):
        ended = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200)
        assert ended.returncode == 0, ended.stderr
        tables.append((tmp_path / "state" / "fit_auto.csv").read_text())
    assert tables[0] == tables[1]
    records = list(csv.DictReader(tables[0].splitlines()))
    assert [int(record["budget"]) for record in records] == [20, 50, 100, 200, 400]
    ratios = [float(record["ratio"]) for record in records]
    assert ratios == sorted(ratios, reverse=True)
    # With 50 and with 100 rows `auto` keeps those of `random`: nothing is trained twice.
    assert len(list(tmp_path.glob("state/cache/trained/*/*/entry.json"))) == 8
