"""winnow: keep the smallest part of a training set that still trains a good model."""

import os

# Idle OpenMP threads that spin slow every neighbour down (up to 9x measured on a shared machine), and the
# setting is read once, when torch or faiss is first imported: so it is made here, before either can be.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# MLflow reads this on import; of the documented switches it is the one that always works.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.2.0"
