import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from winnow.tracker._store import MLflowStore
from winnow.tracker.mlflow import MLflow


@pytest.fixture
def state_dir(empty_database, tmp_path) -> Path:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture
def store(state_dir) -> MLflowStore:
    return MLflow().open(state_dir)


@pytest.fixture
def child() -> Callable[..., subprocess.CompletedProcess]:
    """Run Python code in a process of its own, without the variable by which MLflow knows pytest."""

    def run(code: str, *arguments: object) -> subprocess.CompletedProcess:
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    return run
