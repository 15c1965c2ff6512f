"""Images are decoded once: what is kept is used again, completed after a kill, and is never in the way."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.image_folder import ImageFolder
from winnow.dataset.images import _decoded, _pixels
from winnow.errors import DatasetUnavailable, WinnowWarning


@pytest.fixture
def photos(tmp_path):
    """Return a folder of two classes of five images; each is of one grey level, which names it."""
    for number in range(10):
        path = tmp_path / "photos" / ("cat" if number < 5 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, 10 * number)
    return tmp_path / "photos"


def save(path, level, size=8):
    Image.fromarray(np.full((size, size), level, np.uint8)).save(path)


@pytest.fixture
def decoded(monkeypatch):
    """Return the list of the names of the files that are decoded from now on."""
    names, decode = [], _pixels.read_pixels

    def noting(path, *arguments):
        names.append(path.name)
        return decode(path, *arguments)

    monkeypatch.setattr(_pixels, "read_pixels", noting)
    return names


@pytest.fixture
def load(photos, tmp_path):
    return lambda **settings: ImageFolder(str(photos), cache_dir=str(tmp_path / "cache"), **settings).load()


def levels(dataset):
    """Return what every file was read as."""
    files = zip([*dataset.origins, *dataset.test_origins], [*dataset.x, *dataset.x_test], strict=True)
    return {path.rpartition("/")[2]: int(pixels.max()) for path, pixels in sorted(files) if pixels.std() == 0}


EXPECTED = {f"{number}.png": 10 * number for number in range(10)}


def test_a_second_reading_decodes_nothing_and_gives_the_same(load, decoded):
    first = load()
    assert len(decoded) == 10
    second = load()
    assert len(decoded) == 10
    assert first.checksum == second.checksum
    assert levels(second) == EXPECTED


def test_the_images_are_mapped_from_a_file_and_read_only(load):
    for dataset in (load(), load()):
        assert isinstance(dataset.x, np.memmap)
        assert not dataset.x.flags.writeable


def test_the_cache_changes_nothing_of_what_is_read(load, photos):
    assert load().checksum == ImageFolder(str(photos)).load().checksum


def test_where_images_are_kept_is_no_part_of_what_a_data_set_is():
    kept, other = ImageFolder("photos", cache_dir="a"), ImageFolder("photos")
    assert kept == other
    assert hash(kept) == hash(other)
    assert repr(kept) == repr(other)


def test_only_what_is_new_or_changed_is_decoded(load, photos, decoded):
    load()
    decoded.clear()
    save(photos / "cat" / "new.png", 111)
    save(photos / "dog" / "9.png", 99)
    (photos / "dog" / "5.png").unlink()
    dataset = load()
    assert sorted(decoded) == ["9.png", "new.png"]
    expected = EXPECTED | {"new.png": 111, "9.png": 99}
    del expected["5.png"]
    assert levels(dataset) == expected


def test_a_file_replaced_by_one_of_the_same_size_and_date_is_noticed(load, photos, decoded):
    load()
    decoded.clear()
    path = photos / "cat" / "1.png"
    before = path.stat()
    save(path, 11)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert levels(load())["1.png"] == 11


def test_another_split_decodes_nothing(load, decoded):
    load()
    assert levels(load(split_seed=1)) == EXPECTED
    assert levels(load(split_seed=0)) == EXPECTED
    assert len(decoded) == 10


def test_other_sizes_are_decoded_anew(load, decoded):
    load()
    assert load(size=4).x.shape[2:] == (4, 4)
    assert load(channels=3).x.shape[1] == 3
    assert len(decoded) == 30


def test_old_files_of_the_cache_do_not_pile_up(load, photos, tmp_path):
    for number in range(4):
        save(photos / "cat" / f"new{number}.png", number)
        load()
    assert len(list(tmp_path.glob("cache/decoded/*/*"))) == 1 + _decoded.KEPT_BEFORE


def test_after_a_failure_what_was_decoded_is_kept(load, photos, decoded):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(noise).save(photos / "cat" / "0.png")
    whole = (photos / "cat" / "0.png").read_bytes()
    (photos / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    for _ in range(2):
        with pytest.raises(DatasetUnavailable, match="1 of 10 images"):
            load()
    (photos / "cat" / "0.png").unlink()
    assert len(load().y) == 7
    # The broken file was tried each time, the others once.
    assert sorted(decoded) == sorted([*EXPECTED, "0.png"])


KILLED = """
import os, signal, sys
from winnow.dataset.images import _parallel
from winnow.dataset.images import _pixels
from winnow.dataset.image_folder import ImageFolder
decode, calls = _pixels.read_pixels, []
def dying(*arguments):
    calls.append(None)
    if len(calls) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(*arguments)
_pixels.read_pixels, _parallel.THREADS = dying, 1
ImageFolder(sys.argv[1], cache_dir=sys.argv[2]).load()
"""


def test_a_kill_loses_no_more_than_what_was_under_way(load, photos, tmp_path, decoded):
    command = [sys.executable, "-c", KILLED, str(photos), str(tmp_path / "cache")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert levels(load()) == EXPECTED
    assert len(decoded) == 6  # four were kept


@pytest.mark.parametrize("name", ["images", "seals", "names"])
@pytest.mark.parametrize("at", [0, 6, 60, 127, 130, 200, -1])
def test_a_damaged_cache_is_noticed_and_mended(load, tmp_path, name, at):
    load()
    (path,) = tmp_path.glob(f"cache/decoded/*/*/{name}.npy")
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert levels(load()) == EXPECTED
    assert levels(load()) == EXPECTED


@pytest.mark.parametrize("name", ["images", "seals", "names"])
def test_a_cache_cut_short_is_made_again(load, tmp_path, name):
    load()
    (path,) = tmp_path.glob(f"cache/decoded/*/*/{name}.npy")
    path.write_bytes(path.read_bytes()[:150])
    assert levels(load()) == EXPECTED


def test_where_nothing_can_be_kept_one_warning_is_given(photos, tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.warns(WinnowWarning, match="decoded images cannot be kept") as caught:
        dataset = ImageFolder(str(photos), cache_dir=str(tmp_path / "cache")).load()
    assert len(caught) == 1
    assert levels(dataset) == EXPECTED


def test_a_full_disk_stops_nothing(load, monkeypatch):
    monkeypatch.setattr(os, "pwrite", lambda file, content, offset: len(content) - 1)
    with pytest.warns(WinnowWarning, match="No space left on device") as caught:
        dataset = load()
    assert len(caught) == 1
    assert levels(dataset) == EXPECTED


def test_two_at_once_decode_every_image_once(load, decoded):
    datasets = []
    threads = [threading.Thread(target=lambda: datasets.append(load())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decoded) == sorted(EXPECTED)
    assert [levels(dataset) for dataset in datasets] == [EXPECTED, EXPECTED]


def test_a_long_list_of_faults_is_eight_and_a_file(load, photos, tmp_path):
    for number in range(3000):
        (photos / "cat" / f"pointer{number:04}.jpg").write_text(
            "version https://git-lfs.github.com/spec/v1\n"
        )
    with pytest.raises(DatasetUnavailable) as caught:
        load()
    message = str(caught.value)
    assert message.startswith("3,000 of 3,010 images cannot be read: cat/pointer0000.jpg (a Git LFS pointer")
    assert message.count("pointer0") == 8
    assert "and 2,992 more" in message
    assert len(message) < 2000
    (path,) = tmp_path.glob("cache/unreadable-*.txt")
    assert message.endswith(f"all are listed in {path}")
    assert [line.split()[0] for line in path.read_text().splitlines()] == [
        f"cat/pointer{number:04}.jpg" for number in range(3000)
    ]


def test_the_list_of_faults_finds_a_place_without_a_cache(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for number in range(9):
        (photos / "cat" / f"{number}.jpg").write_text("x")
    with pytest.raises(DatasetUnavailable, match="all are listed in"):
        ImageFolder(str(photos)).load()
    (path,) = tmp_path.glob("unreadable-*.txt")
    assert len(path.read_text().splitlines()) == 9
