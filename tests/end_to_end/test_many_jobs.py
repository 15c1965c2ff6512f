"""Two hundred jobs in one command: something to see at once, and nothing that grows with the jobs."""

import os
import resource
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SIZES = ",".join(map(str, range(20, 120)))
LINE = ("-m", f"k={SIZES}", "selector=uniform,random", "seeds=1", "trainer.steps=5")
JOBS, WARM = 200, 60


def memory_and_files(pid):
    """Resident memory in MiB, and the number of open files, of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024, len(os.listdir(f"/proc/{pid}/fd"))


def test_two_hundred_jobs_need_no_more_memory_or_files_than_sixty(command):
    process = command.start(*LINE)
    measured = {}
    for number in (WARM, 130, JOBS - 2):
        command.wait_for(f"runs/*/job-{number}.json", seconds=300)
        measured[number] = memory_and_files(process.pid)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert [row["status"] for row in command.rows()] == ["ok"] * JOBS
    (memory, files), *later = measured.values()
    assert max(each[0] for each in later) < memory + 24, measured
    assert max(each[1] for each in later) <= files + 8, measured

    started, cpu = time.monotonic(), cpu_seconds()
    again = command.start(*LINE)
    assert again.stderr.readline() == f"checking {JOBS} jobs\n"
    seen = time.monotonic() - started
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    assert {row["status"] for row in command.rows()} == {"cached"}
    assert seen < (time.monotonic() - started) / 2
    assert cpu_seconds() - cpu < 15  # the machine may be busy with other tests


def cpu_seconds():
    """CPU time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_twenty_commands_started_together_on_nothing_all_succeed(bare):
    words = ("selector=uniform", "seeds=1", "trainer.steps=5")
    processes = [bare.start(*words) for _ in range(20)]
    ended = [(process.communicate(timeout=600)[1], process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * 20, ended
    (run,) = bare.tracked()
    assert run["status"] == "FINISHED"
    assert len(bare.entries("trained")) == 1
    assert bare.temporary() == []
