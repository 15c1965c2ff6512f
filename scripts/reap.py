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
    try:
        stores = stores_with_runs(Path(given["state_dir"]), given["uri"] or None)
        count = sum(store.reap() for store in stores)
    except WinnowError as fault:
        print(f"error: {fault}", file=sys.stderr)
        raise SystemExit(fault.exit_code) from fault
    print(f"{count} {'run' if count == 1 else 'runs'} reaped")


if __name__ == "__main__":
    main()
