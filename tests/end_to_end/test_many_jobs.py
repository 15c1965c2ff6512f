"""Many jobs in one command, many commands at once: something to see at once, and nothing that grows."""

import os
import resource
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# For a release: WINNOW_TEST_STRESS=1
STRESS = bool(os.environ.get("WINNOW_TEST_STRESS"))
JOBS, COMMANDS = (200, 20) if STRESS else (40, 4)
MEBIBYTES, CPU_SECONDS = (24, 15) if STRESS else (10, 8)  # more memory at the end; for what is found again
SIZES = ",".join(map(str, range(20, 20 + JOBS // 2)))
LINE = ("-m", f"k={SIZES}", "selector=uniform,random", "seeds=1", "trainer.steps=5")


def memory_and_files(pid):
    """Resident memory in MiB, and the number of open files, of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024, len(os.listdir(f"/proc/{pid}/fd"))


def test_the_last_of_many_jobs_needs_no_more_memory_or_files_than_an_early_one(command):
    process = command.start(*LINE)
    measured = {}
    for number in (3 * JOBS // 10, 6 * JOBS // 10, JOBS - 2):
        command.wait_for(f"runs/*/job-{number}.json", seconds=300)
        measured[number] = memory_and_files(process.pid)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert [row["status"] for row in command.rows()] == ["ok"] * JOBS
    (memory, files), *later = measured.values()
    assert max(each[0] for each in later) < memory + MEBIBYTES, measured
    assert max(each[1] for each in later) <= files + 8, measured

    started, cpu = time.monotonic(), cpu_seconds()
    again = command.start(*LINE)
    assert again.stderr.readline() == f"checking {JOBS} jobs\n"
    seen = time.monotonic() - started
    _, stderr = again.communicate(timeout=300)
    assert again.returncode == 0, stderr
    assert {row["status"] for row in command.rows()} == {"cached"}
    assert seen < (time.monotonic() - started) / 2
    assert cpu_seconds() - cpu < CPU_SECONDS  # the machine may be busy with other tests


def cpu_seconds():
    """CPU time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_many_commands_started_together_on_nothing_all_succeed(bare):
    words = ("selector=uniform", "seeds=1", "trainer.steps=5")
    processes = [bare.start(*words) for _ in range(COMMANDS)]
    ended = [(process.communicate(timeout=600)[1], process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * COMMANDS, ended
    (run,) = bare.tracked()
    assert run["status"] == "FINISHED"
    assert len(bare.entries("trained")) == 1
    assert bare.temporary() == []
