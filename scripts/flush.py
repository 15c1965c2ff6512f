"""Send the runs that a tracking store could not take: python scripts/flush.py [state_dir=state] [uri=...].

`uri` is needed only for a store whose address holds a user or a password, which are not kept.
"""

import sys
from pathlib import Path

from settings import settings

from winnow.errors import WinnowError
from winnow.tracker._store import stores_with_runs


def main() -> None:
    """Send everything; exit code 75 if something is left."""
    given = settings(state_dir="state", uri="")
    faults: list[WinnowError] = []
    for store in stores_with_runs(Path(given["state_dir"]), given["uri"] or None):
        try:
            store.reap()
            faults += [fault] if (fault := store.send()) else []
        except WinnowError as fault:
            faults.append(fault)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        raise SystemExit(max(faults, key=lambda fault: fault.exit_code).exit_code)
    print("everything is sent")


if __name__ == "__main__":
    main()
