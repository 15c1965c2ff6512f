"""Time what a person waits for where nothing is to be computed: help, a mistyped option, a line typed again.

Against the imports that a script with its imports at the top makes first: torch, Lightning, MLflow. The
note names those of them that each command loads.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.line import Line, tell
from benchmarks.process import measured

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "pytorch_lightning", "mlflow", "sklearn", "faiss", "matplotlib")
AT_THE_TOP = "import torch, pytorch_lightning, mlflow"
ROUNDS = {"smallest": 1, "short": 3, "full": 7}
TARGET = 3


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare every kind of command."""
    with TemporaryDirectory() as state_dir:
        job = ["dataset=digits", "k=20", "seeds=1", "trainer.steps=20", "n_jobs=1", f"state_dir={state_dir}"]
        measured([sys.executable, "train.py", *job], ROOT)
        commands = {"--help": (["--help"], 0), "a mistyped option": (["selector=neerest"], 1)}
        commands["a finished job again"] = (job, 0)
        other, own = [], {name: [] for name in commands}
        for number in range(ROUNDS[mode]):
            other.append(measured([sys.executable, "-c", AT_THE_TOP], ROOT).seconds)
            for name, (words, code) in commands.items():
                own[name].append(measured([sys.executable, "train.py", *words], ROOT, returns=code).seconds)
                tell(f"  {number + 1}/{ROUNDS[mode]} train.py, {name}: {own[name][-1]:.2f} s")
        for name, (words, code) in commands.items():
            loaded = heavy_imports(words, code)
            note = f"loads {', '.join(loaded)}" if loaded else "loads none of them"
            yield Line(f"train.py, {name}", f"`{AT_THE_TOP}`", other, own[name], target=TARGET, note=note)


def heavy_imports(words: list[str], code: int) -> list[str]:
    """Return which heavy libraries a command imports."""
    log = measured([sys.executable, "-X", "importtime", "train.py", *words], ROOT, returns=code).output
    modules = {
        line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:")
    }
    return [library for library in HEAVY if library in modules]
