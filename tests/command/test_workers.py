import os
import subprocess
import sys
from pathlib import Path

from winnow.command.workers import Workers

READ = """
import runpy, sys
before = set(sys.modules)
runpy.run_path(sys.argv[1], run_name="__mp_main__")
print(*sorted({"hydra", "numpy", "omegaconf", "winnow"} & (sys.modules.keys() - before)))
"""
FORK = """
import gc, sys
import winnow.command.forked
print(gc.isenabled(), gc.get_freeze_count() > 100_000, *sorted({"torch", "hydra"} & sys.modules.keys()))
"""


def output(*words):
    ran = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_a_worker_that_reads_the_file_of_the_command_imports_nothing_with_it():
    assert output(READ, str(Path(__file__).parents[2] / "train.py")) == ""


def test_workers_are_forked_from_a_process_that_can_train_and_is_hidden_from_their_collectors():
    assert output(FORK) == "True True torch"


def test_warming_up_leaves_the_environment_as_it_was():
    before = dict(os.environ)
    Workers(2).warm_up()
    assert dict(os.environ) == before
