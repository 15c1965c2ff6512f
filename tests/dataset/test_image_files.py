"""Images decoded whenever they are asked for are those that are decoded once."""

import os

import numpy as np
import pytest
from PIL import Image

from winnow.clusterer.kmeans import Kmeans
from winnow.dataset.image_folder import ImageFolder
from winnow.dataset.images._files import ImageFiles
from winnow.embedding.pca import PCA
from winnow.errors import DatasetUnavailable
from winnow.network.processes import packed, unpacked


@pytest.fixture
def photos(tmp_path):
    """Two classes of 20 grey images each, of 16 bits in half of them."""
    rng = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / "photos" / ("cat" if number < 20 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        deep = number % 2
        values = rng.integers(60_000 if deep else 256, size=(9, 12), dtype=np.uint16 if deep else np.uint8)
        Image.fromarray(values).save(path)
    return tmp_path / "photos"


@pytest.fixture
def both(photos, tmp_path):
    """The data set decoded once, and whenever it is asked for."""
    once = ImageFolder(str(photos), cache_dir=str(tmp_path / "cache"))
    return once, ImageFolder(str(photos), decode="always", cache_dir=str(tmp_path / "other"))


def test_values_and_checksum_are_the_same_and_nothing_is_kept(both, tmp_path):
    once, always = (source.load() for source in both)
    assert isinstance(always.x, ImageFiles)
    for part in ("x", "x_test"):
        np.testing.assert_array_equal(getattr(always, part)[:], getattr(once, part))
        np.testing.assert_array_equal(getattr(always, part)[-1], getattr(once, part)[-1])
    assert (always.checksum, always.origins) == (once.checksum, once.origins)
    assert not (tmp_path / "other" / "decoded").exists()


def test_the_same_rows_are_kept(both):
    distances = []
    for source in both:
        X = PCA(components=3).fit_transform(source.rows().x)
        distances.append(Kmeans(k=4).fit(X, seed=0).distances)
    np.testing.assert_array_equal(*distances)


def test_another_process_reads_the_same_files(both):
    x = both[1].load().x
    np.testing.assert_array_equal(unpacked(packed(x))[:3], x[:3])


def test_files_that_cannot_be_decoded_are_named(both, photos):
    for number in (3, 5):
        path = photos / "cat" / f"{number}.png"
        path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DatasetUnavailable, match=r"2 of 40 .* cat/3.png \(.*cat/5.png"):
        both[1].rows().x[:]


def test_a_broken_header_is_named_before_anything_is_decoded(both, photos):
    (photos / "cat" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no more")
    with pytest.raises(DatasetUnavailable, match=r"1 of 40 images cannot be read: cat/3.png"):
        both[1].load()


def test_a_file_that_changes_during_a_command_is_an_error(both, photos):
    x = both[1].rows().x
    os.utime(photos / "dog" / "30.png", (1, 1))
    with pytest.raises(DatasetUnavailable, match=r"dog/30.png .*changed while it was in use"):
        x[:]
