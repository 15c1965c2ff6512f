"""Workers of dask.distributed, started once for all tests that use them."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

# Not children of the tests' own process, because some tests ask whether it has any left.
CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of a scheduler with two workers on this machine."""
    pytest.importorskip("distributed", reason="needs dask.distributed (extra cluster)")
    script = tmp_path_factory.mktemp("dask") / "cluster.py"
    script.write_text(CLUSTER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    served = subprocess.Popen([sys.executable, script], **pipes)
    try:
        yield served.stdout.readline().strip()
    finally:
        served.communicate(timeout=60)
