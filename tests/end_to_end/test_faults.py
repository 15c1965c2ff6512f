"""What goes wrong is told truthfully, in one line, and takes nothing else with it."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_rows_of_other_data_are_refused_before_anything_is_computed_or_recorded(finished):
    rows = "".join(f"{index},9,,\n" for index in range(20))
    file = finished.folder / "foreign.csv"
    file.write_text("index,label,cluster,distance\n" + rows)
    before = len(finished.tracked())
    ended = finished.run(f"subset_file='{file}'")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("error: subset_file must agree with the labels")
    assert "Traceback" not in ended.stderr
    assert len(finished.tracked()) == before
    (row,) = finished.rows()
    assert row["status"] == "failed"
    assert "must agree with the labels of this data set" in row["reason"]


def test_the_other_jobs_of_a_sweep_go_on_and_every_failure_is_listed(finished):
    ended = finished.run("-m", "selector=nearest", "k=3000,20,4000")
    assert ended.returncode == 1
    assert [row["status"] for row in finished.rows()] == ["failed", "cached", "failed"]
    told = [line for line in ended.stdout.splitlines() if line.startswith("failed:")]
    assert "k=3000" in told[0]
    assert "k must lie in [1, n=1438], got 4000" in told[1]
    assert ended.stderr.splitlines()[-1] == "error: 2 of 3 jobs failed | listed above"


def test_a_loss_that_explodes_fails_the_run_and_is_averaged_into_nothing(command):
    ended = command.run("trainer.learning_rate=1e30", "selector=uniform", "seeds=1")
    assert ended.returncode == 1
    assert "non-finite loss at step" in ended.stderr.splitlines()[-1]
    (run,) = command.tracked()
    assert run["status"] == "FAILED"
    assert "non-finite loss at step" in run["error"]
    assert command.entries("trained") == {}
    (row,) = command.rows()
    assert (row["status"], row["accuracies"]) == ("failed", [])


TWO_JOBS = ("-m", "selector=uniform", "k=20,30", "seeds=1", "n_jobs=2", "trainer.steps=300", "tracker=none")


def test_a_task_whose_worker_is_killed_is_tried_again(command):
    process = command.start(*TWO_JOBS)
    os.kill(holder(command.wait_for("cache/locks/trained-*.holder")), signal.SIGKILL)
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 0, stderr
    assert [row["status"] for row in command.rows()] == ["ok", "ok"]


def test_a_worker_that_is_killed_again_fails_its_job_alone(command):
    process, killed = command.start(*TWO_JOBS), set()
    label = command.wait_for("cache/locks/trained-*.holder")
    while process.poll() is None:
        with suppress(OSError, IndexError):  # between two workers there is no label
            worker = int(label.read_text().split()[1])
            if worker not in killed:
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
        time.sleep(0.01)
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 1
    assert len(killed) == 2
    assert sorted(row["status"] for row in command.rows()) == ["failed", "ok"]
    assert "a worker process died" in stderr
    assert "Traceback" not in stderr


def holder(label: Path) -> int:
    """The process that a lock's label names, once it is written."""
    deadline = time.monotonic() + 10
    while not (words := label.read_text().split()):
        assert time.monotonic() < deadline
    return int(words[1])


def test_a_lock_whose_holder_is_stopped_is_given_up_naming_it(finished):
    cache, locks = finished.state / "cache", []
    for folder in cache.glob("trained/*/*"):
        locks.append(cache / "locks" / f"trained-{folder.name}.lock")
        shutil.rmtree(folder)
    code = (
        "import contextlib, os, pathlib, signal, sys\n"
        "from winnow.store.lock import hold\n"
        "with contextlib.ExitStack() as held:\n"
        "    for path in sys.argv[1:]: held.enter_context(hold(pathlib.Path(path), 5))\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    stopped = subprocess.Popen([sys.executable, "-c", code, *map(str, locks)], env=environment)
    try:
        os.waitpid(stopped.pid, os.WUNTRACED)
        ended = finished.run(env={"WINNOW_LOCK_TIMEOUT": "2"})
    finally:
        stopped.kill()
        stopped.wait()
    assert ended.returncode == 75
    assert f"pid {stopped.pid} on" in ended.stderr
    assert "Traceback" not in ended.stderr


def limit_files(size: int):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_results_that_cannot_be_cached_are_still_results(bare, reference):
    ended = bare.done("seeds=1", "tracker=none", preexec_fn=limit_files(64 * 1024))
    assert ended.stderr.count("could not be cached") == 1
    assert bare.entries("embedding") == {}
    assert bare.temporary() == []
    assert bare.rows()[0]["accuracies"] == reference.accuracies()["nearest", 20][:1]


def test_a_disk_too_full_for_the_tracking_store_means_try_later(bare):
    ended = bare.run("selector=uniform", preexec_fn=limit_files(512 * 1024))
    assert ended.returncode == 75, ended.stderr
    assert "tracking store could not be created" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (bare.state / "mlflow.db").exists()
    assert bare.entries("trained") == {}


def test_a_damaged_entry_is_computed_again_with_one_warning(finished, reference):
    (entry,) = _entries_of(finished, "nearest", "subset")
    content = bytearray((entry / "indices.npy").read_bytes())
    content[-1] ^= 1
    (entry / "indices.npy").write_bytes(content)
    for folder in finished.state.glob("runs/*/kept"):
        shutil.rmtree(folder)
    # Only a run that is not there yet asks for the kept rows again.
    ended = finished.done("seeds=1")
    assert ended.stderr.count("warning: a cached subset was damaged and is computed again") == 1
    assert finished.kept() <= reference.kept()
    assert finished.accuracies()["nearest", 20] == reference.accuracies()["nearest", 20][:1]


def _entries_of(command, selector, kind):
    """The cache entry of the first repetition's rows, as the kept rows' file names it."""
    for path in command.state.glob("runs/*/kept/*/kept.json"):
        about = json.loads(path.read_text())
        if selector in about["selector"].lower():
            yield from command.state.glob(f"cache/{kind}/*/{about['key']}")
