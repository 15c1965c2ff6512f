"""The same question has one answer, however it is asked and by how many processes."""

import csv
import json
import re
import socket
import sqlite3
from contextlib import closing
from statistics import median

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


def test_a_sweep_is_finished_tracked_and_told_in_one_tree(reference):
    rows = reference.rows()
    assert [(row["selector"], row["status"]) for row in rows] == [("nearest", "ok"), ("random", "ok")]
    assert rows[0]["baseline"] == rows[1]["baseline"]
    runs = reference.tracked()
    assert {run["status"] for run in runs} == {"FINISHED"}
    # One parent, the two selectors, and the baseline once though both needed it.
    selectors = sorted(run.get("selector", "sweep") for run in runs)
    assert selectors == ["nearest", "random", "sweep", "uniform"]
    sweep = next((reference.state / "runs").iterdir())
    assert {run["winnow.sweep"] for run in runs} == {sweep.name}
    assert (sweep / "accuracy.png").stat().st_size > 0
    with (sweep / "results.csv").open() as file:
        table = {row["selector"]: float(row["median"]) for row in csv.DictReader(file)}
    assert table["nearest"] == median(rows[0]["accuracies"])
    assert table["uniform"] == median(rows[0]["baseline"])
    assert reference.temporary() == []


def test_the_labels_it_took_and_the_worst_class_are_recorded(reference):
    labels = {run["selector"]: run["labels_read"] for run in reference.tracked() if "selector" in run}
    assert labels == {"nearest": "20", "random": "20", "uniform": "20"}
    with closing(sqlite3.connect(reference.state / "mlflow.db")) as connection:
        steps = connection.execute("select step from metrics where key = 'worst_class_acc'").fetchall()
    assert sorted(steps) == [(0,)] * 3 + [(1,)] * 3
    for path in reference.state.glob("runs/*/kept/*/*.json"):
        assert sum(json.loads(path.read_text())["rows_of_class"].values()) == 20


def test_everything_is_written_to_the_state_folder_whatever_its_name(reference):
    assert reference.folder.name == "a b é 日本, x=1"
    assert [path.name for path in reference.folder.iterdir()] == ["state"]
    assert len(list(reference.state.glob("artifacts/*/artifacts/kept/*.csv"))) == 6


def test_the_same_line_again_computes_nothing_and_adds_no_run(finished, reference):
    before, runs = finished.entries(), len(finished.tracked())
    ended = finished.done("-m", "selector=nearest,random")
    assert [row["status"] for row in finished.rows()] == ["cached", "cached"]
    assert ended.stdout.count("[cached]") == 2
    assert finished.entries() == before
    assert len(finished.tracked()) == runs
    assert finished.accuracies() == reference.accuracies()


@pytest.mark.parametrize(("n_jobs", "threads"), [("2", "2"), ("1", "4")])
def test_numbers_do_not_depend_on_processes_or_threads(bare, reference, n_jobs, threads):
    bare.done(f"n_jobs={n_jobs}", "tracker=none", env={"OMP_NUM_THREADS": threads})
    expected = reference.accuracies()
    assert bare.accuracies() == {cell: expected[cell] for cell in [("nearest", 20), ("uniform", 20)]}


def test_another_learning_rate_is_another_run_and_nobody_else_is_told(finished):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        proxies = {
            "HTTP_PROXY": address,
            "HTTPS_PROXY": address,
            "http_proxy": address,
            "https_proxy": address,
        }
        finished.done("selector=uniform", "trainer.learning_rate=0.003", env=proxies)
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):  # telemetry would have asked the proxy
            proxy.accept()
    runs = [run for run in finished.tracked() if run.get("selector") == "uniform"]
    assert {run["trainer.learning_rate"] for run in runs} == {"0.006", "0.003"}
    assert len({run["winnow.key"] for run in runs}) == 2
    assert finished.rows()[0]["status"] == "ok"


def test_kept_rows_can_be_trained_on_again_and_stay_the_same_rows(finished, reference):
    files = finished.state.glob("runs/*/kept/*/*-0.json")
    (file,) = [path for path in files if json.loads(path.read_text())["selector"] == "Nearest()"]
    finished.done(f"subset_file='{file.with_suffix('.csv')}'", "k=7", "seeds=1", "tracker=none")
    (row,) = finished.rows()
    assert (row["selector"], row["budget"]) == ("from_file", 20)
    # Repetition 0 had the same rows, the same initial weights and the same batches before.
    assert row["accuracies"] == reference.accuracies()["nearest", 20][:1]


def test_a_changed_file_of_kept_rows_is_refused(finished):
    file = next(finished.state.glob("runs/*/kept/*/*-0.csv"))
    file.write_text(file.read_text().replace("\n", "\n1,1,,\n", 1))
    before = finished.entries()
    ended = finished.run(f"subset_file='{file}'")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: subset_file must match the sha256 in repetition-0.json")
    assert ended.stderr.count("\n") == 1
    assert finished.entries() == before


def test_without_a_tracker_there_is_no_database(odd_sizes):
    assert sorted(path.name for path in odd_sizes.state.iterdir()) == ["cache", "runs"]


def test_the_whole_set_and_uniform_are_their_own_baselines(odd_sizes):
    rows = [row for row in odd_sizes.rows() if row["selector"] in ("full", "uniform")]
    assert sorted(row["budget"] for row in rows) == [1, 9, 1438, 1438]
    assert all(row["baseline"] == row["accuracies"] for row in rows)
    assert len(odd_sizes.entries("clustering")) == 2  # for nearest alone: k=1 and k=9


def test_any_number_of_rows_is_trained_for_all_its_steps(odd_sizes):
    losses = [np.load(path) for path in odd_sizes.state.glob("cache/trained/*/*/losses.npy")]
    assert [len(curve) for curve in losses] == [20] * 5
    assert all(np.isfinite(curve).all() for curve in losses)


def test_a_single_class_can_be_learnt_and_is_warned_of(bare):
    images = bare.folder / "images" / "only"
    images.mkdir(parents=True)
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(images / f"{number}.png")
    folder = f"dataset.folder='{bare.folder}/images'"
    where = ("dataset=image_folder", folder, "dataset.size=32", "tracker=none")
    ended = bare.done(*where, "k=3", "seeds=1", "embedding.components=4")
    assert bare.rows()[0]["accuracies"] == [100.0]
    assert ended.stderr.count("warning: all training rows are of one class") == 1


def test_verbose_tells_every_repetition_and_what_it_cost(bare):
    told = bare.done("selector=uniform", "k=20", "tracker=none", "verbose=true").stderr
    assert len(re.findall(r"uniform k=20 budget=20: [\d.]+ %, computed: .*train [\d.]+ s", told)) == 2


def test_mnist_sweeps_from_the_real_files(bare, data_dir):
    bare.done("-m", "dataset=mnist", f"data_dir='{data_dir}'", "selector=nearest,furthest", "seeds=1")
    nearest, furthest = bare.rows()
    assert nearest["options"]["dataset"] == "mnist"
    assert nearest["baseline"] == furthest["baseline"]
    assert len(bare.entries("clustering")) == 1
    for path in bare.state.glob("runs/*/kept/*/*.csv"):
        with path.open() as file:
            kept = [int(row["index"]) for row in csv.DictReader(file)]
        assert kept == sorted(set(kept))
        assert len(kept) == 20
