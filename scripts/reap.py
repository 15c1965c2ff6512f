"""Mark as FAILED the runs whose process died: python scripts/reap.py [state_dir=state]."""

import sys
from pathlib import Path

from settings import settings

from winnow.errors import WinnowError
from winnow.tracker.mlflow import MLflow


def main() -> None:
    """Reap, and say how many."""
    given = settings(state_dir="state")
    try:
        count = MLflow().open(Path(given["state_dir"])).reap()
    except WinnowError as fault:
        print(f"error: {fault}", file=sys.stderr)
        raise SystemExit(fault.exit_code) from fault
    print(f"{count} {'run' if count == 1 else 'runs'} reaped")


if __name__ == "__main__":
    main()
