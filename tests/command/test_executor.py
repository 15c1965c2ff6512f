import subprocess
import sys
from pathlib import Path

from winnow.command.executor import Executor
from winnow.network.allocation import available_cores

READ = """
import runpy, sys
before = set(sys.modules)
runpy.run_path(sys.argv[1], run_name="__mp_main__")
print(*sorted({"hydra", "numpy", "omegaconf", "winnow"} & (sys.modules.keys() - before)))
"""


def output(*words):
    ran = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_a_worker_that_reads_the_file_of_the_command_imports_nothing_with_it():
    assert output(READ, str(Path(__file__).parents[2] / "train.py")) == ""


def test_all_available_cores_are_used_unless_a_number_is_given():
    assert Executor(-1).width == available_cores()
    assert Executor(3).width == 3


def test_trainings_of_several_processes_run_fewer_at_once():
    assert [Executor(-1, processes, cores=7).width for processes in (1, 2, 3, 8)] == [7, 3, 2, 1]
    assert Executor(5, 2).width == 5


SPAWNED = """
import multiprocessing, os, signal
multiprocessing.get_all_start_methods = lambda: ["spawn"]
del signal.pthread_sigmask
from winnow.command.executor import Executor

if __name__ == "__main__":
    executor = Executor(2)
    executor.start()
    print(executor._pool().submit(os.getpid).result(timeout=120) != os.getpid())
    executor.stop()
"""


def test_spawned_workers_work(tmp_path):
    script = tmp_path / "spawned.py"
    script.write_text(SPAWNED)
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert (ran.stdout, ran.returncode) == ("True\n", 0), ran.stderr
