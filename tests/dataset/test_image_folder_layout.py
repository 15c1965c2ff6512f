"""Folders as people have them: understood and described, or refused with the remedy."""

import os
import re
import unicodedata

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.image_folder import ImageFolder
from winnow.errors import DatasetUnavailable

PIXEL = Image.fromarray(np.zeros((2, 2), np.uint8))


@pytest.fixture
def photos(tmp_path):
    """Return a function that writes images, numbered, into a folder below `photos` and returns `photos`."""

    def write(**counts):
        for name, count in counts.items():
            fill(tmp_path / "photos" / name.replace("__", "/"), count)
        return tmp_path / "photos"

    return write


def fill(folder, count=2):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        PIXEL.save(folder / f"{number}.png")


def refusal(root):
    with pytest.raises(DatasetUnavailable) as caught:
        ImageFolder(str(root)).load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def described(root, capsys):
    """Return the data set and the line that is said about it."""
    capsys.readouterr()
    dataset = ImageFolder(str(root)).load()
    (line,) = capsys.readouterr().err.splitlines()
    return dataset, line


def test_classes_and_counts_are_said_in_one_line(photos, capsys):
    _, line = described(photos(cat=3, dog=2), capsys)
    assert line == "photos: 5 images of 2 classes (cat 3, dog 2); read as 2 x 2, grey"


def test_many_classes_are_counted(photos, capsys):
    _, line = described(photos(**{f"c{number}": 2 for number in range(10)}), capsys)
    assert "of 10 classes (c0 2, c1 2, c2 2, c3 2, c4 2, c5 2, c6 2, c7 2 and 2 more)" in line


@pytest.mark.parametrize(
    "litter",
    [
        *(".ipynb_checkpoints", ".thumbnails", "@eaDir", "__MACOSX", "#recycle", "lost+found", "Thumbnails"),
        *(".@__thumb", "$RECYCLE.BIN", "System Volume Information"),
    ],
)
@pytest.mark.parametrize("place", ["", "cat", "cat/2020"])
def test_folders_of_systems_and_programs_are_left_out_and_counted(photos, capsys, litter, place):
    root = photos(cat=3, dog=2)
    fill(root / place / litter / "0.png")
    dataset, line = described(root, capsys)
    assert (len(dataset.y) + len(dataset.y_test), dataset.classes) == (5, ("cat", "dog"))
    assert re.search(r"left out: 1 \S+", line)


@pytest.mark.parametrize("name", [".DS_Store", "._0.png", "Thumbs.db", "desktop.ini", "Icon\r", "THUMBS.DB"])
def test_files_of_systems_are_left_out_and_counted(photos, capsys, name):
    root = photos(cat=3, dog=2)
    (root / "cat" / name).write_bytes(b"x")
    _, line = described(root, capsys)
    assert "(cat 3, dog 2)" in line
    assert "left out: 1 " in line
    assert "\r" not in line


def test_what_else_is_left_out_is_said_by_kind_and_class(photos, capsys):
    root = photos(cat=3, dog=2)
    for number in range(36):
        (root / "cat" / f"{number}.HEIC").write_bytes(b"x")
    (root / "cat" / "empty.png").touch()
    (root / "cat" / "notes.txt").touch()
    (root / "dog" / "notes.txt").touch()
    (root / "labels").write_text("x")
    os.mkfifo(root / "dog" / "pipe.png")
    _, line = described(root, capsys)
    assert line.endswith(
        "left out: 36 .heic in cat (not read: convert them to .jpg), 2 .txt in 2 folders, 1 empty in cat, "
        "1 that are no files in dog, 1 without an ending"
    )


def test_a_link_into_a_folder_above_is_left_out(photos, capsys):
    root = photos(cat=3, dog=2)
    (root / "cat" / "again").symlink_to(root)
    dataset, line = described(root, capsys)
    assert len(dataset.y) + len(dataset.y_test) == 5
    assert "1 links to a folder above in cat" in line


def test_links_to_folders_and_files_are_followed(photos, tmp_path):
    root = photos(cat=3, dog=2)
    fill(tmp_path / "elsewhere", 4)
    (root / "cat" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "dog" / "linked.png").symlink_to(tmp_path / "elsewhere" / "0.png")
    dataset = ImageFolder(str(root)).load()
    assert np.bincount(np.concatenate([dataset.y, dataset.y_test])).tolist() == [7, 3]


def test_a_folder_that_is_reached_twice_is_refused(photos):
    root = photos(cat=3, dog=2)
    (root / "dog" / "more").symlink_to(root / "cat")
    assert "reached in one way, got it as cat and as dog/more" in refusal(root)


def test_links_that_lead_nowhere_are_faults(photos):
    root = photos(cat=3, dog=2)
    (root / "cat" / "annex.png").symlink_to("/nowhere/annex.png")
    (root / "cat" / "loop.png").symlink_to("loop.png")
    message = refusal(root)
    assert "2 of 7 images cannot be read" in message
    assert message.count("a link that leads nowhere") == 2


@pytest.mark.parametrize(
    ("training", "test"),
    [
        ("train", "test"),
        ("Training", "Testing"),
        ("TRAIN", "Test"),
        ("training_set", "test_set"),
        ("train", "val"),
    ],
)
def test_parts_are_known_by_their_usual_names(photos, capsys, training, test):
    root = photos(**{f"{training}__cat": 3, f"{training}__dog": 2, f"{test}__cat": 1, f"{test}__dog": 1})
    dataset, line = described(root, capsys)
    assert (dataset.y.tolist(), dataset.y_test.tolist()) == ([0, 0, 0, 1, 1], [0, 1])
    assert f"5 images for training in {training}/ and 2 for testing in {test}/" in line
    assert "(cat 3 + 1, dog 2 + 1)" in line


def test_a_part_for_validation_beside_one_for_testing_is_left_out_and_said(photos, capsys):
    root = photos(train__cat=3, train__dog=2, test__cat=1, test__dog=1, val__cat=1, val__dog=1)
    dataset, line = described(root, capsys)
    assert (len(dataset.y), len(dataset.y_test)) == (5, 2)
    assert "left out: val/ with 2 images (there is a test part already)" in line


def test_a_class_may_be_called_train(photos):
    assert ImageFolder(str(photos(bus=2, plane=2, train=2))).load().classes == ("bus", "plane", "train")
    assert ImageFolder(str(photos(valid=2, bus=2))).load().classes == ("bus", "plane", "train", "valid")


@pytest.mark.parametrize(
    ("counts", "rule", "remedy"),
    [
        ({}, "one folder per class", "put the images"),
        ({"train__cat": 2, "train__dog": 2}, "got only train", "dataset.folder={root}/train"),
        ({"Test__cat": 2, "Test__dog": 2}, "got only Test", "dataset.folder={root}/Test"),
        (
            {"train__a": 2, "test__a": 2, "Train__a": 2},
            "one folder for training, got Train, train",
            "join them",
        ),
        (
            {"train__a": 2, "test__a": 2, "other__a": 2},
            "beside other folders of images, got other",
            "move these",
        ),
        ({"train": 2, "test": 2}, "in the folder of its class, got 2 outside", "folder per class"),
        ({"train__cat": 2, "test": 2}, "in the folder of its class, got 2 outside", "dataset.folder"),
        ({"train__a": 2, "train__b": 2, "test__a": 2}, "got only one of 'b' (in train/)", "add or remove"),
        ({"train__A": 2, "test__a": 2}, "got only one of 'A' (in train/), 'a' (in test/)", "case or blanks"),
        ({"data__cat": 2, "data__dog": 2}, "got data/ that only holds", "dataset.folder={root}/data"),
        ({"data__train__cat": 2, "data__test__cat": 2}, "only holds", "dataset.folder={root}/data"),
        ({"x__y__cat": 2, "x__y__dog": 2}, "got y/ that only holds", "dataset.folder={root}/x/y"),
        ({"cat__cat": 2}, "got cat/ that only holds folders of them: cat/", "dataset.folder={root}/cat"),
        ({"site1__cat": 2, "site1__dog": 2, "site2__cat": 2}, "got site1/ that only holds", "{root}/site1"),
        ({"cat": 2, "dog__2019": 2, "dog__2020": 2}, "got dog/ that only holds", "move its images up"),
        ({".": 1, "cat": 2, "dog": 2}, "got 1 outside: 0.png", "folder per class"),
        ({".": 3}, "got 3 outside: 0.png, 1.png, 2.png", "folder per class"),
        (
            {"cat": 1, "dog": 2},
            "at least 2 images, one to learn from and one to be tested on, got 1 for cat",
            "add",
        ),
        ({"cat": 2, "dog": 0}, "every class must have an image, got none for dog", "remove the folder"),
        ({"Cat": 2, "cat": 2}, "differ by more than case or blanks, got 'Cat' and 'cat'", "rename one"),
        ({"cat ": 2, "cat": 2}, "differ by more than case or blanks, got 'cat' and 'cat '", "rename one"),
        ({"c\x1bat": 2, "dog": 2}, "no control characters", "rename it"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused_with_the_remedy(photos, counts, rule, remedy):
    root = photos(**counts)
    root.mkdir(exist_ok=True)
    message = refusal(root)
    assert rule in message
    assert remedy.format(root=root) in message
    assert "\x1b" not in message


@pytest.mark.parametrize(
    ("name", "remedy"), [("1.heic", "convert these files"), ("1.txt", "remove the folder, or put images")]
)
def test_a_class_without_images_says_what_it_holds(photos, name, remedy):
    root = photos(cat=2)
    (root / "dog").mkdir()
    (root / "dog" / name).write_bytes(b"x")
    message = refusal(root)
    assert f"got none for dog (there: 1 {name[1:]})" in message
    assert remedy in message


def test_an_archive_wants_to_be_unpacked(photos, tmp_path):
    root = photos()
    root.mkdir()
    (root / "photos.zip").write_bytes(b"x")
    assert refusal(root).endswith("unpack it")
    assert "got a file" in refusal(root / "photos.zip")


def test_one_folder_of_images_below_each_class_is_no_class(photos):
    dataset = ImageFolder(str(photos(n01__images=2, n02__images=2))).load()
    assert dataset.classes == ("n01", "n02")


def test_a_name_composed_in_two_ways_is_one_name(photos):
    composed, apart = (unicodedata.normalize(form, "Käse") for form in ("NFC", "NFD"))
    dataset = ImageFolder(str(photos(**{f"train__{composed}": 2, f"test__{apart}": 1}))).load()
    assert dataset.classes == (composed,)
    assert len(dataset.y_test) == 1


def test_two_folders_of_one_name_composed_in_two_ways_are_one_class(photos):
    composed, apart = (unicodedata.normalize(form, "Käse") for form in ("NFC", "NFD"))
    dataset = ImageFolder(str(photos(**{composed: 2, apart: 3, "Ei": 2}))).load()
    assert dataset.classes == ("Ei", composed)
    assert np.bincount(np.concatenate([dataset.y, dataset.y_test])).tolist() == [2, 5]


def test_names_of_files_may_hold_what_phones_and_screens_put_there(photos, capsys):
    root = photos(cat=2, dog=2)
    for name in ("Screenshot 9.41\u202fAM.png", "[red]x.png", "a,b'\".png", os.fsdecode(b"caf\xe9.png")):
        PIXEL.save(root / "cat" / name)
    assert "cat 6" in described(root, capsys)[1]


def test_every_row_says_where_it_comes_from(photos):
    root = photos(cat=5, dog=5)
    dataset = ImageFolder(str(root)).load()
    assert sorted([*dataset.origins, *dataset.test_origins]) == sorted(
        f"{name}/{number}.png" for name in ("cat", "dog") for number in range(5)
    )
    assert [dataset.classes[label] for label in dataset.y] == [path[:3] for path in dataset.origins]
    assert [dataset.classes[label] for label in dataset.y_test] == [path[:3] for path in dataset.test_origins]
