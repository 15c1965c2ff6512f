"""Name the program that writes a run, and the commit of winnow's code in a checkout."""

import subprocess
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
_SECONDS = 5  # a repository on a slow disk must not hold up the first run


def tags() -> dict[str, str]:
    """Return the tags by which MLflow shows where a run comes from."""
    found = {"mlflow.source.name": Path(sys.argv[0]).name or "python", "mlflow.source.type": "LOCAL"}
    commit, changed = commit_of(PACKAGE.parents[1])
    if commit:
        found["mlflow.source.git.commit"] = commit
        found["winnow.uncommitted_changes"] = str(changed).lower()
    return found


@cache
def commit_of(checkout: Path) -> tuple[str, bool]:
    """Return the commit of a checkout, and whether files differ from it; no text if it is none."""
    # Installed elsewhere, the repository around the package would be somebody else's.
    if not (checkout / ".git").exists():
        return "", False
    describe = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        ended = subprocess.run(describe, capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, or a repository that it may not read
        return "", False
    commit, _, changed = ended.stdout.strip().partition("-")
    return commit, changed == "dirty"
