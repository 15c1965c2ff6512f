"""Submit jobs with submitit and wait until each has ended, one way or another.

A job has ended when it left a result, or when its process, or Slurm, says that it runs no more. What is
preempted or queued again is waited for; a state that says neither, only so long.
"""

import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from winnow.command.interruption import interruption
from winnow.command.launched import SECONDS_TO_END
from winnow.network.allocation import available_cores

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_REASONS = 30.0  # for which jobs wait in the queue of Slurm
NEVER = {"PartitionTimeLimit", "PartitionNodeLimit", "PartitionConfig", "BadConstraints", "AccountNotAllowed"}
"""Reasons that do not pass by themselves."""
SECONDS_BETWEEN_QUESTIONS = 10.0  # to Slurm, about all jobs at once
SECONDS_FOR_RESULT = 15.0  # until a file that a job wrote on another host is seen here
SECONDS_UNSURE = 300.0  # in a state that may be the last, such as PREEMPTED, or unknown
REMEDY = "set hydra.launcher.timeout_min, partition, nodes or constraint"
LIVE = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "STOPPED", "SIGNALING"}
LIVE |= {"REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "READY"}
UNSURE = {"UNKNOWN", "PREEMPTED"}
_TIMED_OUT = {"max_num_timeout"}  # what submitit takes when an executor is made
_OF_ANY_CLUSTER = {"timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes"}
_OF_ANY_CLUSTER |= {"name", "stderr_to_stdout"}


class LostJobs(Exception):
    """Jobs that ended without having said so, with what is known of each, by number."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__(", ".join(f"job {number}: {reason}" for number, reason in reasons.items()))
        self.reasons = reasons


def launch(
    cluster: str,
    settings: Mapping[str, Any],
    command: Mapping[str, Any],
    jobs: Sequence[Sequence[str]],
    first: int,
) -> None:
    """Submit the jobs, each the words of one, to `local` or `slurm`, and wait for all of them.

    `command` is what Hydra gives a launcher: its context, the function that runs a job, the configuration.

    Raises
    ------
    LostJobs
        If some were killed, cancelled, or ran out of time too often.
    """
    from hydra.core.singleton import Singleton
    from hydra_plugins.hydra_submitit_launcher import submitit_launcher

    # It is what travels to the job, where it composes the configuration and calls the function.
    runner = (submitit_launcher.LocalLauncher if cluster == "local" else submitit_launcher.SlurmLauncher)()
    runner.setup(**command)
    state = Singleton.get_state()
    arguments = [
        (list(words), "hydra.sweep.dir", first + number, f"job_id_for_{first + number}", state)
        for number, words in enumerate(jobs)
    ]
    executor = _executor(cluster, settings)
    most = settings["array_parallelism"] or available_cores()
    queue = Queue()
    if cluster == "slurm":
        queue.submitted = dict(enumerate(executor.map_array(runner, *zip(*arguments, strict=True)), first))
    else:
        for number, each in enumerate(arguments, first):
            queue.later.append((number, lambda each=each: executor.submit(runner, *each)))
    queue.work_off(most)
    if queue.lost:
        raise LostJobs(queue.lost)


def reason_of_waiting(job_id: str) -> str:
    """Return why a job, or the array that it is of, waits in the queue of Slurm; nothing if it does not."""
    line = ["squeue", "--noheader", "--format=%r", "--jobs", job_id.partition("_")[0]]
    try:
        answer = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS_FOR_RESULT).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return next((reason for reason in answer.split() if reason in NEVER), "")


def _executor(cluster: str, settings: Mapping[str, Any]) -> Any:
    import submitit

    made = {f"{cluster}_{name}": settings[name] for name in _TIMED_OUT & settings.keys()}
    executor = submitit.AutoExecutor(settings["submitit_folder"], cluster=cluster, **made)
    rest = settings.keys() - _TIMED_OUT - {"submitit_folder"}
    rest -= {"array_parallelism"} if cluster == "local" else set()
    named = {name if name in _OF_ANY_CLUSTER else f"{cluster}_{name}": settings[name] for name in rest}
    executor.update_parameters(**named)
    return executor


@dataclass(eq=False)
class Queue:
    """Jobs that are not submitted yet, those that are, and those that were lost."""

    later: deque[tuple[int, Callable[[], Any]]] = field(default_factory=deque)
    submitted: dict[int, Any] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    _asked: float = float("-inf")
    _asked_why: float = float("-inf")
    _doubtful: dict[int, float] = field(default_factory=dict)
    _stopping: float | None = None

    def work_off(self, most: int) -> None:
        """Submit what is left, at most `most` jobs at once, and wait until none is left."""
        while self.later or self.submitted:
            if interruption.signal is not None and self._stopped():
                return
            while self.later and len(self.submitted) < most:
                number, submit = self.later.popleft()
                self.submitted[number] = submit()
            self._ask()
            for number, job in list(self.submitted.items()):
                if (outcome := self.outcome(number, job)) is not None:
                    del self.submitted[number]
                    self.lost |= {number: outcome} if outcome else {}
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _ask(self) -> None:
        """Have the states of all jobs read anew, in one question, now and then."""
        if self.submitted and time.monotonic() - self._asked > SECONDS_BETWEEN_QUESTIONS:
            self._asked = time.monotonic()
            next(iter(self.submitted.values())).get_info(mode="force")
            self._give_up_what_never_begins()

    def _give_up_what_never_begins(self) -> None:
        """Take back jobs that Slurm will not start as they are, instead of waiting for ever."""
        waiting = {number: job for number, job in self.submitted.items() if job.state == "PENDING"}
        if not waiting or time.monotonic() - self._asked_why < SECONDS_BETWEEN_REASONS:
            return
        self._asked_why = time.monotonic()
        if reason := reason_of_waiting(next(iter(waiting.values())).job_id):
            for number, job in waiting.items():
                job.cancel(check=False)
                del self.submitted[number]
                self.lost[number] = f"Slurm does not start the job: {reason} | {REMEDY}"

    def outcome(self, number: int, job: Any) -> str | None:
        """Return None while a job goes on, nothing if it left a result, else why it did not."""
        if job.paths.result_pickle.exists():
            return _failure(job)
        state = job.state.partition(" ")[0]
        if state in LIVE:
            self._doubtful.pop(number, None)
            return None
        since = self._doubtful.setdefault(number, time.monotonic())
        if time.monotonic() - since < (SECONDS_UNSURE if state in UNSURE else SECONDS_FOR_RESULT):
            return None
        return f"the job was lost, its state is {state.lower()}; its log is {job.paths.stderr}"

    def _stopped(self) -> bool:
        """Take back what has not begun, and give what runs some time to end; return whether that is over.

        Jobs that run find the file that this command leaves for them.
        """
        if self._stopping is None:
            self._stopping = time.monotonic()
            self.later.clear()
            for job in self.submitted.values():
                if job.state == "PENDING":
                    job.cancel(check=False)
        if time.monotonic() - self._stopping < SECONDS_TO_END:
            return False
        for job in self.submitted.values():
            job.cancel(check=False)
        return True


def _failure(job: Any) -> str:
    """Return nothing for a job that did its work, else the last line of what it failed with."""
    error = job.exception()
    lines = [line for line in str(error).splitlines() if line.strip()] if error else []
    rule = [number for number, line in enumerate(lines) if set(line) == {"-"}]
    return f"{lines[rule[-1] - 1] if rule else lines[-1]}; its log is {job.paths.stderr}" if lines else ""
