"""winnow: keep the smallest part of a training set that still trains a good model."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Idle OpenMP threads that spin slow every neighbour down (up to 9x measured on a shared machine), and the
# setting is read once, when torch or faiss is first imported: so it is made here, before either can be.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# MLflow reads this on import; of the documented switches it is the one that always works.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.2.0"

if TYPE_CHECKING:
    from winnow.api.choose import select as select
    from winnow.api.comparison import compare as compare

_FROM_PYTHON = {"select": "winnow.api.choose", "compare": "winnow.api.comparison"}


def __getattr__(name: str) -> Any:
    """Import what a person calls from Python only when it is used."""
    if name not in _FROM_PYTHON:
        raise AttributeError(f"module 'winnow' has no attribute {name!r}")
    return getattr(import_module(_FROM_PYTHON[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_FROM_PYTHON]
