from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from winnow.dataset.image_folder import ImageFolder
from winnow.dataset.images import _parallel
from winnow.dataset.images._decoded import Unkept
from winnow.errors import DatasetUnavailable


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def plain(value: int, height: int = 8, width: int = 8) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


@pytest.fixture
def two_classes(tmp_path) -> Path:
    """Return a folder with three grey images in each of two classes; the grey level names the image."""
    for label, name in enumerate(("ant", "bee")):
        for i in range(3):
            save(tmp_path / "two" / name / f"{i}.png", plain(100 * label + i))
    return tmp_path / "two"


def test_string_labels_are_the_names_of_the_folders_in_order(two_classes):
    dataset = ImageFolder(str(two_classes), size=4).load()
    assert dataset.name == "two"
    assert dataset.classes == ("ant", "bee")
    assert dataset.x[:, 0, 0, 0].tolist() == sorted(dataset.x[:, 0, 0, 0].tolist())
    np.testing.assert_array_equal(dataset.y, dataset.x[:, 0, 0, 0] // 100)
    assert len(dataset.y_test) == 2


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    for part, count in (("train", 3), ("test", 1)):
        for name in ("b", "a"):
            for i in range(count):
                save(tmp_path / part / name / f"{i}.png", plain(i))
    dataset = ImageFolder(str(tmp_path), size=4).load()
    assert dataset.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.x[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2]
    assert dataset.y_test.tolist() == [0, 1]


def test_the_shorter_side_is_fitted_and_the_centre_kept(tmp_path):
    pixels = plain(0, 4, 8)
    pixels[:, 2:6] = 200
    for name in ("a/1.png", "a/2.png"):
        save(tmp_path / name, pixels)
    x = ImageFolder(str(tmp_path), size=4, channels=3).load().x
    np.testing.assert_array_equal(x, np.full((1, 3, 4, 4), 200))


def test_one_channel_is_luminance(tmp_path):
    for name in ("a/1.png", "a/2.png"):
        save(tmp_path / name, np.full((4, 4, 3), (255, 0, 0), dtype=np.uint8))
    assert ImageFolder(str(tmp_path), size=2, channels=1).load().x.tolist() == [[[[76, 76], [76, 76]]]]


def test_hidden_files_and_other_files_are_left_out(two_classes):
    (two_classes / "ant" / ".hidden.png").write_bytes(b"x")
    (two_classes / "ant" / "notes.txt").write_text("x")
    (two_classes / ".git").mkdir()
    assert len(ImageFolder(str(two_classes), size=4).load().y) == 4


def test_every_broken_file_is_named_in_one_error(two_classes):
    whole = (two_classes / "ant" / "0.png").read_bytes()
    (two_classes / "ant" / "0.png").write_bytes(whole[:40])
    (two_classes / "bee" / "2.png").write_text("not an image")
    with pytest.raises(DatasetUnavailable) as caught:
        ImageFolder(str(two_classes), size=4).load()
    message = str(caught.value)
    assert message.startswith("2 of 6 images cannot be read: ant/0.png (")
    assert "bee/2.png (damaged, no image, or" in message
    assert str(two_classes) in message


def test_a_large_image_is_refused_by_its_header_and_can_be_allowed(two_classes):
    (two_classes / "ant" / "large.ppm").write_bytes(b"P6 9500 9500 255\n")
    with pytest.raises(
        DatasetUnavailable, match=r"large\.ppm \(9500 x 9500 pixels, more than dataset\.max_pixels"
    ):
        ImageFolder(str(two_classes), size=4).load()
    with pytest.raises(DatasetUnavailable, match=r"large\.ppm \(image file is truncated"):
        ImageFolder(str(two_classes), size=4, max_pixels=9500 * 9500).load()


@pytest.mark.parametrize("width", [14_000, 100_000])  # beyond what Pillow warns of, and what it refuses
def test_a_huge_image_is_refused_in_the_same_way(two_classes, width):
    (two_classes / "ant" / "huge.ppm").write_bytes(b"P6 %d %d 255\n" % (width, width))
    with pytest.raises(DatasetUnavailable, match=r"1 of 7 images cannot be read: ant/huge\.ppm"):
        ImageFolder(str(two_classes), size=4).load()


def test_an_empty_class_is_named(two_classes):
    (two_classes / "cat").mkdir()
    with pytest.raises(DatasetUnavailable, match="every class must have an image, got none for cat"):
        ImageFolder(str(two_classes)).load()


@pytest.mark.parametrize(
    ("present", "rule"),
    [
        ([], "one folder per class with images in it, got none"),
        (["train/a/1.png"], "one for testing, got only train"),
        (
            ["train/a/1.png", "train/b/1.png", "test/a/1.png"],
            "must have the same classes, got only one of 'b'",
        ),
    ],
)
def test_a_layout_that_cannot_be_understood_is_explained(tmp_path, present, rule):
    for name in present:
        save(tmp_path / name, plain(0))
    with pytest.raises(DatasetUnavailable, match=rule):
        ImageFolder(str(tmp_path)).load()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DatasetUnavailable, match="nowhere"):
        ImageFolder(str(tmp_path / "nowhere")).load()


def test_a_class_with_a_single_image_cannot_be_split(tmp_path):
    save(tmp_path / "a" / "1.png", plain(0))
    with pytest.raises(DatasetUnavailable, match=r"at least 2 images, .* got 1 for a"):
        ImageFolder(str(tmp_path)).load()


def test_progress_is_shown_only_when_it_takes_long(two_classes, capsys, monkeypatch):
    ImageFolder(str(two_classes), size=4).load()
    assert "reading images" not in capsys.readouterr().err
    monkeypatch.setattr(_parallel, "PATIENCE_SECONDS", 0.0)
    ImageFolder(str(two_classes), size=4).load()
    assert "reading images" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [{"size": 0}, {"channels": 2}, {"test_fraction": 0}, {"max_pixels": 0}])
def test_illegal_settings_are_refused_at_once(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(ImageFolder).validate_python({"folder": "x", **wrong})


@pytest.mark.parametrize(
    ("shapes", "size", "words"),
    [
        ([(28, 28)] * 4, 28, "read as 28 x 28, grey"),
        (
            [(20, 30), (25, 90), (40, 26), (70, 80)],
            25,
            "(files are 20 to 70 on the shorter side; dataset.size=",
        ),
        ([(200, 100)] * 4, 64, "(files are 100 x 200, and by default at most 64; dataset.size="),
    ],
)
def test_by_default_images_stay_as_large_as_they_are_up_to_a_limit(tmp_path, capsys, shapes, size, words):
    for number, shape in enumerate(shapes):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", np.zeros(shape, np.uint8))
    assert ImageFolder(str(tmp_path)).load().x.shape[1:] == (1, size, size)
    assert words in capsys.readouterr().err


def test_images_are_read_up_to_the_side_at_which_they_are_seen(tmp_path, capsys):
    for number in range(4):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", np.zeros((200, 100), np.uint8))
    source = ImageFolder(str(tmp_path))
    assert source.seen_at(80).load().x.shape[1:] == (1, 80, 80)
    assert "and by default at most 80;" in capsys.readouterr().err
    assert source.seen_at(224).load().x.shape[1:] == (1, 100, 100)
    assert replace(source, size=10).seen_at(80).load().x.shape[1:] == (1, 10, 10)


def test_many_images_that_are_not_kept_lie_in_a_temporary_file():
    images = np.random.default_rng(0).integers(256, size=(5, 3, 2, 2), dtype=np.uint8)
    in_memory, in_file = Unkept(images.shape), Unkept(images.shape, most=59)
    for row in (4, 0, 2, 1, 3):
        for each in (in_memory, in_file):
            each.put(row, images[row])
    np.testing.assert_array_equal(in_memory.images(), images)
    np.testing.assert_array_equal(in_file.images(), images)
    assert isinstance(in_file.images(), np.memmap)


def test_by_default_one_image_in_colour_makes_three_channels(two_classes):
    for path in two_classes.rglob("*.png"):
        save(path, np.zeros((4, 4), np.uint8))
    assert ImageFolder(str(two_classes)).load().x.shape[1] == 1
    save(two_classes / "ant" / "0.png", plain(9))
    assert ImageFolder(str(two_classes)).load().x.shape[1] == 3


def test_all_images_of_more_than_eight_bits_share_one_scale(tmp_path, capsys):
    """A dark and a bright image stay dark and bright; one of eight bits is none of theirs."""
    levels = {"a/1": np.uint16(1000), "a/2": np.uint16(4095), "b/1": np.uint16(2048), "b/2": np.uint8(9)}
    for name, level in levels.items():
        save(tmp_path / f"{name}.png", np.full((4, 4), level))
    dataset = ImageFolder(str(tmp_path)).load()
    read = {path: int(x.max()) for path, x in zip(dataset.origins, dataset.x, strict=True)}
    read |= {path: int(x.max()) for path, x in zip(dataset.test_origins, dataset.x_test, strict=True)}
    assert read == {"a/1.png": 62, "a/2.png": 255, "b/1.png": 128, "b/2.png": 9}
    assert "values 0 to 4095 scaled to 0 to 255" in capsys.readouterr().err


def test_animated_files_are_counted(two_classes, capsys):
    first, second = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    first.save(two_classes / "ant" / "moving.gif", save_all=True, append_images=[second])
    ImageFolder(str(two_classes)).load()
    assert "only the first image of 1 files with several" in capsys.readouterr().err


def test_the_users_own_folder_may_be_written_short(two_classes, monkeypatch):
    monkeypatch.setenv("HOME", str(two_classes.parent))
    assert ImageFolder("~/two").load().classes == ("ant", "bee")


def test_reads_the_photographs(data_dir):
    folder = data_dir / "cats_dogs" / "test"
    if not folder.is_dir():
        pytest.skip(f"no photographs in {folder}")
    dataset = ImageFolder(str(folder)).load()
    assert dataset.classes == ("cat", "dog")
    assert dataset.x.shape == (1600, 3, 64, 64)
    assert dataset.x_test.shape == (400, 3, 64, 64)
    with Image.open(folder / "cat" / "cat.4001.jpg") as image:
        first = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    everything = np.concatenate([dataset.x, dataset.x_test])
    assert (everything == first).all(axis=(1, 2, 3)).any()


def example(folder: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.jpg"):
        save(folder / "photos" / name, rng.integers(256, size=(40, 50, 3), dtype=np.uint8))
    return {"folder": str(folder / "photos"), "cache_dir": str(folder / "cache")}
