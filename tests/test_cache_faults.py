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
        (folder / f"asked-{time.monotonic_ns()}").touch()
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
    """Start a child that fetches one entry, slowly if so told; none outlives the test."""
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


@pytest.mark.parametrize("point", ["fit", "write", "fsync", "rename"])
def test_a_kill_at_any_point_costs_one_computation_and_nothing_else(start, cache, tmp_path, point):
    killed = start(WINNOW_CRASH_AT=point)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert cache.load(KIND, KEY) is None
    assert answer(start())[0] == {"found": False, "hash": HASH}
    assert fits(tmp_path) == 2
    assert cache.sweep_temporary() == (0 if point == "fit" else 1)
    assert entries(cache) == [KEY]
    assert answer(start())[0] == {"found": True, "hash": HASH}


def test_a_waiter_takes_over_from_a_killed_process(start, cache, tmp_path):
    killed = start(seconds=60)
    wait_until((tmp_path / "fits").exists)
    waiter = start()
    wait_until(lambda: len(list(tmp_path.glob("asked-*"))) == 2)
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
        asked = len(list(tmp_path.glob("asked-*")))
        racers = [start(), start()]
        wait_until(lambda: len(list(tmp_path.glob("asked-*"))) == asked + 2)
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
