"""Submitted jobs are waited for, so many at once, and those that are lost are named; by real processes."""

import os
import time

import pytest

from winnow.command import submission
from winnow.command.submission import Queue

submitit = pytest.importorskip("submitit")


@pytest.fixture
def queue_of(tmp_path, monkeypatch):
    """Make a queue of calls, each of which becomes a process."""
    monkeypatch.setattr(submission, "SECONDS_FOR_RESULT", 1.0)
    executor = submitit.AutoExecutor(tmp_path / "%j", cluster="local")
    executor.update_parameters(timeout_min=5)

    def make(*calls):
        queue = Queue()
        for number, (function, *arguments) in enumerate(calls):
            queue.later.append((number, lambda call=(function, *arguments): executor.submit(*call)))
        return queue

    return make


def test_the_jobs_that_did_not_end_well_are_named_and_the_others_go_on(queue_of, tmp_path):
    queue = queue_of((os._exit, 1), (int, "word"), (os.mkdir, str(tmp_path / "made")))
    queue.work_off(3)
    assert (tmp_path / "made").is_dir()
    assert set(queue.lost) == {0, 1}
    assert queue.lost[0].startswith("the job was lost, its state is finished")
    assert queue.lost[1].startswith("ValueError: invalid literal for int() with base 10: 'word'")
    assert all("_log.err" in reason for reason in queue.lost.values())


def test_no_more_jobs_run_at_once_than_were_asked_for(queue_of):
    queue, most = queue_of(*[(time.sleep, 0.1)] * 4), []

    def watched(submit):
        def submitted():
            most.append(sum(job.state == "RUNNING" for job in queue.submitted.values()))
            return submit()

        return submitted

    for number, submit in list(queue.later):
        queue.later.popleft()
        queue.later.append((number, watched(submit)))
    queue.work_off(2)
    assert len(most) == 4
    assert max(most) == 1
    assert queue.lost == {}


class Job:
    """What submitit tells of a job of Slurm."""

    def __init__(self, folder, state):
        self.paths = submitit.core.utils.JobPaths(folder, job_id="7")
        self.state, self.job_id, self.cancelled = state, "7", False

    def get_info(self, mode):
        return {"State": self.state}

    def cancel(self, check):
        self.cancelled = True


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "REQUEUED", "COMPLETING"])
def test_a_job_that_waits_or_runs_is_waited_for(state, tmp_path):
    assert Queue().outcome(0, Job(tmp_path, state)) is None


@pytest.mark.parametrize("state", ["CANCELLED by 0", "NODE_FAIL", "OUT_OF_MEMORY", "TIMEOUT"])
def test_a_job_that_ended_without_a_result_is_lost_once_its_files_had_time_to_arrive(
    state, tmp_path, monkeypatch
):
    queue, job = Queue(), Job(tmp_path, state)
    assert queue.outcome(0, job) is None
    monkeypatch.setattr(submission, "SECONDS_FOR_RESULT", 0.0)
    assert f"its state is {state.split()[0].lower()};" in queue.outcome(0, job)


@pytest.mark.parametrize("state", ["PREEMPTED", "UNKNOWN"])
def test_a_state_that_may_be_the_last_is_waited_for_only_so_long(state, tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "SECONDS_FOR_RESULT", 0.0)
    queue, job = Queue(), Job(tmp_path, state)
    assert queue.outcome(0, job) is None
    assert queue.outcome(0, job) is None
    monkeypatch.setattr(submission, "SECONDS_UNSURE", 0.0)
    assert state.lower() in queue.outcome(0, job)


def test_a_job_that_was_queued_again_is_as_good_as_new(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "SECONDS_FOR_RESULT", 0.0)
    queue, job = Queue(), Job(tmp_path, "PREEMPTED")
    queue.outcome(0, job)
    job.state = "RUNNING"
    queue.outcome(0, job)
    monkeypatch.setattr(submission, "SECONDS_UNSURE", 0.0)
    assert queue.outcome(0, job) is None


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_jobs_that_slurm_will_never_start_are_taken_back_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "squeue").write_text("#!/bin/sh\necho PartitionTimeLimit\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    queue, job = Queue(), Job(tmp_path, "PENDING")
    queue.submitted[3] = job
    queue.work_off(1)
    assert job.cancelled
    assert queue.lost[3].startswith("Slurm does not start the job: PartitionTimeLimit | set hydra.launcher.")
