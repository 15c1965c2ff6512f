"""The processor cores that this process was given, by the system, by a container or by Slurm."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")  # the first only where the job asked for a number


@dataclass(frozen=True)
class Allocation:
    """How many cores, and what set the number."""

    cores: int
    source: str

    def shared_by(self, jobs: int) -> "Allocation":
        """Return the part of one of several jobs that run side by side.

        >>> Allocation(8, "affinity").shared_by(3)
        Allocation(cores=2, source='affinity, shared by 3 jobs')
        """
        if jobs <= 1:
            return self
        return Allocation(max(self.cores // jobs, 1), f"{self.source}, shared by {jobs} jobs")


def allocation() -> Allocation:
    """Return the smallest of the limits that hold for this process."""
    limits = dict(_limits())
    source = min(limits, key=lambda name: limits[name])
    return Allocation(limits[source], source)


def available_cores() -> int:
    """Return the cores that this process may use: affinity, cgroup limits and Slurm respected."""
    return allocation().cores


def _limits() -> Iterator[tuple[str, int]]:
    import loky

    yield "machine", os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        yield "affinity", len(os.sched_getaffinity(0))
    yield "cgroup limit", loky.cpu_count()
    yield from slurm_limits(os.environ)


def slurm_limits(environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Yield the cores that Slurm says a task of a job has; nothing outside of a job.

    Slurm need not enforce what it gives, so that affinity may show all cores of the machine.

    >>> dict(slurm_limits({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "4"}))
    {'SLURM_CPUS_ON_NODE': 4}
    """
    for name in _SLURM if "SLURM_JOB_ID" in environment else ():
        if (text := environment.get(name, "")).isdecimal() and int(text) > 0:
            yield name, int(text)
            return
