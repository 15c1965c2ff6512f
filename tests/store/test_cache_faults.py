"""What survives a kill, a race, a full disk and a stopped neighbour: real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import winnow
from winnow.store.cache import Cache

KIND, KEY = "square", "ab12"

CHILD = """
import json, os, resource, sys, time, warnings
from pathlib import Path

import numpy as np

import winnow.store.lock
from winnow.store.cache import Cache
from winnow.errors import WinnowError
from winnow.store.keys import checksum

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
if limit := int(os.environ.get("FILE_LIMIT", 0)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
winnow.store.lock.NOTICE_SECONDS = 0.5
warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)


class Announcing(Cache):
    def lock(self, name):
        (folder / f"requested-{time.monotonic_ns()}").touch()
        return super().lock(name)


def compute():
    with (folder / "fits").open("a") as fits:
        print("fit", file=fits)
    time.sleep(seconds)
    return {"y": np.arange(100_000) ** 2}, {}


try:
    entry = Announcing(folder / "cache").fetch("square", "ab12", compute)
except WinnowError as fault:
    print(fault, file=sys.stderr)
    sys.exit(fault.exit_code)
print(json.dumps({"found": entry.found, "hash": checksum(entry.arrays["y"])}))
"""
HASH = "219aa44802235e63a723423ee37b1b3e50294d2b9ad328669ac0fed230b4d522"


@pytest.fixture
def start(tmp_path):
    """Start a child that fetches one entry, slowly on request; none outlives the test."""
    children = []

    def start(seconds=0.0, **environment):
        inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(seconds)],
            env={**inherited, "PYTHONPATH": str(Path(winnow.__file__).parents[1]), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate(timeout=30)


@pytest.fixture
def run_script(tmp_path):
    """Run a script in a process of its own, which must succeed, and return what it prints."""

    def run(script, *arguments):
        environment = os.environ | {"PYTHONPATH": str(Path(winnow.__file__).parents[1])}
        line = [sys.executable, "-c", script, str(tmp_path), *arguments]
        ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    return run


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache", lock_timeout=30.0)


def answer(child):
    """Wait for a child that must succeed."""
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    return json.loads(out), err


def fits(tmp_path):
    return len((tmp_path / "fits").read_text().splitlines())


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def entries(cache):
    return sorted(path.name for path in (cache.folder / KIND).glob("*/*"))


KILLS = """
import os, shutil, signal, sys
from pathlib import Path

import numpy as np

from winnow.store.cache import Cache

folder, computing = Path(sys.argv[1]), 0
FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.utime"}


def compute():
    global computing
    computing += 1
    return {"x": np.arange(5), "y": np.arange(7) ** 2}, {"note": 1}


def compute_rows(append):
    arrays, info = compute()
    for name, array in arrays.items():
        append(name, array[:3])
        append(name, array[3:])
    return info


def fetch():
    cache = Cache(folder / "cache")
    if sys.argv[2] == "rows":
        return cache.fetch_rows("square", "ab12", compute_rows)
    return cache.fetch("square", "ab12", compute)


def killed_before(event_number):
    \"\"\"Fetch in a process that dies just before its n-th use of a file; return how that ended.\"\"\"
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = event_number

    def count_down(event, arguments):
        nonlocal left
        if event in FILE_EVENTS and str(folder) in str(arguments):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count_down)
    fetch()
    os._exit(0)


number, ended = 0, -signal.SIGKILL
while ended == -signal.SIGKILL:
    number += 1
    ended = killed_before(number)
    found = Cache(folder / "cache").load("square", "ab12")
    entry, computing = fetch(), 0
    assert entry.found == (found is not None), number
    assert entry.arrays.keys() == {"x", "y"} and entry.info["note"] == 1, number
    assert entry.arrays["y"].tolist() == [0, 1, 4, 9, 16, 25, 36], number
    assert fetch().found and computing == 0, number
    Cache(folder / "cache").sweep_temporary()
    left = sorted(path.name for path in folder.rglob("*") if not path.is_dir())
    assert left == ["entry.json", "x.npy", "y.npy"], (number, left)
    shutil.rmtree(folder / "cache")
assert ended == 0, ended
print(number)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", ["whole", "rows"])
def test_a_kill_before_any_use_of_a_file_costs_one_computation_and_nothing_else(run_script, kind):
    assert int(run_script(KILLS, kind)) > 12  # so many uses of a file were interrupted, one by one


TWENTY = """
import os, sys, time
from pathlib import Path

import numpy as np

from winnow.store.cache import Cache
from winnow.store.lock import hold

folder = Path(sys.argv[1])


def in_twenty_processes(work):
    pids = []
    for number in range(20):
        pids.append(os.fork())
        if not pids[-1]:
            work()
            os._exit(0)
    assert all(os.waitpid(pid, 0)[1] == 0 for pid in pids)
"""

COMPUTES_ONCE = """

def compute():
    with (folder / "fits").open("a") as fits:
        print("fit", file=fits)
    time.sleep(0.1)
    return {"y": np.arange(1000) ** 2}, {}


def work():
    for key in ("ab12", "cd34", "ab56"):
        assert Cache(folder / "cache").fetch("square", key, compute).arrays["y"][-1] == 999**2


in_twenty_processes(work)
print(len((folder / "fits").read_text().split()))
"""

EXCLUDES = """

count = folder / "count"
count.write_text("0")


def work():
    for _ in range(25):
        with hold(folder / "locks" / "one.lock", 60):
            number = int(count.read_text())
            time.sleep(0.0005)  # long enough for a second holder to read the same number
            count.write_text(str(number + 1))


in_twenty_processes(work)
assert not list((folder / "locks").iterdir())
print(count.read_text())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_twenty_processes_compute_each_of_three_keys_once(run_script, tmp_path):
    assert run_script(TWENTY + COMPUTES_ONCE) == "3"
    assert not list((tmp_path / "cache" / "locks").iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_lock_that_is_removed_by_every_holder_still_excludes(run_script):
    assert run_script(TWENTY + EXCLUDES) == "500"


def test_a_waiter_takes_over_from_a_killed_process(start, cache, tmp_path):
    killed = start(seconds=60)
    wait_until((tmp_path / "fits").exists)
    waiter = start()
    wait_until(lambda: len(list(tmp_path.glob("requested-*"))) == 2)
    killed.kill()
    assert answer(waiter)[0] == {"found": False, "hash": HASH}
    assert fits(tmp_path) == 2
    assert entries(cache) == [KEY]


def test_five_processes_compute_once(start, tmp_path):
    answers = [answer(child)[0] for child in [start(seconds=0.5) for _ in range(5)]]
    assert fits(tmp_path) == 1
    assert {each["hash"] for each in answers} == {HASH}
    assert [each["found"] for each in answers].count(False) == 1


def test_a_just_mended_entry_is_never_set_aside(start, cache, tmp_path):
    answer(start())
    os.truncate(cache.entry_folder(KIND, KEY) / "y.npy", 1000)
    # Both see the damage, and only then may either do something about it.
    with cache.lock(f"{KIND}-{KEY}"):
        requested = len(list(tmp_path.glob("requested-*")))
        racers = [start(), start()]
        wait_until(lambda: len(list(tmp_path.glob("requested-*"))) == requested + 2)
    answers = [answer(racer) for racer in racers]
    assert {each["hash"] for each, _ in answers} == {HASH}
    assert fits(tmp_path) == 2
    assert sum("was damaged" in err for _, err in answers) == 1
    assert len(list(cache.folder.glob("*/*/.corrupt-*"))) == 1
    assert cache.load(KIND, KEY) is not None


def test_a_full_disk_costs_the_entry_and_not_the_result(start, cache, tmp_path):
    got, err = answer(start(FILE_LIMIT=str(512 * 1024)))
    assert got == {"found": False, "hash": HASH}
    assert err.count("could not be cached") == len(err.splitlines()) == 1
    assert entries(cache) == []
    assert cache.sweep_temporary() == 0


def test_a_stopped_holder_is_named_and_waited_for_only_so_long(start, tmp_path):
    holder = start(seconds=60)
    wait_until((tmp_path / "fits").exists)
    holder.send_signal(signal.SIGSTOP)
    waiter = start(WINNOW_LOCK_TIMEOUT="2")
    _, err = waiter.communicate(timeout=60)
    assert waiter.returncode == 75
    *notices, last = err.splitlines()
    who = f"pid {holder.pid} on {os.uname().nodename} since "
    assert len(notices) >= 2
    assert all(f"waiting for {who}" in notice for notice in notices)
    assert "must come free within 2 s" in last
    assert who in last
