"""The published grid beside jobs that are made up here: nothing is trained."""

from pathlib import Path

import pytest
from PIL import Image

from winnow.report.rows import Row, write_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "reference_table.py"
THEIR_RECIPE = {
    "dataset": "mnist",
    "augment": "none",
    "embedding": "pca",
    "model": "lenet5_batchnorm",
    "clusterer": "minibatch",
    "trainer.epochs": "5.0",
    "trainer.min_steps": "1",
    "trainer.steps": "None",
}
OUR_RECIPE = THEIR_RECIPE | {
    "model": "lenet5",
    "clusterer": "kmeans",
    "trainer.epochs": "25.0",
    "trainer.min_steps": "1000",
}


@pytest.fixture
def table(fork_server, tmp_path):
    def written(*jobs, **settings):
        folder = tmp_path / "state" / "runs" / "a-sweep"
        folder.mkdir(parents=True)
        write_rows(folder / "sweep.json", [row for rows in jobs for row in rows])
        words = [f"{name}={value}" for name, value in settings.items()]
        done = fork_server.run(SCRIPT, f"state_dir={tmp_path / 'state'}", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "state" / "report" / "reference.md").read_text().splitlines()

    return written


def job(number, options, accuracies, baseline, selector="nearest"):
    shared = {"budget": 600, "network": options["model"], "options": options}
    key = f"uniform-{number}"
    return [
        Row(number, "ok", "uniform", k=600, key=key, accuracies=baseline, **shared),
        Row(number, "ok", selector, k=50, key=f"{number}", baseline=key, accuracies=accuracies, **shared),
    ]


def test_every_published_cell_has_its_line_though_nothing_was_run(table, tmp_path):
    lines = table()
    assert len(lines) == 2 + 42 + 1
    assert "| 600 | nearest | 50 | 86.2 (84.1 to 87.3) |  |  |" in lines
    assert "| 60,000 | full |  | 98.7 (98.5 to 99.0) |  |  |" in lines
    with Image.open(tmp_path / "state" / "report" / "reference.png") as picture:
        assert picture.width > 1000


def test_jobs_stand_in_the_column_of_their_recipe(table):
    lines = table(
        job(0, THEIR_RECIPE, [80.0, 81.0, 85.0], [90.0, 91.0, 92.0]),
        job(1, OUR_RECIPE, [95.0] * 5, [96.0] * 5),
        job(2, OUR_RECIPE | {"augment": "affine_elastic"}, [99.0] * 5, [99.0] * 5),
        job(3, OUR_RECIPE | {"embedding": "identity"}, [12.0] * 5, [12.0] * 5),
    )
    published = "86.2 (84.1 to 87.3)"
    assert f"| 600 | nearest | 50 | {published} | 81.0 (80.0 to 85.0, n=3) | 95.0 (95.0 to 95.0) |" in lines
    (uniform,) = [line for line in lines if line.startswith("| 600 | uniform")]
    assert uniform.endswith("| 91.0 (90.0 to 92.0, n=3) | 96.0 (96.0 to 96.0) |")


def test_another_grid_can_stand_in_its_place(table, tmp_path):
    (tmp_path / "grid.csv").write_text("selector,k,budget,accuracy\nhybrid,7,70,50.0\nhybrid,7,70,60.0\n")
    lines = table(reference=tmp_path / "grid.csv")
    assert lines[2:] == ["| 70 | hybrid | 7 | 55.0 (50.0 to 60.0, n=2) |  |  |"]
