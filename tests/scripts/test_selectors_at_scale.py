"""What a selector takes on many rows, from few rows: estimates by hand, and one real process."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def at_scale(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("selectors_at_scale")


def test_what_grows_with_the_square_is_estimated_by_the_square(at_scale):
    seen = {100: at_scale.Seen(2.0, 0), 200: at_scale.Seen(8.0, 0)}
    assert at_scale.growth(seen) == pytest.approx(2.0)
    assert at_scale.estimate(seen, 1000) == pytest.approx(200.0)
    assert at_scale.cell(None, 200.0, 60) == "(about 200 s)"


def test_nothing_is_estimated_from_one_size_or_from_too_short_times(at_scale):
    assert at_scale.growth({100: at_scale.Seen(2.0, 0)}) is None
    assert at_scale.growth({100: at_scale.Seen(0.01, 0), 200: at_scale.Seen(9.0, 0)}) is None


def test_what_was_ended_is_not_tried_on_more_rows(at_scale):
    seen = {100: at_scale.Seen(np.inf, 0)}
    assert at_scale.estimate(seen, 200) == np.inf
    assert at_scale.cell(seen[100], np.inf, 60) == "over 60 s"
    assert at_scale.cell(None, np.inf, 60) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_selector_is_timed_in_a_process_of_its_own(at_scale, tmp_path):
    at_scale.prepare(tmp_path, 300, 10)
    line = at_scale.line("nearest", {}, tmp_path, [300], kept=10, clusters=10, most=60)
    cells = [cell.strip() for cell in line.strip("| ").split("|")]
    assert cells[0] == "nearest"
    assert cells[1].endswith(" s")
