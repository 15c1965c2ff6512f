"""The same question has one answer, however it is asked and by how many processes."""

import csv
import json
import re
import socket
import sqlite3
from base64 import b64encode
from contextlib import closing
from statistics import median

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


def test_a_sweep_is_finished_tracked_and_told_in_one_tree(reference):
    rows = reference.rows()
    assert [(row["selector"], row["status"]) for row in rows] == [("nearest", "ok"), ("random", "ok")]
    assert rows[0]["baseline"] == rows[1]["baseline"] != ""
    uniform = reference.accuracies()["uniform", 20]
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
    assert table["uniform"] == median(uniform)
    assert reference.temporary() == []


def test_a_sweep_leaves_one_page_that_answers_and_the_tracker_keeps_it(reference):
    sweep = next((reference.state / "runs").iterdir())
    page, marked = ((sweep / name).read_text() for name in ("report.html", "report.md"))
    assert re.search(r"20 of 1,438 images by (nearest|random)", page)
    assert "2 jobs: 2 computed" in page
    assert "2 jobs: 2 computed" in marked
    assert "python train.py -m " in page
    best = re.search(r"kept/(nearest|random)_k20_b20/kept\.csv, 20 rows", marked.replace("\\", ""))[1]
    listed = (sweep / "kept" / f"{best}_k20_b20" / "kept.csv").read_bytes()
    assert b64encode(listed).decode() in page  # the list to download is the list
    assert page.count("data:image/webp;base64,") == 1
    assert len(page) < 3_000_000
    (kept,) = reference.state.glob("artifacts/*/artifacts/report.html")
    assert kept.read_text() == page


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


def test_the_same_line_again_leaves_the_same_table_and_figure_and_loads_nothing_heavy(finished, reference):
    ended = finished.done("-m", "selector=nearest,random", env={"PYTHONPROFILEIMPORTTIME": "1"})
    first, again = next((reference.state / "runs").iterdir()), max((finished.state / "runs").iterdir())
    assert table_of(finished) == [line | {"status": "cached"} for line in table_of(reference)]
    assert (again / "accuracy.png").read_bytes() == (first / "accuracy.png").read_bytes()
    loaded = set(re.findall(r"^import time:.*\| +(\w+)$", ended.stderr, re.MULTILINE))
    assert "numpy" in loaded
    assert loaded.isdisjoint(["torch", "pytorch_lightning", "mlflow"])


def test_part_of_a_sweep_asked_by_itself_has_a_table_and_a_figure_of_its_own(finished):
    finished.done("selector=random")
    assert [row["status"] for row in finished.rows()] == ["cached"]
    assert [line["selector"] for line in table_of(finished)] == ["random", "uniform"]
    figures = [path.read_bytes() for path in finished.state.glob("runs/*/accuracy.png")]
    assert len(figures) == len(set(figures)) == 2


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
    files = finished.state.glob("runs/*/kept/*/kept.json")
    (file,) = [path for path in files if json.loads(path.read_text())["selector"] == "Nearest()"]
    finished.done(f"subset_file='{file.with_suffix('.csv')}'", "k=7", "seeds=1", "tracker=none")
    (row,) = finished.rows()
    assert (row["selector"], row["budget"]) == ("from_file", 20)
    # Repetition 0 had the same rows, the same initial weights and the same batches before.
    assert row["accuracies"] == reference.accuracies()["nearest", 20][:1]


def test_a_changed_file_of_kept_rows_is_refused(finished):
    file = next(finished.state.glob("runs/*/kept/*/kept.csv"))
    file.write_text(file.read_text().replace("\n", "\n1,1,1,,,0\n", 1))
    before = finished.entries()
    ended = finished.run(f"subset_file='{file}'")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: subset_file must match the sha256 in kept.json")
    assert ended.stderr.count("\n") == 1
    assert finished.entries() == before


@pytest.fixture(scope="module")
def on_two_networks(reference, tmp_path_factory):
    """The finished sweep, asked again what its kept rows are worth to another network."""
    copied = reference.copy_to(tmp_path_factory.mktemp("networks"))
    copied.ended = copied.done("-m", "selector=nearest,random", "transfer=[mlp]")
    yield copied
    copied.end()


def test_another_network_learns_from_the_same_rows_and_nothing_else_is_computed(on_two_networks, reference):
    assert on_two_networks.entries("subset") == reference.entries("subset")
    # Two selectors and the baseline, two repetitions each.
    assert len(on_two_networks.entries("trained")) == len(reference.entries("trained")) + 6
    assert on_two_networks.accuracies() == reference.accuracies()
    on_mlp = on_two_networks.accuracies("mlp")
    assert set(on_mlp) == {("nearest", 20), ("random", 20), ("uniform", 20)}
    assert {len(accuracies) for accuracies in on_mlp.values()} == {2}
    baselines = [row for row in on_two_networks.all_rows() if row["selector"] == "uniform"]
    assert [row["network"] for row in baselines] == ["lenet5", "mlp"] * 2
    assert baselines[1]["accuracies"] == baselines[3]["accuracies"]


def test_table_csv_and_tracker_tell_what_rows_are_worth_to_the_other_network(on_two_networks):
    assert on_two_networks.ended.stdout.count("on mlp ") == 2 + 3  # after each job, and in the table
    cells = {(line["selector"], line["network"]): line for line in table_of(on_two_networks)}
    assert len(cells) == 6
    expected = on_two_networks.accuracies("mlp")["nearest", 20]
    assert float(cells["nearest", "mlp"]["median"]) == median(expected)
    (run,) = [
        run
        for run in on_two_networks.tracked()
        if (run.get("selector"), run.get("transfer")) == ("nearest", "mlp")
    ]
    assert run["status"] == "FINISHED"
    recorded = metrics(on_two_networks.state / "mlflow.db", run["winnow.key"])
    assert recorded["test_acc_median_mlp"] == pytest.approx(median(expected), abs=0.006)
    expected = float(cells["nearest", "mlp"]["delta_uniform"])
    assert recorded["delta_uniform_mlp"] == pytest.approx(expected, abs=0.006)
    expected = float(cells["nearest", "lenet5"]["delta_uniform"])
    assert recorded["delta_uniform"] == pytest.approx(expected, abs=0.006)


def test_asked_again_the_other_network_is_found_too(on_two_networks):
    before = on_two_networks.entries("trained")
    on_two_networks.done("selector=random", "transfer=mlp")
    assert [row["status"] for row in on_two_networks.rows()] == ["cached"]
    assert on_two_networks.entries("trained") == before


def test_a_model_from_another_network_is_the_same_training(on_two_networks):
    before = on_two_networks.entries("trained")
    on_two_networks.done("selector=random", "model=mlp")
    assert on_two_networks.entries("trained") == before


def test_the_pairs_and_the_kept_classes_are_recorded(reference):
    (run,) = [run for run in reference.tracked() if run.get("selector") == "nearest"]
    recorded = metrics(reference.state / "mlflow.db", run["winnow.key"])
    assert recorded["wins"] + recorded["ties"] + recorded["losses"] == 2
    assert recorded["delta_uniform_low"] <= recorded["delta_uniform"] <= recorded["delta_uniform_high"]
    assert 0.5 <= recorded["p_sign_flip"] <= 1
    assert recorded["select_seconds"] > 0
    (line,) = [line for line in table_of(reference) if line["selector"] == "nearest"]
    assert sum(map(int, line["rows_of_class"].split())) == 20
    assert line["labels_read"] == "20"
    assert float(line["select_seconds"]) == pytest.approx(recorded["select_seconds"], rel=1e-3)
    assert int(line["absent_classes"]) >= recorded["absent_classes"]


def test_equal_epochs_train_small_budgets_for_fewer_steps(bare):
    epochs = ("trainer.match=epochs", "trainer.epochs=2", "trainer.steps=null", "trainer.batch_size=8")
    ended = bare.done("-m", "selector=uniform", "k=8,20", "seeds=1", "tracker=none", *epochs)
    losses = [np.load(path) for path in bare.state.glob("cache/trained/*/*/losses.npy")]
    assert sorted(map(len, losses)) == [2 * 1, 2 * 3]
    assert "every budget was trained for 2 passes over its rows" in " ".join(ended.stdout.split())


def metrics(database, key):
    """The latest value of every metric of the run with this key."""
    statement = """
        select latest_metrics.key, latest_metrics.value from latest_metrics
        join tags on tags.run_uuid = latest_metrics.run_uuid
        where tags.key = 'winnow.key' and tags.value = ?"""
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute(statement, (key,)).fetchall())


def table_of(command):
    """The lines of results.csv of the latest command."""
    with (max((command.state / "runs").iterdir()) / "results.csv").open() as file:
        return list(csv.DictReader(file))


def test_without_a_tracker_there_is_no_database(odd_sizes):
    assert sorted(path.name for path in odd_sizes.state.iterdir()) == ["cache", "runs"]


def test_the_whole_set_and_uniform_are_their_own_baselines(odd_sizes):
    rows = [row for row in odd_sizes.rows() if row["selector"] in ("full", "uniform")]
    assert sorted(row["budget"] for row in rows) == [1, 9, 1438, 1438]
    assert all(row["baseline"] in ("", row["key"]) for row in rows)
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
    recorded = bare.done("selector=uniform", "k=20", "tracker=none", "verbose=true").stderr
    assert len(re.findall(r"uniform k=20 budget=20: [\d.]+ %, computed: .*train [\d.]+ s", recorded)) == 2


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


def test_k_named_after_a_budget_that_is_swept_follows_it(bare):
    steps = ("trainer.steps=2", "tracker=none")
    bare.done("-m", "selector=uniform", "k=${budget}", "budget=8,20", "seeds=1", *steps)
    assert [(row["k"], row["budget"]) for row in table_of(bare)] == [("8", "8"), ("20", "20")]
