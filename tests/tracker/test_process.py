import os
import subprocess
import sys
import time

from winnow.tracker._process import identity, is_alive


def test_this_process_is_alive():
    own = identity()
    assert int(own["winnow.pid"]) == os.getpid()
    assert is_alive(os.getpid(), own["winnow.process_start"])


def test_another_process_under_a_reused_id_is_not_the_one_we_knew():
    assert not is_alive(os.getpid(), "1")


def test_a_killed_process_is_dead_even_before_its_parent_collects_it():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert is_alive(child.pid, "")
    child.kill()
    deadline = time.monotonic() + 10
    while is_alive(child.pid, "") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child.pid, "")
    child.wait()
    assert not is_alive(child.pid, "")


def test_a_slurm_job_names_itself(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    assert identity()["winnow.slurm_job_id"] == "4711"
