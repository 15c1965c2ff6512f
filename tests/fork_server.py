"""Run scripts in copies of one process that has imported the libraries, which takes longer than most scripts.

A copy has arguments, a folder, an environment and output of its own, and whatever it sets is gone with it. It
differs from a process of its own in when the libraries were imported, and so in the order of their exit
functions: what is claimed of imports, threads, launchers, signals or kills needs another one. The
fixture `fork_server` starts it: each line that it reads is a request in JSON; it answers with the process
id of the copy and, once that has ended, its exit code.
"""

import atexit
import json
import os
import runpy
import sys
from importlib import import_module

IMPORTED = (
    "winnow.command.single",
    "winnow.trainer._run",
    "mlflow.tracking._tracking_service.utils",
    "sklearn.decomposition",
    "faiss",
    "matplotlib.backends.backend_agg",
)


class Ending:
    """Ends a copy when its exit functions have run: to take the libraries apart takes two seconds."""

    code: int | None = None

    def end(self) -> None:
        if self.code is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.code)


ending = Ending()


def serve() -> None:
    """Answer requests until there are no more; in a copy, run what was asked for and return."""
    atexit.register(ending.end)  # before any library registers a function, therefore called after them all
    for name in IMPORTED:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(**json.loads(line))
            return
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run(words: list[str], folder: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Run a script with its arguments as `python words...` would."""
    for number, path in enumerate((os.devnull, output, errors)):
        opened = os.open(path, os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv[:], sys.path[0] = words, os.path.dirname(words[0])
    ending.code = 1
    try:
        runpy.run_path(words[0], run_name="__main__")
        ending.code = 0
    except SystemExit as end:
        ending.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


if __name__ == "__main__":
    serve()
