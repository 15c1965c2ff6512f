"""Rows 30 to 40: whatever happens to the cache, a result is computed once and served as it was computed."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from winnow.clusterer.kmeans import Kmeans
from winnow.command.job import Job
from winnow.errors import TryLater, WinnowWarning, exit_code
from winnow.store import keys
from winnow.store.cache import Cache

KIND, KEY = "square", "ab12"
VALUES = np.arange(64) ** 2


class Work:
    """A computation that counts how often it was done."""

    times = 0

    def __call__(self):
        self.times += 1
        return {"y": VALUES}, {"note": 1}


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache", lock_timeout=30.0)


@pytest.fixture
def stored(cache, work) -> Cache:
    cache.fetch(KIND, KEY, work)
    work.times = 0
    return cache


def assert_whole(entry):
    np.testing.assert_array_equal(entry.arrays["y"], VALUES)
    assert entry.info["note"] == 1


CHILD = """
import os, signal, sys, time
from pathlib import Path
import numpy as np
from winnow.store.cache import Cache

folder, dies = Path(sys.argv[1]), sys.argv[2]


def die(event, arguments):
    if event == dies and str(folder / "cache") in str(arguments):
        os.kill(os.getpid(), signal.SIGKILL)


def compute():
    with (folder / "fits").open("a") as fits:
        print("fit", file=fits)
    if dies == "compute":
        os.kill(os.getpid(), signal.SIGKILL)
    if dies == "stops":
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.3)
    sys.addaudithook(die)
    return {"y": np.arange(64) ** 2}, {"note": 1}


print(Cache(folder / "cache").fetch("square", "ab12", compute).arrays["y"].tobytes().hex())
"""


def leftovers(cache) -> list[str]:
    """Files of the cache besides those of whole entries."""
    whole = {"entry.json", "y.npy"}
    return [path.name for path in cache.folder.rglob("*") if path.is_file() and path.name not in whole]


def test_30_what_a_killed_process_was_computing_is_computed_by_the_next(cache, work, python, tmp_path):
    assert python("-c", CHILD, tmp_path, "compute").wait(60) == -signal.SIGKILL
    assert_whole(cache.fetch(KIND, KEY, work))
    assert work.times == 1
    assert leftovers(cache) == []


def test_31_a_kill_before_the_final_name_is_given_leaves_nothing_that_counts(cache, work, python, tmp_path):
    assert python("-c", CHILD, tmp_path, "os.rename").wait(60) == -signal.SIGKILL
    assert list(cache.folder.glob(f"{KIND}/*/.tmp-*"))
    assert cache.load(KIND, KEY) is None
    assert cache.sweep_temporary() == 1
    assert list(cache.folder.glob(f"{KIND}/*/*")) == []
    assert_whole(cache.fetch(KIND, KEY, work))
    assert leftovers(cache) == []


def test_32_five_processes_that_want_one_result_compute_it_once(python, tmp_path):
    answers = [each.communicate(timeout=60) for each in [python("-c", CHILD, tmp_path, "") for _ in range(5)]]
    assert {stdout for stdout, _ in answers} == {VALUES.tobytes().hex() + "\n"}
    assert (tmp_path / "fits").read_text() == "fit\n"


def assert_mended(stored, work):
    """A damaged entry is set aside with one warning, and computed again, once."""
    with pytest.warns(WinnowWarning, match="was damaged and is computed again") as caught:
        assert_whole(stored.fetch(KIND, KEY, work))
    assert len(caught) == 1
    assert_whole(stored.fetch(KIND, KEY, work))
    assert work.times == 1
    (aside,) = stored.folder.glob("*/*/.corrupt-*")
    shutil.rmtree(aside)
    work.times = 0


@pytest.mark.parametrize("name", ["y.npy", "entry.json"])
def test_33_a_truncated_entry_is_set_aside_and_computed_again(stored, work, name):
    path = stored.entry_folder(KIND, KEY) / name
    for kept in (lambda size: 0, lambda size: 1, lambda size: size // 2, lambda size: size - 1):
        os.truncate(
            path, kept(path.stat().st_size)
        )  # asked each time: an entry written again may differ in length
        assert_mended(stored, work)


@pytest.mark.parametrize("name", ["y.npy", "entry.json"])
def test_34_a_flipped_bit_anywhere_is_noticed(stored, work, name):
    path = stored.entry_folder(KIND, KEY) / name
    for at in range(0, path.stat().st_size, 23):
        content = bytearray(path.read_bytes())
        content[at] ^= 1 << at % 8
        path.write_bytes(content)
        assert_mended(stored, work)


def test_35_whatever_a_result_depends_on_is_part_of_its_key(command, table, monkeypatch):
    def keys_of(words=(), **settings) -> set[str]:
        (plan,) = command.plans("selector=nearest", *(words or ("dataset=digits",)))
        plan = replace(plan, settings=replace(plan.settings, **settings))
        (repetition,) = Job(plan, 0, Cache(command.state)).chosen.repetitions()
        return {repetition.subset.key, repetition.clustering.key, repetition.embedding.key, repetition.key}

    first = keys_of()
    assert keys_of() == first
    embedding_alone = first & keys_of(seed=1)
    assert len(embedding_alone) == 1  # which draws nothing
    for words in (("dataset=digits", "k=21"), ("dataset=digits", "embedding.components=8")):
        assert len(first & keys_of(words)) <= 1
    assert keys_of(("dataset=digits", "trainer.learning_rate=0.001")) != first
    assert not first & keys_of(table())
    monkeypatch.setattr(keys, "_version", lambda name: "another")
    assert not first & keys_of()


def test_35_other_pixels_types_and_orders_are_other_arrays():
    X = np.zeros((4, 3), np.float32)
    other = X.copy()
    other[3, 2] = 1
    sums = [keys.checksum(each) for each in (X, other, other[::-1], X.astype(np.float64), X.reshape(3, 4))]
    assert len(set(sums)) == 5
    assert keys.identity(Kmeans(k=3)) != keys.identity(Kmeans(k=4))


FULL = """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from winnow.store.cache import Cache

resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, 512 * 1024))
warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
for key in sys.argv[2:]:
    entry = Cache(Path(sys.argv[1])).fetch("square", key, lambda: ({"y": np.arange(100_000) ** 2}, {}))
    print(int(entry.arrays["y"][-1]))
"""


def test_36_a_full_disk_costs_the_entry_and_not_the_result(stored, work, python):
    stdout, stderr = python("-c", FULL, stored.folder, "cd34", "ef56").communicate(timeout=60)
    assert stdout == 2 * f"{99_999**2}\n"
    assert stderr.count("could not be cached") == len(stderr.splitlines()) == 1
    assert stored.load(KIND, "cd34") is None
    assert leftovers(stored) == []
    assert_whole(stored.fetch(KIND, KEY, work))
    assert work.times == 0


@contextmanager
def frozen(folder):
    """Forbid every change in a folder; root is stopped by nothing less than the immutable flag."""
    off, on = ["chmod", "-R", "u+w"], ["chmod", "-R", "a-w"]
    if os.geteuid() == 0:
        off, on = ["chattr", "-R", "-i"], ["chattr", "-R", "+i"]
        if shutil.which("chattr") is None or subprocess.run([*on, folder], capture_output=True).returncode:
            pytest.skip("root can write anywhere, and this file system has no immutable flag")
    else:
        subprocess.run([*on, folder], check=True)
    try:
        yield
    finally:
        subprocess.run([*off, folder], check=True)


def test_37_a_read_only_cache_serves_hits_and_the_rest_is_computed_with_one_warning(command):
    first = command.done("selector=nearest")
    before = command.entries()
    with frozen(command.state / "cache"):
        ended = command.done("selector=nearest,furthest", "k=20,21")
    assert command.entries() == before
    assert ended.statuses == ["ok"] * 4
    assert ended.rows[0].accuracies == first.rows[0].accuracies
    assert len([said for said in ended.warned if "could not be cached" in said]) == 1


def test_38_a_stopped_process_is_named_and_waited_for_only_so_long(cache, work, python, tmp_path):
    holder = python("-c", CHILD, tmp_path, "stops")
    os.waitpid(holder.pid, os.WUNTRACED)
    with pytest.raises(TryLater, match=f"pid {holder.pid} on ") as caught:
        replace(cache, lock_timeout=0.5).fetch(KIND, KEY, work)
    assert exit_code(caught.value) == 75
    assert work.times == 0


class Mended(Cache):
    """A cache whose damaged entry another process mends after it was read and before the lock is got."""

    @contextmanager
    def lock(self, name):
        whole = self.folder.parent / "whole.npy"
        if whole.exists():
            os.replace(whole, self.entry_folder(KIND, KEY) / "y.npy")
        with super().lock(name) as locked:
            yield locked


def test_39_an_entry_that_was_just_mended_is_not_set_aside(stored, work, tmp_path):
    path = stored.entry_folder(KIND, KEY) / "y.npy"
    shutil.copy(path, tmp_path / "whole.npy")
    os.truncate(path, 100)
    assert_whole(Mended(stored.folder).fetch(KIND, KEY, work))
    assert work.times == 0
    assert list(stored.folder.glob("*/*/.corrupt-*")) == []


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs Linux's /proc")
def test_40_where_locks_do_not_reach_the_other_process_both_compute_and_what_is_stored_is_whole(
    cache, work, python, tmp_path
):
    """The folder of the locks is another one in each process, as on a disk that two hosts share without."""
    cache.folder.mkdir()
    (cache.folder / "locks").symlink_to("/proc/self/cwd")
    hosts = [tmp_path / name for name in ("one", "other")]
    started = []
    for host in hosts:
        host.mkdir()
        started.append(python("-c", CHILD, tmp_path, "", cwd=host))
    answers = [process.communicate(timeout=60)[0] for process in started]
    assert answers == [VALUES.tobytes().hex() + "\n"] * 2
    assert_whole(cache.fetch(KIND, KEY, work))
    assert work.times == 0
    assert [name for name in leftovers(cache) if not name.endswith((".lock", ".holder"))] == []
