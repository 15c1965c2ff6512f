"""What several areas of the tests share."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from hydra.utils import get_class
from hypothesis import settings
from omegaconf import OmegaConf
from pydantic import TypeAdapter

ROOT = Path(__file__).parents[1]
# Not children of the tests' own process, because some tests ask whether it has any left.
CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""
# How long an example takes says something about the machine only.
settings.register_profile("winnow", deadline=None)
settings.load_profile("winnow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the long tests first: at the end of a parallel run, short ones fill the gaps."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class ForkServer:
    """Runs scripts in copies of one process, which is started with the first; see `fork_server.py`."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def run(
        self, *words: object, cwd: Path, env: dict[str, str] | None = None, timeout: float = 200
    ) -> subprocess.CompletedProcess:
        """Run `python words...` to its end, or kill it after so many seconds.

        The environment is `env`, or that of the tests without what pytest adds.
        """
        with TemporaryDirectory() as folder:
            output, errors = (Path(folder, name) for name in ("output", "errors"))
            output.touch()
            errors.touch()
            line, environment = [str(word) for word in words], _own_environment() if env is None else env
            paths = {"folder": str(cwd), "output": str(output), "errors": str(errors)}
            code = self._code({"words": line, "environment": environment} | paths, timeout)
            return subprocess.CompletedProcess(line, code, output.read_text(), errors.read_text())

    def _code(self, request: dict[str, Any], timeout: float) -> int:
        if self.process is None:
            line = [sys.executable, ROOT / "tests" / "fork_server.py"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.process = subprocess.Popen(line, env=_own_environment(), **pipes)
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            child = int(self.process.stdout.readline())
            timer = Timer(timeout, os.kill, (child, signal.SIGKILL))
            timer.start()
            try:
                return int(self.process.stdout.readline())
            finally:
                timer.cancel()
        except BaseException:  # its next line would be the answer to this request
            self.stop()
            raise

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def _own_environment() -> dict[str, str]:
    theirs = ("PYTEST_", "WINNOW_", "MLFLOW_", "HYDRA_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return own | {"PYTHONPATH": str(ROOT / "src")}


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Run scripts without the seconds that it takes to import the libraries."""
    server = ForkServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """One folder for all test processes of this session."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def made_once(shared_folder) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder by calling a function, once per session whatever the number of test processes."""

    def once(name: str, make: Callable[[Path], None]) -> Path:
        final, building = shared_folder / name, shared_folder / f"{name}-building"
        with FileLock(shared_folder / f"{name}.lock"):
            if not final.exists():
                building.mkdir()
                make(building)
                building.rename(final)
        return final

    return once


@pytest.fixture(scope="session")
def empty_database(made_once) -> Path:
    """The file of an empty MLflow database, alone in its folder: it takes seconds to build, none to copy."""
    # In a process of its own, without what pytest adds, which changes what MLflow does.
    code = "import pathlib, sys; from winnow.tracker import _database as database; "
    code += "database.create(pathlib.Path(sys.argv[1]))"

    def make(folder: Path) -> None:
        line = [sys.executable, "-c", code, str(folder / "mlflow.db")]
        subprocess.run(line, env=_own_environment(), check=True, timeout=120)

    return made_once("empty-database", make) / "mlflow.db"


@pytest.fixture
def build_option() -> Callable[..., Any]:
    """Build what `conf/<group>/<option>.yaml` describes: build_option("embedding", "pca", components=4)."""

    def build(group: str, option: str, **overrides: Any) -> Any:
        config = OmegaConf.create({"seed": 0, "data_dir": "data", "k": 4})
        config.stage = OmegaConf.merge(OmegaConf.load(ROOT / "conf" / group / f"{option}.yaml"), overrides)
        given = OmegaConf.to_container(config.stage, resolve=True, throw_on_missing=True)
        return TypeAdapter(get_class(given.pop("_target_"))).validate_python(given)

    return build


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder that holds the real MNIST and the photographs; skip where there is none."""
    folder = Path(os.environ.get("WINNOW_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set WINNOW_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def mnist_pca64(data_dir):
    """The first 10,000 training images of MNIST in their first 64 principal components."""
    file = data_dir / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if not file.is_file():
        pytest.skip(f"needs the real MNIST images: no {file} (set WINNOW_TEST_DATA)")
    pixels = np.fromfile(file, np.uint8, count=16 + 10_000 * 784)[16:].reshape(-1, 784) / np.float32(255)
    pixels -= pixels.mean(axis=0)
    _, components = np.linalg.eigh(pixels.T @ pixels)
    return np.ascontiguousarray(pixels @ components[:, -64:])


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of a scheduler with two workers on this machine."""
    pytest.importorskip("distributed", reason="needs dask.distributed (extra cluster)")
    script = tmp_path_factory.mktemp("dask") / "cluster.py"
    script.write_text(CLUSTER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    served = subprocess.Popen([sys.executable, script], **pipes)
    try:
        yield served.stdout.readline().strip()
    finally:
        served.communicate(timeout=60)
