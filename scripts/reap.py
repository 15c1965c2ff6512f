"""Mark as FAILED the runs whose process died: python scripts/reap.py [state_dir=state] [uri=...].

`uri` is needed only for a store whose address holds a user or a password, which are not kept.
"""

import sys
from pathlib import Path

from settings import settings

from winnow.errors import WinnowError
from winnow.tracker._store import stores_with_runs


def main() -> None:
    """Reap, and say how many."""
    given = settings(state_dir="state", uri="")
    stores = stores_with_runs(Path(given["state_dir"]), given["uri"] or None)
    try:
        count = sum(store.reap() for store in stores)
        print(f"{count} {'run' if count == 1 else 'runs'} reaped")
        faults = [fault for store in stores if (fault := store.send())]
    except WinnowError as fault:
        faults = [fault]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        raise SystemExit(faults[0].exit_code)


if __name__ == "__main__":
    main()
