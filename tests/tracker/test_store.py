import os
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from mlflow import MlflowClient
from omegaconf import OmegaConf

from winnow.errors import InvalidValue
from winnow.tracker.mlflow import MLflow
from winnow.tracker.none import NoTracking
from winnow.tracking import Run, Store, Tracker

CONFIGS = sorted((Path(__file__).parents[2] / "conf" / "tracker").glob("*.yaml"))

FINISHED = """
import sys
from winnow.tracker.mlflow import MLflow

with MLflow().open(sys.argv[1]).run("name", key="other", params={}, tags={}) as run:
    run.metrics({"test_acc_median": 90.0})
"""


def keep(store: Store, key: str = "key", **params: object):
    with store.run("name", key=key, params=params, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    return all_runs(store)[0]


def all_runs(store) -> list:
    """What MLflow has, the latest run first."""
    client = MlflowClient(store.destination.uri)
    experiment = client.get_experiment_by_name(store.destination.experiment)
    return client.search_runs([experiment.experiment_id]) if experiment else []


def only_run(store):
    (run,) = all_runs(store)
    return run


def failing(store: Store, fault: BaseException):
    with pytest.raises(type(fault)), store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
        raise fault
    return only_run(store)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_tracker_takes_a_run_and_refuses_what_is_not_finite(path, state_dir):
    tracker = instantiate(OmegaConf.load(path))
    assert isinstance(tracker, Tracker)
    store = tracker.open(state_dir)
    assert isinstance(store, Store)
    store.check()
    parent = store.parent("sweep", "all of it")
    with store.run("name", key="key", params={"k": 3}, tags={}, parent=parent) as run:
        assert isinstance(run, Run)
        run.text("k: 3", "config.yaml")
        run.curve("loss", np.float32([1, 0.5]))
        run.metrics({"test_acc_median": 95.0})
    store.close_parent(parent, "FINISHED")
    assert store.reap() == 0
    assert store.send() is None
    with pytest.raises(InvalidValue, match="metric 'test_acc' must be finite, got nan at step 3"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"test_acc": float("nan")}, step=3)
    with pytest.raises(InvalidValue, match="metric 'loss' must be finite, got inf at step 1"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.curve("loss", np.float32([1, np.inf]))


def test_a_run_is_running_inside_and_finished_after(store):
    with store.run("nearest k=3", key="key", params={"k": 3}, tags={"winnow.sweep": "s"}) as run:
        assert only_run(store).info.status == "RUNNING"
        run.metrics({"test_acc_median": 95.0})
    kept = only_run(store)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "nearest k=3"
    assert kept.data.params == {"k": "3"}
    assert kept.data.metrics == {"test_acc_median": 95.0}
    assert kept.data.tags["winnow.key"] == "key"
    assert kept.data.tags["winnow.sweep"] == "s"
    assert kept.data.tags["winnow.pid"] == str(os.getpid())


def test_an_exception_makes_the_run_failed_and_is_kept(store):
    kept = failing(store, ZeroDivisionError("x" * 1000))
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"] == "ZeroDivisionError: " + "x" * 500
    assert kept.data.metrics == {"test_acc_median": 95.0}


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(0), GeneratorExit()], ids=repr)
def test_an_interrupt_makes_the_run_killed(store, stop):
    assert failing(store, stop).info.status == "KILLED"


def test_a_run_without_its_result_is_failed(store):
    with pytest.raises(InvalidValue, match="must have logged test_acc_median, got test_acc"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"test_acc": 95.0})
    assert only_run(store).info.status == "FAILED"
    assert store.finished("key") is None


def test_a_value_that_is_not_finite_is_never_stored(store):
    with pytest.raises(InvalidValue), store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": float("inf")})
    kept = only_run(store)
    assert kept.info.status == "FAILED"
    assert kept.data.tags["error"].startswith("InvalidValue: metric 'test_acc_median' must be finite")
    assert kept.data.metrics == {}


def test_a_value_the_store_refuses_makes_the_run_failed(store):
    with pytest.raises(InvalidValue, match="the tracking store refused"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.metrics({"no such * name": 1.0})
    assert only_run(store).info.status == "FAILED"


def test_finished_finds_only_finished_runs_of_its_experiment(store):
    assert store.finished("key") is None
    failing(store, ValueError("no"))
    assert store.finished("key") is None
    run = keep(store)
    assert store.finished("key") == run.info.run_id
    assert store.finished("another key") is None
    assert MLflow(experiment="another").open(store.state_dir).finished("key") is None
    assert MLflow(uri="http://127.0.0.1:9").open(store.state_dir).finished("key") is None


def test_the_same_key_may_be_finished_in_two_experiments(store):
    first, second = keep(store), keep(MLflow(experiment="another").open(store.state_dir))
    assert store.finished("key") == first.info.run_id
    assert MLflow(experiment="another").open(store.state_dir).finished("key") == second.info.run_id


def test_nothing_is_finished_in_a_database_that_was_removed_and_made_anew(store, child):
    keep(store)
    (store.state_dir / "mlflow.db").unlink()
    assert store.finished("key") is None
    made = child(FINISHED, store.state_dir)
    assert made.returncode == 0, made.stderr
    assert store.finished("key") is None
    assert store.finished("other")


def test_a_damaged_record_of_a_finished_run_is_none(store):
    keep(store)
    (record,) = (store.state_dir / "finished").iterdir()
    record.write_text("{")
    assert store.finished("key") is None


def test_histories_have_one_value_per_repetition(store):
    with store.run("name", key="key", params={}, tags={}) as run:
        for step in range(5):
            run.metrics({"test_acc": 90.0 + step}, step)
        run.metrics({"test_acc_median": 92.0})
    history = store.destination.client.get_metric_history(only_run(store).info.run_id, "test_acc")
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
    run_id = only_run(store).info.run_id
    history = store.destination.client.get_metric_history(run_id, "loss")
    history = sorted(history, key=lambda point: point.step)
    assert [point.step for point in history] == steps
    assert [point.value for point in history] == values[steps].tolist()


def test_any_number_of_params_is_stored(store):
    params = {f"p{number}": number for number in range(250)}
    assert keep(store, **params).data.params == {name: str(n) for name, n in params.items()}


def test_files_lie_under_the_state_folder(store, tmp_path):
    (tmp_path / "kept.txt").write_text("1 4")
    with store.run("name", key="key", params={}, tags={}) as run:
        run.artifact(tmp_path / "kept.txt", "subset")
        run.text("k: 3", "config.yaml")
        run.metrics({"test_acc_median": 92.0})
    folder = store.state_dir / "artifacts" / only_run(store).info.run_id / "artifacts"
    assert (folder / "subset" / "kept.txt").read_text() == "1 4"
    assert (folder / "config.yaml").read_text() == "k: 3"


def test_a_missing_artifact_is_not_blamed_on_the_store(store, tmp_path):
    with pytest.raises(InvalidValue, match="artifact must be a file"):  # noqa: SIM117
        with store.run("name", key="key", params={}, tags={}) as run:
            run.artifact(tmp_path / "missing")


@pytest.mark.parametrize("name", ["../outside", "a/../../../outside", "/outside"])
def test_an_artifact_never_leaves_its_folder(store, name):
    with (
        pytest.raises(InvalidValue, match="must lie below"),
        store.run("n", key="k", params={}, tags={}) as run,
    ):
        run.text("x", name)


def test_a_deleted_experiment_is_named_with_its_remedy(store):
    keep(store)
    store.destination.client.delete_experiment(store.destination.open_experiment())
    with pytest.raises(InvalidValue, match="mlflow experiments restore"):
        keep(MLflow().open(store.state_dir))


def test_of_two_state_folders_that_create_an_experiment_at_once_the_second_takes_that_of_the_first(
    store, tmp_path
):
    uri = store.destination.uri
    first, second = (MLflow(uri, "new").open(tmp_path / name).destination for name in "ab")
    assert first.create().experiment_id == second.create().experiment_id


def test_telemetry_is_off_and_retries_are_few_unless_the_user_says_otherwise(state_dir, child, monkeypatch):
    code = "from winnow.tracker.mlflow import MLflow; import os, sys; MLflow().open(sys.argv[1]).prepare(); "
    code += (
        "print(*(os.environ['MLFLOW_' + name] for name in ('DISABLE_TELEMETRY', 'HTTP_REQUEST_MAX_RETRIES')))"
    )
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    assert child(code, state_dir).stdout.split() == ["true", "1"]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    assert child(code, state_dir).stdout.split() == ["true", "3"]


def test_asking_whether_a_run_is_finished_imports_no_mlflow(store, child):
    keep(store)
    code = "import sys; from winnow.tracker.mlflow import MLflow; store = MLflow().open(sys.argv[1]); "
    code += "store.check(); store.reap(); assert store.finished('key'); store.send(); "
    code += "print('mlflow' in sys.modules, 'sqlalchemy' in sys.modules)"
    assert child(code, store.state_dir).stdout.split() == ["False", "False"]


def test_without_a_tracker_nothing_is_ever_finished(tmp_path):
    store = NoTracking().open(tmp_path)
    with store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    assert store.finished("key") is None
    assert list(tmp_path.iterdir()) == []
