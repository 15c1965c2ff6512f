"""A process uses as many cores as it was given, by whoever gives the fewest."""

import os

import pytest

from winnow.network.allocation import Allocation, allocation, slurm_limits


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity")
def test_affinity_limits_the_cores():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert allocation().cores == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("environment", "limits"),
    [
        ({}, {}),
        ({"SLURM_CPUS_PER_TASK": "3"}, {}),  # typed by a person outside of a job
        (
            {"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "3", "SLURM_CPUS_ON_NODE": "6"},
            {"SLURM_CPUS_PER_TASK": 3},
        ),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_ON_NODE": "6"}, {"SLURM_CPUS_ON_NODE": 6}),
        ({"SLURM_JOB_ID": "1", "SLURM_CPUS_PER_TASK": "0"}, {}),
        ({"SLURM_JOB_ID": "1"}, {}),
    ],
)
def test_slurm_tells_the_cores_of_a_task(environment, limits):
    assert dict(slurm_limits(environment)) == limits


@pytest.mark.parametrize(("jobs", "cores"), [(0, 8), (1, 8), (2, 4), (3, 2), (9, 1)])
def test_jobs_side_by_side_share_the_cores_and_each_has_one(jobs, cores):
    assert Allocation(8, "machine").shared_by(jobs).cores == cores
