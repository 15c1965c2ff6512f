"""Show every finished job of a state folder, as `winnow report` does.

python scripts/report.py [state_dir=state]
"""

from pathlib import Path

from settings import settings

from winnow.terminal.report import show

if __name__ == "__main__":
    show(Path(settings(state_dir="state")["state_dir"]))
