"""What is found again, by whom, and where nothing can be written."""

import json
import os
import pickle
import shutil
import subprocess
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest

from winnow.errors import InvalidValue, WinnowWarning
from winnow.store.cache import Cache
from winnow.store.keys import content_key

KIND, KEY = "clustering", content_key(k=3)
ARRAYS = {
    "labels": np.array([2, 0, 1, 1]),
    "centroids": np.array([[0.5, 1], [2, 3]], dtype=np.float32),
}


def compute():
    return dict(ARRAYS), {"inertia": 0.1 + 0.2, "sizes": (1, 2, 1)}


def refuse():
    raise AssertionError("a hit computes nothing")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache", lock_timeout=30.0)


@pytest.fixture
def stored(cache):
    cache.fetch(KIND, KEY, compute)
    return cache


def assert_whole(entry):
    assert entry.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert entry.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(entry.arrays[name], array)
    assert entry.info["inertia"] == 0.1 + 0.2


def hidden(cache, pattern):
    return list(cache.folder.glob(f"*/*/{pattern}"))


def test_a_miss_is_none(cache):
    assert cache.load(KIND, KEY) is None
    assert not cache.folder.exists()


def test_a_second_fetch_finds_what_the_first_computed(cache):
    first = cache.fetch(KIND, KEY, compute)
    second = cache.fetch(KIND, KEY, refuse)
    assert (first.found, second.found) == (False, True)
    assert_whole(first)
    assert_whole(second)
    assert first.info == second.info
    assert second.info["sizes"] == [1, 2, 1]
    assert second.info["seconds"] >= 0


def test_neither_a_computed_nor_a_found_array_can_be_written_to(cache):
    for entry in (cache.fetch(KIND, KEY, compute), cache.fetch(KIND, KEY, refuse)):
        with pytest.raises(ValueError, match="read-only"):
            entry.arrays["labels"][0] = 7
    assert ARRAYS["labels"].flags.writeable


def test_another_key_or_kind_is_another_entry(stored):
    assert stored.load(KIND, content_key(k=4)) is None
    assert stored.load("embedding", KEY) is None


def test_an_entry_is_plain_npy_that_anyone_can_read(stored):
    folder = stored.folder / KIND / KEY[:2] / KEY
    labels = np.load(folder / "labels.npy", allow_pickle=False)
    np.testing.assert_array_equal(labels, ARRAYS["labels"])
    manifest = json.loads((folder / "entry.json").read_text())
    assert (manifest["kind"], manifest["key"]) == (KIND, KEY)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.array(5),
        np.array(["a", "bc"]),
        np.asfortranarray(np.ones((2, 3))),
        np.array([True]),
    ],
    ids=repr,
)
def test_any_array_without_objects_survives(cache, array):
    cache.fetch(KIND, KEY, lambda: ({"x": array}, {}))
    found = cache.fetch(KIND, KEY, refuse).arrays["x"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


def test_objects_are_refused_and_leave_nothing(cache):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        cache.fetch(KIND, KEY, lambda: ({"x": np.array([object()])}, {}))
    assert cache.load(KIND, KEY) is None
    assert hidden(cache, ".tmp-*") == []


def test_a_failed_computation_is_not_remembered(cache):
    with pytest.raises(ZeroDivisionError):
        cache.fetch(KIND, KEY, lambda: 1 / 0)
    assert not cache.fetch(KIND, KEY, compute).found


def test_a_cache_can_be_sent_to_a_worker(stored):
    assert_whole(pickle.loads(pickle.dumps(stored)).fetch(KIND, KEY, refuse))


def test_a_lock_timeout_must_be_a_number(monkeypatch, tmp_path):
    monkeypatch.setenv("WINNOW_LOCK_TIMEOUT", "2.5")
    assert Cache(tmp_path).lock_timeout == 2.5
    for text in ("soon", "-1", "inf", "nan"):
        monkeypatch.setenv("WINNOW_LOCK_TIMEOUT", text)
        with pytest.raises(InvalidValue, match=f"must be a number of seconds, got '{text}'"):
            Cache(tmp_path)


@contextmanager
def read_only(folder):
    """Forbid every change in `folder`; root is stopped by nothing less than the immutable flag."""
    if os.geteuid() == 0:
        off, on = ["chattr", "-R", "-i"], ["chattr", "-R", "+i"]
        if shutil.which("chattr") is None or subprocess.run([*on, folder], capture_output=True).returncode:
            pytest.skip("root can write anywhere, and this file system has no immutable flag")
    else:
        off, on = ["chmod", "-R", "u+w"], ["chmod", "-R", "a-w"]
        subprocess.run([*on, folder], check=True)
    try:
        yield
    finally:
        subprocess.run([*off, folder], check=True)


def test_a_read_only_cache_serves_hits_and_computes_misses(stored):
    with read_only(stored.folder):
        assert_whole(stored.fetch(KIND, KEY, refuse))
        with pytest.warns(WinnowWarning, match="could not be cached") as caught:
            missed = [stored.fetch(KIND, content_key(k=k), compute) for k in (4, 4, 5)]
        for entry in missed:
            assert_whole(entry)
            assert not entry.found
        with stored.lock("anything") as locked:
            assert not locked
        assert len(caught) == 1
        assert str(stored.folder) in str(caught[0].message)


def test_a_command_is_warned_once_of_a_read_only_cache_and_its_workers_never(stored):
    with read_only(stored.folder):
        with pytest.warns(WinnowWarning, match="could not be cached") as caught:
            checked = stored.checked()
        assert len(caught) == 1
        assert checked.read_only
        worker = pickle.loads(pickle.dumps(checked))
        assert_whole(worker.fetch(KIND, KEY, refuse))
        assert_whole(worker.fetch(KIND, content_key(k=4), compute))
        assert worker.fetch_rows(KIND, content_key(k=5), compute_rows).arrays["y"].tolist() == [0, 1, 2, 3]


def test_a_cache_that_can_be_written_is_left_as_it_is(cache):
    assert cache.checked() == cache
    assert list(cache.folder.iterdir()) == []


def test_no_lock_file_is_left_behind(stored):
    with stored.lock("one"), stored.lock("two"):
        assert len(list(stored.folder.glob("locks/*.lock"))) == 2
    assert list(stored.folder.glob("locks/*")) == []


def test_a_sweep_removes_lock_files_that_nobody_holds(stored):
    locks = stored.folder / "locks"
    for name in ("killed.lock", "killed.holder", "held.lock"):
        (locks / name).write_text("")
    with stored.lock("held"):
        stored.sweep_temporary()
        assert sorted(path.name for path in locks.iterdir()) == ["held.holder", "held.lock"]


def compute_rows(append):
    append("x", np.array([[1.0, 2.0], [3.0, 4.0]]))
    append("y", np.arange(3))
    append("y", np.arange(3, 4))
    append("x", np.asfortranarray([[5.0, 6.0]]))
    return {"note": "by rows"}


def test_rows_appended_batch_by_batch_are_the_same_entry_as_whole_arrays(cache):
    first = cache.fetch_rows(KIND, KEY, compute_rows)
    second = cache.fetch_rows(KIND, KEY, refuse)
    assert (first.found, second.found) == (False, True)
    assert first.info == second.info
    for entry in (first, second):
        assert entry.arrays["x"].tolist() == [[1, 2], [3, 4], [5, 6]]
        assert entry.arrays["y"].tolist() == [0, 1, 2, 3]
        assert not entry.arrays["x"].flags.writeable
        assert (entry.info["note"], entry.info["seconds"] >= 0) == ("by rows", True)
    assert cache.fetch(KIND, KEY, refuse).found
    np.testing.assert_array_equal(np.load(cache.entry_folder(KIND, KEY) / "x.npy"), first.arrays["x"])


def test_a_header_has_room_for_any_number_of_rows(cache):
    def many(append):
        for size in (0, 1, 12345, 9_000_000):
            append("y", np.ones(size, np.uint8))
        return {}

    cache.fetch_rows(KIND, KEY, many)
    found = cache.fetch(KIND, KEY, refuse).arrays["y"]
    assert found.shape == (9_012_346,)
    assert found.all()


@pytest.mark.parametrize(
    "rows",
    [np.ones((1, 3)), np.ones((1, 2), np.float32), np.ones(2), np.array([[object(), 1]])],
    ids=lambda rows: f"{rows.dtype}{rows.shape}",
)
def test_rows_of_another_kind_are_refused_and_leave_nothing(cache, rows):
    def compute(append):
        append("x", np.ones((1, 2)))
        append("x" if rows.dtype != object else "z", rows)
        return {}

    with pytest.raises(ValueError, match="rows must be"):
        cache.fetch_rows(KIND, KEY, compute)
    assert cache.load(KIND, KEY) is None
    assert hidden(cache, ".tmp-*") == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "a.b", "x y"])
def test_the_name_of_an_array_is_a_plain_word(cache, name):
    with pytest.raises(ValueError, match="the name of an array must be"):
        cache.fetch(KIND, KEY, lambda: ({name: np.ones(1)}, {}))


def test_an_error_of_the_computation_is_not_the_caches(cache):
    def missing(append):
        append("y", np.arange(3))
        raise FileNotFoundError("an image is missing")

    with pytest.raises(FileNotFoundError, match="an image is missing"):
        cache.fetch_rows(KIND, KEY, missing)
    assert hidden(cache, ".tmp-*") == []


def without_open_of_folders(monkeypatch):
    """Windows: a folder cannot be opened, and asking for a process by signal 0 would stop it."""
    really_open = os.open

    def windows_open(path, *arguments, **options):
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *arguments, **options)

    def never(*_):
        raise AssertionError("os.kill stops a process on Windows")

    monkeypatch.setattr(os, "open", windows_open)
    monkeypatch.setattr(os, "kill", never)
    monkeypatch.setattr("sys.platform", "win32")


def without_flush_of_folders(monkeypatch):
    """Some network file systems and macOS volumes: a folder can be opened, not flushed."""
    really_fsync = os.fsync

    def fsync(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(22, "Invalid argument")
        really_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("platform", [without_open_of_folders, without_flush_of_folders])
def test_where_folders_cannot_be_flushed_entries_are_stored_all_the_same(cache, monkeypatch, platform):
    platform(monkeypatch)
    assert not cache.fetch(KIND, KEY, compute).found
    assert_whole(cache.fetch(KIND, KEY, refuse))
    (cache.entry_folder(KIND, KEY).parent / f".tmp-{os.uname().nodename}-1-ab").mkdir()
    assert cache.sweep_temporary() == 0


def test_a_clock_set_back_gives_no_negative_duration_and_removes_nothing(cache, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert cache.fetch(KIND, KEY, compute).info["seconds"] >= 0
    (cache.entry_folder(KIND, KEY).parent / ".corrupt-1-ab").mkdir()
    assert cache.sweep_temporary() == 0


def test_a_damaged_entry_of_a_read_only_cache_is_computed_and_not_served(stored):
    os.truncate(stored.entry_folder(KIND, KEY) / "labels.npy", 5)
    with read_only(stored.folder):
        with pytest.warns(WinnowWarning):
            assert_whole(stored.fetch(KIND, KEY, compute))
        with pytest.warns(WinnowWarning, match="was damaged"):
            assert stored.load(KIND, KEY) is None


class OtherHost(Cache):
    """A host on which nobody sees this host's locks."""

    def lock(self, name):
        return nullcontext()


def test_where_locks_do_not_reach_the_first_to_store_an_entry_keeps_it(cache):
    def compute_slowly():
        other = OtherHost(cache.folder).fetch(
            KIND, KEY, lambda: (dict(ARRAYS), {"inertia": 0.1 + 0.2, "by": "other"})
        )
        assert not other.found
        return compute()

    assert_whole(cache.fetch(KIND, KEY, compute_slowly))
    assert cache.fetch(KIND, KEY, refuse).info["by"] == "other"
    assert hidden(cache, ".tmp-*") == []


def test_a_sweep_takes_what_is_old_or_orphaned_and_nothing_else(stored):
    shelf = stored.entry_folder(KIND, KEY).parent
    host, gone = os.uname().nodename, subprocess.Popen(["true"])
    gone.wait(timeout=30)
    names = {
        "being written, old": f".tmp-{host}-{os.getpid()}-cd",
        "orphaned": f".tmp-{host}-{gone.pid}-ab",
        "being written": f".tmp-{host}-{os.getpid()}-ab",
        "elsewhere": f".tmp-other-host-{gone.pid}-ab",
        "elsewhere, old": f".tmp-other-host-{gone.pid}-cd",
        "damaged": f".corrupt-{gone.pid}-ab",
        "damaged, old": f".corrupt-{gone.pid}-cd",
    }
    for what, name in names.items():
        (shelf / name).mkdir()
        if "old" in what:
            os.utime(shelf / name, (0, 0))
    assert stored.sweep_temporary() == 3
    assert {what for what, name in names.items() if (shelf / name).exists()} == {
        "being written",
        "being written, old",
        "elsewhere",
        "damaged",
    }
    assert_whole(stored.fetch(KIND, KEY, refuse))
