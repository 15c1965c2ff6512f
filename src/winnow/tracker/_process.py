"""Name a process so that another one can tell later whether it is still alive.

A process id alone does not do: ids are reused. Host, id and start time together name one process for as
long as the machine stays up. Only the host itself can tell; a run of another host is left alone.
"""

import os
import socket
from pathlib import Path


def identity() -> dict[str, str]:
    """Return the tags that name this process (and its Slurm job, if it has one)."""
    tags = {
        "winnow.host": socket.gethostname(),
        "winnow.pid": str(os.getpid()),
        "winnow.process_start": _start(os.getpid()) or "",
    }
    if job := os.environ.get("SLURM_JOB_ID"):
        tags["winnow.slurm_job_id"] = job
    return tags


def is_alive(pid: int, start: str) -> bool:
    """Tell whether the process `pid` of this host that started at `start` still runs.

    Where start times cannot be read (not Linux), any process with that id counts as alive.

    >>> own = identity()
    >>> is_alive(int(own["winnow.pid"]), own["winnow.process_start"])
    True
    """
    if Path("/proc/self/stat").exists():
        return _start(pid) is not None and start in ("", _start(pid))
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, and somebody else's
        return True
    return True


def _start(pid: int) -> str | None:
    """Return the start time of a living process in clock ticks since boot, or None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name comes second, in parentheses, and may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    state, start = fields[0], fields[19]
    return None if state in "ZX" else start
