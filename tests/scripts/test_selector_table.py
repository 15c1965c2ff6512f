"""All selectors side by side, from jobs that are made up here: nothing is trained."""

from pathlib import Path

import pytest

from winnow.report.rows import Row, write_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "selector_table.py"
OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none"}


def job(number, selector, budget, accuracies, labels_read=0):
    shared = {"k": budget, "budget": budget, "network": "mlp", "options": OPTIONS}
    key = f"uniform-{budget}"
    seconds = {"embed": 1.5, "cluster": 3.0, "select": 1.5, "train": 60.0}
    chosen = {"accuracies": accuracies, "labels_read": labels_read or budget, "seconds": seconds}
    return [
        Row(number, "ok", "uniform", key=key, accuracies=[90.0, 91.0, 92.0], labels_read=budget, **shared),
        Row(number, "ok", selector, key=f"{selector}-{budget}", baseline=key, **chosen, **shared),
    ]


@pytest.fixture
def lines(fork_server, tmp_path):
    """The table of three jobs, as the script prints it."""
    folder = tmp_path / "runs" / "a-sweep"
    folder.mkdir(parents=True)
    jobs = [
        job(0, "nearest", 10, [95.0, 96.0, 97.0]),
        job(1, "nearest", 20, [90.0, 91.0, 95.0]),
        job(2, "moderate", 20, [93.0, 94.0, 95.0], labels_read=5000),
    ]
    write_rows(folder / "sweep.json", [row for rows in jobs for row in rows])
    done = fork_server.run(SCRIPT, f"state_dir={tmp_path}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_best_at_the_largest_budget_comes_first(lines):
    assert lines[0] == "dataset=toy, model=mlp, augment=none, n=3 or more"
    assert [line.split()[1] for line in lines[4:7]] == ["moderate", "nearest", "uniform"]


def test_a_line_gives_medians_differences_labels_and_the_seconds_to_choose_once(lines):
    assert "| moderate |  | 94.00 (+3.0) | 5,000 | 2.0 |" in lines
    assert "| nearest | 96.00 (+5.0) | 91.00 (+1.0) | of kept rows | 2.0 |" in lines
    assert "| uniform | 91.00 | 91.00 | of kept rows | 0.0 |" in lines
