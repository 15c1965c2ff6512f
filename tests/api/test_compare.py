"""`winnow.compare`: the accuracies that a command finds."""

from pathlib import Path

import numpy as np

import winnow
from winnow.command.configuration import composed
from winnow.command.sweep import Sweep

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
