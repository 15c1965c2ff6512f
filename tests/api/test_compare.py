"""`winnow.compare`: the accuracies that a command finds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import winnow
from winnow.api import comparison
from winnow.command.configuration import composed
from winnow.command.sweep import Sweep
from winnow.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"


def test_the_accuracies_are_those_of_the_command(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.normal(size=(60, 5)).astype(np.float32) + 2 * np.eye(3, 5, dtype=np.float32)[y]
    np.savez(tmp_path / "X.npz", x=X, y=y)
    words = ["dataset=arrays", f"dataset.file='{tmp_path / 'X.npz'}'", "k=6", "seeds=2", "trainer.steps=20"]
    plan = composed(CONF, [*words, "n_jobs=1", "tracker=none", f"state_dir='{tmp_path / 'state'}'"])
    expected = Sweep.begin([plan], command="").run().as_dicts()
    settings = {"trainer.steps": 20}
    result = winnow.compare(X, y, budgets=[6], selectors=["nearest"], k=6, seeds=2, settings=settings)
    medians = {row["selector"]: row["median"] for row in expected}
    assert dict(zip(result.table["selector"], result.table["median"], strict=True)) == medians
    assert "against uniform" in repr(result)
    page = result.html(tmp_path / "result.html").read_text()
    assert "6 of 48 rows by nearest" in page
    assert "Pictures of the rows are on the page of python train.py." in page
    # The page inside a frame is escaped, so that it ends where the frame ends.
    assert result._repr_html_().count("<") == 2


ROWS = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
LABELS = np.repeat(np.arange(3), 4)
QUICK = {"budgets": [3], "selectors": ["random"], "seeds": 1, "settings": {"trainer.steps": 1}}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"X_test": ROWS}, "both or neither, got X_test without y_test"),
        ({"y_test": LABELS}, "both or neither, got y_test without X_test"),
        (
            {"X": pd.DataFrame(ROWS), "X_test": ROWS, "y_test": LABELS},
            "X_test must be None unless X is an array",
        ),
        ({"selectors": []}, "selectors must name at least one"),
        ({"budgets": ()}, "budgets must name at least one"),
        ({"budgets": [3, 1000]}, r"budget must lie in \[1, n=9\], got 1000"),
        ({"selectors": ["random", "neares"]}, "did you mean nearest"),
        ({"settings": {"seeds": 3}}, "seeds must be given once"),
        ({"settings": {"selector": "nearest"}}, "selector must be given once"),
        ({"model": "mlp", "settings": {"model": "linear"}}, "model must be given once"),
    ],
)
def test_what_would_be_ignored_or_fail_later_is_refused_before_anything_is_trained(
    monkeypatch, changes, complaint
):
    started = []
    monkeypatch.setattr(comparison, "_rows", lambda *job: started.append(job) or [])
    with pytest.raises(InvalidValue, match=complaint):
        winnow.compare(**{"X": ROWS, "y": LABELS} | QUICK | changes)
    assert started == []


def test_one_budget_and_one_selector_need_no_list():
    table = winnow.compare(ROWS, LABELS, **QUICK | {"budgets": "50%", "selectors": "random"}).table
    assert sorted(table["selector"]) == ["random", "uniform"]
    assert set(table["budget"]) == {4}  # half of nine, rounded to even


def test_other_networks_are_compared_too():
    settings = QUICK["settings"] | {"transfer": "[linear]"}
    table = winnow.compare(ROWS, LABELS, **QUICK | {"settings": settings}).table
    found = sorted(zip(table["selector"], table["network"], strict=True))
    assert found == [("random", "linear"), ("random", "mlp"), ("uniform", "linear"), ("uniform", "mlp")]
