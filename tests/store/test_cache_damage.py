"""A damaged entry is set aside and computed again, and nothing in it is ever unpickled."""

import json
import os
import pickle
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from winnow.errors import WinnowWarning
from winnow.store.cache import Cache
from winnow.store.keys import content_key

KIND, KEY = "square", content_key(k=3)
ARRAYS = {"labels": np.array([2, 0, 1, 1]), "centroids": np.array([[0.5, 1], [2, 3]])}


def compute():
    return dict(ARRAYS), {"inertia": 0.1 + 0.2}


def refuse():
    raise AssertionError("a hit computes nothing")


@pytest.fixture
def stored(tmp_path):
    cache = Cache(tmp_path / "cache", lock_timeout=30.0)
    cache.fetch(KIND, KEY, compute)
    return cache


def assert_whole(entry):
    assert entry.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(entry.arrays[name], array, strict=True)
    assert entry.info["inertia"] == 0.1 + 0.2


FILES = ["labels.npy", "centroids.npy", "entry.json"]


def repaired(cache):
    """Fetch a damaged entry; return it after checking that it was set aside with one warning."""
    with pytest.warns(WinnowWarning, match="was damaged and is computed again") as caught:
        entry = cache.fetch(KIND, KEY, compute)
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert len(list(cache.folder.glob("*/*/.corrupt-*"))) == 1
    return entry


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", ["nothing", "one byte", "half", "all but one byte", "no file"])
def test_a_truncated_entry_is_set_aside_and_computed_again(stored, name, keep):
    path = stored.entry_folder(KIND, KEY) / name
    size = path.stat().st_size
    if keep == "no file":
        path.unlink()
    else:
        os.truncate(path, {"nothing": 0, "one byte": 1, "half": size // 2}.get(keep, size - 1))
    assert_whole(repaired(stored))
    assert_whole(stored.fetch(KIND, KEY, refuse))


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_is_never_served(stored, name):
    folder = stored.entry_folder(KIND, KEY)
    pristine = shutil.copytree(folder, stored.folder / "pristine")
    whole = (folder / name).read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        (folder / name).write_bytes(flipped)
        with pytest.warns(WinnowWarning, match="was damaged"):
            assert stored.load(KIND, KEY) is None
        assert not folder.exists()
        shutil.copytree(pristine, folder)
    assert_whole(stored.load(KIND, KEY))


def test_an_entry_under_a_wrong_name_is_damage(stored):
    other = content_key(k=4)
    shutil.copytree(stored.entry_folder(KIND, KEY), stored.entry_folder(KIND, other))
    with pytest.warns(WinnowWarning, match="was damaged"):
        assert stored.load(KIND, other) is None


class Evil:
    """Leaves a marker wherever it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def plant_object_array(path, evil):
    np.save(path, np.array([evil]), allow_pickle=True)


def plant_pickle(path, evil):
    path.write_bytes(pickle.dumps(evil))


def plant_archive(path, evil):
    with path.open("wb") as stream:
        np.savez(stream, np.array([evil]), allow_pickle=True)


@pytest.mark.parametrize("plant", [plant_object_array, plant_pickle, plant_archive])
def test_an_evil_pickle_is_refused_even_with_valid_checksums(stored, tmp_path, plant):
    folder, marker = stored.entry_folder(KIND, KEY), tmp_path / "marker"
    plant(folder / "labels.npy", Evil(marker))
    reseal(folder)
    assert_whole(repaired(stored))
    assert not marker.exists()


def test_a_resealed_entry_is_valid(stored):
    # Else the test above would pass for the wrong reason.
    folder = stored.entry_folder(KIND, KEY)
    np.save(folder / "labels.npy", np.array([7]), allow_pickle=False)
    reseal(folder)
    assert stored.fetch(KIND, KEY, refuse).arrays["labels"].tolist() == [7]


def reseal(folder):
    manifest = json.loads((folder / "entry.json").read_text())
    del manifest["checksum"]
    manifest["files"]["labels.npy"] = sha256((folder / "labels.npy").read_bytes()).hexdigest()
    (folder / "entry.json").write_text(json.dumps({**manifest, "checksum": content_key(**manifest)}))


def test_only_plain_names_inside_the_entry_are_read(stored, tmp_path):
    outside = tmp_path / "outside.npy"
    np.save(outside, np.array([7]))
    folder = stored.entry_folder(KIND, KEY)
    pristine = (folder / "entry.json").read_text()
    nested = folder / "sub" / "x.npy"
    nested.parent.mkdir()
    shutil.copy(outside, nested)
    names = [
        str(outside),
        f"../{outside.name}",
        os.path.relpath(outside, folder),
        "sub/x.npy",
        "./labels.npy",
        "..",
    ]
    for name in names:
        manifest = json.loads(pristine)
        del manifest["checksum"]
        manifest["files"] = {name: sha256(outside.read_bytes()).hexdigest()}
        (folder / "entry.json").write_text(json.dumps({**manifest, "checksum": content_key(**manifest)}))
        with pytest.warns(WinnowWarning, match="must list plain names"):
            assert stored.load(KIND, KEY) is None
        next(folder.parent.glob(".corrupt-*")).rename(folder)


def a_file(place, elsewhere):
    place.write_text("no folder")


def a_dangling_link(place, elsewhere):
    place.symlink_to(elsewhere / "nowhere")


def a_link_to_a_file(place, elsewhere):
    (elsewhere / "precious").write_text("precious")
    place.symlink_to(elsewhere / "precious")


def an_empty_folder(place, elsewhere):
    place.mkdir()


@pytest.mark.parametrize("plant", [a_file, a_dangling_link, a_link_to_a_file, an_empty_folder])
def test_what_lies_in_the_place_of_an_entry_is_set_aside_once(stored, tmp_path, plant):
    folder = stored.entry_folder(KIND, KEY)
    shutil.rmtree(folder)
    plant(folder, tmp_path)
    assert_whole(repaired(stored))
    assert_whole(stored.fetch(KIND, KEY, refuse))
    (aside,) = folder.parent.glob(".corrupt-*")
    os.utime(aside, (0, 0), follow_symlinks=False)
    assert stored.sweep_temporary() == 1
    assert not os.path.lexists(aside)
    if plant is a_link_to_a_file:
        assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"]
)
def test_a_pipe_or_a_device_among_the_files_is_damage_and_never_waited_for(stored, name, plant):
    path = stored.entry_folder(KIND, KEY) / name
    path.unlink()
    plant(path)
    assert_whole(repaired(stored))
