import json

from mlflow import MlflowClient

from winnow.tracker import _process

KILLED = """
import os, signal, sys
from pathlib import Path
from winnow.tracker.mlflow import MLflow

store = MLflow().open(Path(sys.argv[1]))
with store.run("killed", key="killed", params={}, tags={}) as run:
    run.metrics({"test_acc_median": 90.0})
    if sys.argv[2] == "here":
        os.kill(os.getpid(), signal.SIGKILL)
    import mlflow
    mlflow.MlflowClient.set_terminated = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

PARENTS = """
import os, sys
from pathlib import Path
from winnow.tracker.mlflow import MLflow

for _ in range(4):
    if os.fork() == 0:
        state_dir = Path(sys.argv[1])
        parent = MLflow().open(state_dir).parent("s", "name")
        (state_dir / f"{os.getpid()}.id").write_text(parent)
        os._exit(0)
sys.exit(sum(os.wait()[1] for _ in range(4)))
"""


def all_runs(store) -> list:
    """What MLflow has, the latest run first."""
    client = MlflowClient(store.destination.uri)
    experiment = client.get_experiment_by_name(store.destination.experiment)
    return client.search_runs([experiment.experiment_id]) if experiment else []


def only_run(store):
    (run,) = all_runs(store)
    return run


def test_a_killed_run_stays_running_until_it_is_reaped(store, child):
    assert child(KILLED, store.state_dir, "here").returncode == -9
    killed = only_run(store)
    assert killed.info.status == "RUNNING"
    with store.run("alive", key="alive", params={}, tags={}) as alive:
        assert store.reap() == 1
        assert store.send() is None
        alive.metrics({"test_acc_median": 95.0})
    kept = store.destination.client.get_run(killed.info.run_id)
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"] == f"process {killed.data.tags['winnow.pid']} died"
    assert kept.data.metrics == {"test_acc_median": 90.0}
    assert store.reap() == 0
    assert list((store.state_dir / "unsent").iterdir()) == []


def test_a_run_killed_just_before_its_status_was_sent_is_finished_by_the_next_command(store, child):
    assert child(KILLED, store.state_dir, "before the status").returncode == -9
    assert only_run(store).info.status == "RUNNING"
    assert store.reap() == 0
    assert store.send() is None
    finished = only_run(store)
    assert finished.info.status == "FINISHED"
    assert store.finished("killed") == finished.info.run_id


def test_half_a_line_of_a_killed_process_is_no_line(store, child):
    assert child(KILLED, store.state_dir, "here").returncode == -9
    (folder,) = (store.state_dir / "unsent").iterdir()
    with (folder / "lines.jsonl").open("a") as lines:
        lines.write('{"metrics": [["test_acc", 0, 9')
    assert store.reap() == 1
    assert store.send() is None
    assert only_run(store).info.status == "FAILED"


def test_the_dead_of_another_host_are_left_alone(store, monkeypatch):
    monkeypatch.setattr(_process.socket, "gethostname", lambda: "another-host")
    parent = store.parent("s", "name")
    monkeypatch.undo()
    folder = store.state_dir / "unsent" / parent
    about = json.loads((folder / "run.json").read_text())
    about["process"]["winnow.pid"] = "4194305"  # beyond any pid
    (folder / "run.json").write_text(json.dumps(about))
    assert about["process"]["winnow.host"] == "another-host"
    assert store.reap() == 0


def test_four_processes_share_one_parent(store, child):
    result = child(PARENTS, store.state_dir)
    assert result.returncode == 0, result.stderr
    ids = {path.read_text() for path in store.state_dir.glob("*.id")}
    assert ids == {store.parent("s", "name")}
    assert store.parent("another sweep", "name") not in ids
    assert all_runs(store) == []  # nothing belongs to it yet


def test_a_parent_is_in_the_store_before_its_first_run(store):
    parent = store.parent("s", "sweep s")
    with store.run("name", key="key", params={}, tags={}, parent=parent) as run:
        child, above = all_runs(store)
        run.metrics({"test_acc_median": 95.0})
    assert above.info.run_name == "sweep s"
    assert above.info.status == "RUNNING"
    assert child.data.tags["mlflow.parentRunId"] == above.info.run_id


def test_a_closed_parent_keeps_its_files(store, tmp_path):
    (tmp_path / "table.csv").write_text("selector,k")
    store.close_parent(store.parent("s", "name"), "FAILED", artifacts=[tmp_path / "table.csv"])
    kept = only_run(store)
    assert kept.info.status == "FAILED"
    folder = store.state_dir / "artifacts" / kept.info.run_id / "artifacts"
    assert [path.name for path in folder.iterdir()] == ["table.csv"]


def test_closing_a_parent_has_the_last_word_on_it(store, child):
    parent = store.parent("s", "sweep s")
    folder = store.state_dir / "unsent" / parent
    about = json.loads((folder / "run.json").read_text())
    about["process"]["winnow.process_start"] = "1"  # as if another process had made it, and died
    (folder / "run.json").write_text(json.dumps(about))
    assert store.reap() == 1
    assert store.send() is None
    assert only_run(store).info.status == "FAILED"
    store.close_parent(parent, "FINISHED")
    assert only_run(store).info.status == "FINISHED"
