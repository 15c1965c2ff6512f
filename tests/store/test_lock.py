"""What lies in the place of a lock's files, and who may remove them."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import winnow
from winnow.errors import TryLater
from winnow.store.cache import Cache
from winnow.store.lock import hold, remove_if_free


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "locks" / "one.lock"


def test_a_lock_leaves_nothing_behind(lock):
    for _ in range(2):
        with hold(lock, 1.0):
            assert sorted(path.name for path in lock.parent.iterdir()) == ["one.holder", "one.lock"]
        assert list(lock.parent.iterdir()) == []


def test_an_error_inside_frees_the_lock(lock):
    with pytest.raises(ZeroDivisionError), hold(lock, 1.0):
        1 / 0  # noqa: B018
    with hold(lock, 0.0):
        pass


def test_a_held_lock_is_not_got_a_second_time_and_names_its_holder(lock):
    with hold(lock, 1.0), pytest.raises(TryLater, match=f"pid {os.getpid()} on .* holds it"), hold(lock, 0.1):
        pass


def test_a_holder_whose_file_was_removed_by_hand_does_not_remove_the_next_ones(lock):
    with hold(lock, 1.0):
        lock.unlink()
        with hold(lock, 1.0):
            inode = lock.stat().st_ino
            with pytest.raises(TryLater), hold(lock, 0.0):
                pass
            assert lock.stat().st_ino == inode
    assert not lock.exists()


def test_a_link_in_the_place_of_the_label_is_replaced_and_not_followed(lock, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lock.parent.mkdir()
    lock.with_suffix(".holder").symlink_to(precious)
    with hold(lock, 1.0):
        assert lock.with_suffix(".holder").read_text().startswith(f"pid {os.getpid()}")
    assert precious.read_text() == "precious"


def test_a_hard_link_in_the_place_of_the_label_is_not_written_to(lock, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lock.parent.mkdir()
    os.link(precious, lock.with_suffix(".holder"))
    with hold(lock, 1.0):
        pass
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("target", ["precious", "nowhere"])
def test_a_link_in_the_place_of_the_lock_file_is_refused_and_the_work_goes_on(tmp_path, target):
    cache = Cache(tmp_path / "cache")
    (tmp_path / "precious").write_text("precious")
    lock = cache.folder / "locks" / "square-ab12.lock"
    lock.parent.mkdir(parents=True)
    lock.symlink_to(tmp_path / target)
    with pytest.raises(OSError, match="ymbolic"), hold(lock, 1.0):
        pass
    assert cache.fetch("square", "ab12", lambda: ({"y": np.arange(3)}, {})).arrays["y"].tolist() == [0, 1, 2]
    assert cache.load("square", "ab12").found
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "plant",
    [
        os.mkfifo,
        lambda label: label.symlink_to("/dev/zero"),
        lambda label: label.write_bytes(b"\x1b[2J" * 999),
    ],
    ids=["pipe", "device", "escapes"],
)
def test_whatever_lies_in_the_place_of_the_label_is_read_without_harm(lock, plant):
    with hold(lock, 1.0):
        label = lock.with_suffix(".holder")
        label.unlink()
        plant(label)
        with pytest.raises(TryLater) as refusal, hold(lock, 0.0):
            pass
    assert "holds it" in str(refusal.value)
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_a_lock_file_is_removed_only_if_nobody_holds_it(lock):
    with hold(lock, 1.0):
        assert not remove_if_free(lock)
        assert lock.exists()
    lock.touch()
    assert remove_if_free(lock)
    assert list(lock.parent.iterdir()) == []


NOBODY = 65534
COLLEAGUE = """
import os, sys
from pathlib import Path

import numpy as np

from winnow.store.cache import Cache


def use(folder):
    cache = Cache(folder, lock_timeout=5.0)
    entry = cache.fetch("square", "ab12", lambda: ({"y": np.arange(3)}, {}))
    with cache.lock("square-cd34") as locked:
        return entry.found, cache.load("square", "ab12") is not None, locked


use(Path(sys.argv[2]))  # imports what the other user may not be able to read
os.setgroups([])
os.setuid(int(sys.argv[3]))
print(*use(Path(sys.argv[1])))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can play two users")
@pytest.mark.parametrize(("mode", "locked"), [(0o644, True), (0o600, False)])
def test_a_lock_file_that_another_user_left_blocks_nothing(tmp_path, mode, locked):
    # Not below the tests' own folder, into which only its owner may look.
    shared = Path(f"/tmp/winnow-shared-{os.getpid()}-{mode:o}")
    locks = shared / "locks"
    try:
        locks.mkdir(parents=True)
        for folder in (shared, locks):
            folder.chmod(0o1777)
        for name in ("square-ab12.lock", "square-cd34.lock"):
            (locks / name).touch()
            (locks / name).chmod(mode)
        environment = os.environ | {"PYTHONPATH": str(Path(winnow.__file__).parents[1])}
        line = [sys.executable, "-W", "error", "-c", COLLEAGUE, str(shared), str(tmp_path), str(NOBODY)]
        ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, cwd="/")
        assert (ended.returncode, ended.stdout.split()) == (0, ["False", "True", str(locked)]), ended.stderr
        # In a folder where everybody may remove only their own files, it stays.
        assert stat.S_IMODE((locks / "square-ab12.lock").stat().st_mode) == mode
    finally:
        shutil.rmtree(shared)
