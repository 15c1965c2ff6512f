import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from winnow.errors import InvalidValue, TryLater
from winnow.tracker.mlflow import MLflow, NoTracker, Run, Store, Tracker

CONFIGS = sorted((Path(__file__).parents[2] / "conf" / "tracker").glob("*.yaml"))

KILLED = """
import os, signal, sys
from pathlib import Path
from winnow.tracker.mlflow import MLflow

store = MLflow().open(Path(sys.argv[1]))
with store.run("killed", key="killed", params={}, tags={}) as run:
    run.metrics({"test_acc_median": 90.0})
    if sys.argv[2] == "here":
        os.kill(os.getpid(), signal.SIGKILL)
    from mlflow import MlflowClient
    MlflowClient.set_terminated = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""

PARENTS = """
import os, sys
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from winnow.tracker.mlflow import MLflow

for _ in range(4):
    if os.fork() == 0:
        state_dir = Path(sys.argv[1])
        parent = MLflow().open(state_dir).parent("s", "name")
        (state_dir / f"{os.getpid()}.id").write_text(parent)
        os._exit(0)
sys.exit(sum(os.wait()[1] for _ in range(4)))
"""


def keep(store: Store, key: str = "key", **params: object) -> str:
    with store.run("name", key=key, params=params, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    return run.id


def info(store, run_id: str):
    return store._client.get_run(run_id)


def failing(store: Store, fault: BaseException) -> str:
    with pytest.raises(type(fault)), store.run("name", key="key", params={}, tags={}) as run:  # noqa: PT012
        run.metrics({"test_acc_median": 95.0})
        raise fault
    return run.id


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_tracker_takes_a_run_and_refuses_what_is_not_finite(path, state_dir):
    tracker = instantiate(OmegaConf.load(path))
    assert isinstance(tracker, Tracker)
    store = tracker.open(state_dir)
    assert isinstance(store, Store)
    parent = store.parent("sweep", "all of it")
    with store.run("name", key="key", params={"k": 3}, tags={"mlflow.parentRunId": parent}) as run:
        assert isinstance(run, Run)
        run.text("k: 3", "config.yaml")
        run.curve("loss", np.float32([1, 0.5]))
        run.metrics({"test_acc_median": 95.0})
    store.close_parent(parent, "FINISHED", metrics={"jobs": 1})
    assert store.reap() == 0
    with pytest.raises(InvalidValue, match="metric 'test_acc' must be finite, got nan at step 3"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"test_acc": float("nan")}, step=3)
    with pytest.raises(InvalidValue, match="metric 'loss' must be finite, got inf at step 1"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.curve("loss", np.float32([1, np.inf]))


def test_a_run_is_running_inside_and_finished_after(store):
    with store.run("nearest k=3", key="key", params={"k": 3}, tags={"winnow.command.sweep": "s"}) as run:
        assert info(store, run.id).info.status == "RUNNING"
        run.metrics({"test_acc_median": 95.0})
    kept = info(store, run.id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "nearest k=3"
    assert kept.data.params == {"k": "3"}
    assert kept.data.metrics == {"test_acc_median": 95.0}
    assert kept.data.tags["winnow.key"] == "key"
    assert kept.data.tags["winnow.command.sweep"] == "s"
    assert kept.data.tags["winnow.pid"] == str(os.getpid())


def test_an_exception_makes_the_run_failed_and_is_kept(store):
    kept = info(store, failing(store, ZeroDivisionError("x" * 1000)))
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"] == "ZeroDivisionError: " + "x" * 500
    assert kept.data.metrics == {"test_acc_median": 95.0}


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(0), GeneratorExit()], ids=repr)
def test_an_interrupt_makes_the_run_killed(store, stop):
    assert info(store, failing(store, stop)).info.status == "KILLED"


def test_a_run_without_its_result_is_failed(store):
    with pytest.raises(InvalidValue, match="must have logged test_acc_median, got test_acc"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"test_acc": 95.0})
    assert info(store, run.id).info.status == "FAILED"
    assert store.finished("key") is None


def test_a_value_that_is_not_finite_is_never_stored(store):
    with pytest.raises(InvalidValue), store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": float("inf")})
    kept = info(store, run.id)
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"].startswith("InvalidValue: metric 'test_acc_median' must be finite")
    assert kept.data.metrics == {}


def test_a_value_the_store_refuses_makes_the_run_failed(store):
    with pytest.raises(InvalidValue, match="the tracking store refused"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"no such * name": 1.0})
    assert info(store, run.id).info.status == "FAILED"


def test_a_killed_run_stays_running_until_it_is_reaped(store, child):
    assert child(KILLED, store.state_dir, "here").returncode == -9
    [[run_id, tags]] = store._search("attributes.run_name = 'killed'")
    assert info(store, run_id).info.status == "RUNNING"
    with store.run("alive", key="alive", params={}, tags={}) as alive:
        assert store.reap() == 1
        alive.metrics({"test_acc_median": 95.0})
    kept = info(store, run_id)
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"] == f"process {tags['winnow.pid']} died"
    assert store.reap() == 0


def test_a_kill_just_before_the_status_leaves_an_unfinished_run(store, child):
    assert child(KILLED, store.state_dir, "before the status").returncode == -9
    assert store.finished("killed") is None
    assert store.reap() == 1


def test_the_dead_of_another_host_are_left_alone(store):
    store._create("elsewhere", {"winnow.host": "another-host", "winnow.pid": "1"})
    assert store.reap() == 0


def test_finished_finds_only_finished_and_active_runs_of_its_experiment(store):
    assert store.finished("key") is None
    failing(store, ValueError("no"))
    assert store.finished("key") is None
    run_id = keep(store)
    assert store.finished("key") == run_id
    assert store.finished("another key") is None
    assert MLflow(experiment="another").open(store.state_dir).finished("key") is None
    store._client.delete_run(run_id)
    assert store.finished("key") is None


def test_histories_have_one_value_per_repetition(store):
    with store.run("name", key="key", params={}, tags={}) as run:
        for step in range(5):
            run.metrics({"test_acc": 90.0 + step}, step)
        run.metrics({"test_acc_median": 92.0})
    history = store._client.get_metric_history(run.id, "test_acc")
    assert [(point.step, point.value) for point in history] == [(step, 90.0 + step) for step in range(5)]


@pytest.mark.parametrize(
    ("length", "every", "steps"),
    [(7, 3, [0, 3, 6]), (8, 3, [0, 3, 6, 7]), (1, 10, [0]), (0, 1, []), (2500, 1, list(range(2500)))],
)
def test_a_thinned_curve_keeps_its_last_step(store, length, every, steps):
    values = np.linspace(1, 0, length, dtype=np.float32)
    with store.run("name", key="key", params={}, tags={}) as run:
        run.curve("loss", values, every)
        run.metrics({"test_acc_median": 92.0})
    history = sorted(store._client.get_metric_history(run.id, "loss"), key=lambda point: point.step)
    assert [point.step for point in history] == steps
    assert [point.value for point in history] == values[steps].tolist()


def test_any_number_of_params_is_stored(store):
    params = {f"p{number}": number for number in range(250)}
    assert info(store, keep(store, **params)).data.params == {name: str(n) for name, n in params.items()}


def test_files_lie_under_the_state_folder(store, tmp_path):
    (tmp_path / "kept.txt").write_text("1 4")
    with store.run("name", key="key", params={}, tags={}) as run:
        run.artifact(tmp_path / "kept.txt", "subset")
        run.text("k: 3", "config.yaml")
        run.metrics({"test_acc_median": 92.0})
    folder = store.state_dir / "artifacts" / run.id / "artifacts"
    assert (folder / "subset" / "kept.txt").read_text() == "1 4"
    assert (folder / "config.yaml").read_text() == "k: 3"


def test_a_missing_artifact_is_not_blamed_on_the_store(store, tmp_path):
    with pytest.raises(InvalidValue, match="artifact must be a file"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.artifact(tmp_path / "missing")


def test_four_processes_share_one_parent(store, child):
    result = child(PARENTS, store.state_dir)
    assert result.returncode == 0, result.stderr
    ids = {path.read_text() for path in store.state_dir.glob("*.id")}
    assert ids == {store.parent("s", "name")}
    assert store.parent("another sweep", "name") not in ids


def test_a_closed_parent_keeps_its_numbers_and_files(store, tmp_path):
    (tmp_path / "table.csv").write_text("selector,k")
    parent = store.parent("s", "name")
    store.close_parent(parent, "FAILED", metrics={"failed_jobs": 1}, artifacts=[tmp_path / "table.csv"])
    kept = info(store, parent)
    assert kept.info.status == "FAILED"
    assert kept.data.metrics == {"failed_jobs": 1}
    assert [file.path for file in store._client.list_artifacts(parent)] == ["table.csv"]


def test_a_deleted_experiment_is_named_with_its_remedy(store):
    keep(store)
    store._client.delete_experiment(store._experiment_id)
    with pytest.raises(InvalidValue, match="mlflow experiments restore"):
        keep(MLflow().open(store.state_dir))


def test_a_server_that_is_down_is_noticed_before_any_work(tmp_path):
    with pytest.raises(TryLater, match="tracking store unreachable"):
        MLflow(uri="http://127.0.0.1:9").open(tmp_path)


def test_a_fault_never_shows_the_password(tmp_path):
    store = MLflow(uri="postgresql://me:secret@host/db").open(tmp_path)
    with pytest.raises(TryLater) as caught, store.reaching():
        raise ConnectionError("no route")
    assert caught.value.where == "postgresql://host/db"


def test_telemetry_is_off_and_retries_are_few_unless_the_user_says_otherwise(tmp_path):
    code = "from winnow.tracker.mlflow import MLflow; import os, sys; MLflow().open(sys.argv[1]); print(*("
    code += "os.environ['MLFLOW_' + name] for name in ('DISABLE_TELEMETRY', 'HTTP_REQUEST_MAX_RETRIES')))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    for extra, expected in (({}, "true 1"), ({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}, "true 3")):
        command = [sys.executable, "-c", code, str(tmp_path)]
        printed = subprocess.run(command, env=environment | extra, capture_output=True, text=True).stdout
        assert printed.strip() == expected


def test_without_a_tracker_nothing_is_ever_finished(tmp_path):
    store = NoTracker().open(tmp_path)
    with store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    assert store.finished("key") is None
    assert list(tmp_path.iterdir()) == []
