import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from winnow.tracker import _origin as origin
from winnow.tracker import _view as view
from winnow.tracker._run import NOTE
from winnow.tracker.mlflow import MLflow
from winnow.types import Dataset

PIXELS = np.zeros((3, 1, 2, 2), np.uint8)
SMALL = Dataset("small", PIXELS, np.int64([0, 1, 1]), PIXELS[:1], np.int64([0]), ("a", "b"))


def experiment(store):
    return MlflowClient(store.destination.uri).get_experiment_by_name("winnow")


def keep(store, parent: str = ""):
    with store.run("nearest_k3_b3", key="key", params={"k": 3}, tags={}, parent=parent) as run:
        run.dataset(SMALL, {"dataset": "small", "data_dir": "here"})
        run.metrics({"test_acc_median": 95.0})
        run.note("**95 %**")
    return MlflowClient(store.destination.uri).get_run(store.finished("key"))


def test_a_new_experiment_opens_on_the_numbers_of_its_runs(store):
    store.prepare()
    saved = json.loads(experiment(store).tags[view.TAG])
    assert saved["selectedColumns"][0] == "params.`selector`"
    assert saved["selectedColumns"][3:6] == [
        "metrics.`test_acc_median`",
        "metrics.`delta_uniform`",
        "metrics.`uniform_median`",
    ]
    assert set(saved["columnWidths"]) == set(saved["columnOrder"])
    number = experiment(store).experiment_id
    assert store.page("http://host") == view.page("http://host", number)


@pytest.mark.parametrize("tags", [{}, {view.TAG: "{}"}])
def test_an_experiment_of_an_earlier_version_gets_the_view(state_dir, tags):
    client = MlflowClient(f"sqlite:///{state_dir / 'mlflow.db'}")
    client.create_experiment("winnow", artifact_location="mlflow-artifacts:/", tags=tags)
    store = MLflow().open(state_dir)
    store.prepare()
    assert experiment(store).tags[view.TAG] == view.state()


def test_a_run_says_what_it_learnt_from_and_what_came_of_it(store):
    run = keep(store)
    assert run.data.tags[NOTE] == "**95 %**"
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("small", SMALL.checksum[:8])
    assert json.loads(used.dataset.source) == {"dataset": "small", "data_dir": "here"}
    assert json.loads(used.dataset.profile) == {
        "rows": 3,
        "test_rows": 1,
        "classes": 2,
        "shape_of_a_row": [1, 2, 2],
        "sha256": SMALL.checksum,
    }
    assert [(tag.key, tag.value) for tag in used.tags] == [("mlflow.data.context", "training")]


def test_a_parent_is_closed_with_its_note_and_its_numbers(store):
    parent = store.parent("s", "sweep", tags={"winnow.command": "k=3"})
    child = keep(store, parent)

    def summary(run) -> None:
        run.params({"best_selector": "nearest"})
        run.metrics({"best_test_acc_median": 95.0})
        run.note("| table |")

    store.close_parent(parent, "FINISHED", summary=summary)
    above = MlflowClient(store.destination.uri).get_run(child.data.tags["mlflow.parentRunId"])
    assert above.info.status == "FINISHED"
    assert above.data.params == {"best_selector": "nearest"}
    assert above.data.metrics == {"best_test_acc_median": 95.0}
    assert (above.data.tags[NOTE], above.data.tags["winnow.command"]) == ("| table |", "k=3")


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "commit.gpgsign=false")
    line = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_of_a_checkout_is_named_and_whether_files_differ_from_it(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    assert origin.commit_of(tmp_path) == ("", False)
    git(checkout, "init", "--quiet")
    (checkout / "file").write_text("a")
    git(checkout, "add", "file")
    git(checkout, "commit", "--quiet", "--message", "first")
    git(checkout, "tag", "--annotate", "v1", "--message", "tagged")
    head = git(checkout, "rev-parse", "HEAD")
    assert origin.commit_of(checkout) == (head, False)
    (checkout / "file").write_text("b")
    origin.commit_of.cache_clear()
    assert origin.commit_of(checkout) == (head, True)
