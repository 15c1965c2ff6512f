"""Every set that can be named is read from files in its own format, written here by hand.

Each writer makes two classes with two images of each for training and two for testing. All pixels of an image
are 100 * class + 20 in the training part and 100 * class + 30 in the test part, so that every row says by
itself which class and which part it belongs to.
"""

import bz2
import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from winnow.dataset._known_sets import KNOWN
from winnow.dataset.torchvision import Torchvision

PARTS = (("train", 20), ("test", 30))
LABELS = np.array([0, 1, 0, 1], np.uint8)
NAMES = ("first", "second")


def rows(level: int, *shape: int) -> np.ndarray:
    """Four images of a part, as bytes."""
    levels = (100 * LABELS + level).reshape(-1, *[1] * len(shape))
    return np.broadcast_to(levels, (4, *shape)).astype(np.uint8)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def photograph(path: Path, value: int, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)


def idx(array: np.ndarray) -> bytes:
    """The format of MNIST: type and number of axes, their lengths, the numbers; all big-endian."""
    kind = {1: 0x08, 4: 0x0C}[array.dtype.itemsize]
    header = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_like_mnist(root, name, images, labels):
    for part, level in PARTS:
        folder = root / name / "raw"
        write(folder / images.format(part if part == "train" else "t10k"), idx(rows(level, 28, 28)))
        write(folder / labels.format(part if part == "train" else "t10k"), idx(LABELS))


def mnist(name):
    def write_files(root, monkeypatch):
        write_like_mnist(root, name, "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte")

    return write_files


def emnist(root, monkeypatch):
    for part, level in PARTS:
        start = root / "EMNIST" / "raw" / f"emnist-balanced-{part}"
        write(Path(f"{start}-images-idx3-ubyte"), idx(rows(level, 28, 28)))
        write(Path(f"{start}-labels-idx1-ubyte"), idx(LABELS))


def qmnist(root, monkeypatch):
    for part, level in PARTS:
        start = root / "QMNIST" / "raw" / f"qmnist-{part}"
        write(Path(f"{start}-images-idx3-ubyte"), idx(rows(level, 28, 28)))
        about = np.full((4, 8), 7, np.int32)  # the digit, and where the image comes from
        about[:, 0] = LABELS
        write(Path(f"{start}-labels-idx2-int"), idx(about))


def usps(root, monkeypatch):
    for file, (_, level) in zip(("usps.bz2", "usps.t.bz2"), PARTS, strict=True):
        lines = []
        for label in LABELS.tolist():
            value = 2 * (100 * label + level + 0.5) / 255 - 1
            lines.append(" ".join([str(label + 1), *(f"{at}:{value:.6f}" for at in range(1, 257))]))
        write(root / file, bz2.compress("\n".join(lines).encode()))


def semeion(root, monkeypatch):
    line = "{0} " * 256 + "{1} {2} 0 0 0 0 0 0 0 0\n"  # pixels are 0 or 1
    path = write(root / "semeion.data", line.format("0.0000", 1, 0) * 4 + line.format("1.0000", 0, 1) * 4)
    monkeypatch.setattr(datasets.SEMEION, "md5_checksum", md5(path))


def cifar(name, key, files):
    def write_files(root, monkeypatch):
        kind, folder = getattr(datasets, name), root / getattr(datasets, name).base_folder
        for part, level in PARTS:
            batches = {"train": files[:-1], "test": files[-1:]}[part]
            for number, file in enumerate(batches):  # the rows of the part, spread over its files
                own = slice(number, None, len(batches))
                data = {"data": rows(level, 3072)[own], key: LABELS[own].tolist()}
                write(folder / file, pickle.dumps(data, protocol=2))
            sums = [[file, md5(folder / file)] for file in batches]
            monkeypatch.setattr(kind, f"{part}_list", sums)
        meta = write(folder / kind.meta["filename"], pickle.dumps({kind.meta["key"]: list(NAMES)}))
        monkeypatch.setattr(kind, "meta", kind.meta | {"md5": md5(meta)})

    return write_files


def svhn(root, monkeypatch):
    known = {}
    for part, level in PARTS:
        path = root / f"{part}_32x32.mat"
        y = np.where(LABELS == 0, 10, LABELS)[:, None]  # 10 stands for the digit 0
        savemat(path, {"X": rows(level, 32, 32, 3).transpose(1, 2, 3, 0), "y": y})
        known[part] = ["", path.name, md5(path)]
    monkeypatch.setattr(datasets.SVHN, "split_list", known)


def stl10(root, monkeypatch):
    folder, sums = root / "stl10_binary", {}
    for part, level in PARTS:
        write(folder / f"{part}_X.bin", rows(level, 3, 96, 96).tobytes())
        write(folder / f"{part}_y.bin", (LABELS + 1).tobytes())
        sums[part] = [[f"{part}_{kind}.bin", md5(folder / f"{part}_{kind}.bin")] for kind in "Xy"]
    unlabelled = write(folder / "unlabeled_X.bin", rows(0, 3, 96, 96).tobytes())
    monkeypatch.setattr(datasets.STL10, "train_list", [*sums["train"], [unlabelled.name, md5(unlabelled)]])
    monkeypatch.setattr(datasets.STL10, "test_list", sums["test"])
    write(folder / "class_names.txt", "\n".join(NAMES))


def fer2013(root, monkeypatch):
    lines = ["emotion,pixels,Usage"]
    for usage, level in (("Training", 20), ("PublicTest", 30)):
        for label in LABELS.tolist():
            lines.append(f"{label},{' '.join([str(100 * label + level)] * 48 * 48)},{usage}")
    path = write(root / "fer2013" / "fer2013.csv", "\n".join(lines) + "\n")
    known = datasets.FER2013._RESOURCES | {"fer": (path.name, md5(path))}
    monkeypatch.setattr(datasets.FER2013, "_RESOURCES", known)


def each():
    """Part, number of the image, its class and its grey level."""
    for part, level in PARTS:
        for number, label in enumerate(LABELS.tolist()):
            yield part, number, label, 100 * label + level


def in_folders(pattern, parts=("train", "test"), names=NAMES):
    """The format of most: a folder for each class, named as `names` say."""

    def write_files(root, monkeypatch):
        for part, number, label, value in each():
            part = dict(zip(("train", "test"), parts, strict=True))[part]
            photograph(root / pattern.format(part=part, name=names[label], number=number), value)

    return write_files


def undivided(pattern):
    """A folder for each class and no parts: all images are as bright as those for training elsewhere."""

    def write_files(root, monkeypatch):
        for part, number, label, _ in each():
            photograph(root / pattern.format(name=NAMES[label], number=f"{part}{number}"), 100 * label + 20)

    return write_files


def sun397(root, monkeypatch):
    undivided("SUN397/x/{name}/sun_{number}.jpg")(root, monkeypatch)
    write(root / "SUN397" / "ClassName.txt", "".join(f"/x/{name}\n" for name in NAMES))


def imagenet(root, monkeypatch):
    in_folders("{part}/{name}/{number}.jpeg", ("train", "val"), ("n01", "n02"))(root, monkeypatch)
    names = {"n01": ("crane", "bird"), "n02": ("crane", "machine")}
    torch.save((names, ["n01"]), root / "meta.bin")


def flowers102(root, monkeypatch):
    folder, numbers = root / "flowers-102", {"train": [], "test": []}
    labels = []
    for part, _, label, value in each():
        labels.append(label + 1)
        numbers[part].append(len(labels))
        photograph(folder / "jpg" / f"image_{len(labels):05d}.jpg", value)
    savemat(folder / "imagelabels.mat", {"labels": np.array(labels)})
    savemat(folder / "setid.mat", {"trnid": numbers["train"], "tstid": numbers["test"], "valid": [1]})
    known = datasets.Flowers102._file_dict.copy()
    known |= {kind: (known[kind][0], md5(folder / known[kind][0])) for kind in ("label", "setid")}
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", known)


def food101(root, monkeypatch):
    lists = {"train": {}, "test": {}}
    for part, number, label, value in each():
        path = f"{NAMES[label]}/{part}{number}"
        photograph(root / "food-101" / "images" / f"{path}.jpg", value)
        lists[part].setdefault(NAMES[label], []).append(path)
    for part, listed in lists.items():
        write(root / "food-101" / "meta" / f"{part}.json", json.dumps(listed))


def pets(root, monkeypatch):
    lines = {"train": [], "test": []}
    for part, number, label, value in each():
        image = f"{NAMES[label]}_{part}{number}"
        photograph(root / "oxford-iiit-pet" / "images" / f"{image}.jpg", value)
        lines[part].append(f"{image} {label + 1} 1 1\n")
    for file, part in (("trainval", "train"), ("test", "test")):
        write(root / "oxford-iiit-pet" / "annotations" / f"{file}.txt", "".join(lines[part]))


def traffic_signs(root, monkeypatch):
    table = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for part, number, label, value in each():
        folder = (
            root / "gtsrb" / "GTSRB" / ("Final_Test/Images" if part == "test" else f"Training/{label:05d}")
        )
        photograph(folder / f"{number:05d}.ppm", value)
        if part == "test":
            table.append(f"{number:05d}.ppm;12;10;1;1;11;9;{label}")
    write(root / "gtsrb" / "GT-final_test.csv", "\n".join(table))


def textures(root, monkeypatch):
    lines = {"train": [], "test": []}
    for part, number, label, value in each():
        path = f"{NAMES[label]}/{part}{number}.jpg"
        photograph(root / "dtd" / "dtd" / "images" / path, value)
        lines[part].append(f"{path}\n")
    for part, listed in lines.items():
        write(root / "dtd" / "dtd" / "labels" / f"{part}1.txt", "".join(listed))


def aircraft(root, monkeypatch):
    folder, lines = root / "fgvc-aircraft-2013b" / "data", {"train": [], "test": []}
    for part, number, label, value in each():
        photograph(folder / "images" / f"{part}{number}.jpg", value)
        lines[part].append(f"{part}{number} {NAMES[label]}\n")
    for file, part in (("trainval", "train"), ("test", "test")):
        write(folder / f"images_variant_{file}.txt", "".join(lines[part]))
    write(folder / "variants.txt", "".join(f"{name}\n" for name in NAMES))


def cars(root, monkeypatch):
    folder = root / "stanford_cars"
    marks = {part: np.zeros(4, [("fname", "O"), ("class", "O")]) for part, _ in PARTS}
    for part, number, label, value in each():
        photograph(folder / f"cars_{part}" / f"{number}.jpg", value)
        marks[part][number] = (f"{number}.jpg", label + 1)
    (folder / "devkit").mkdir()
    savemat(folder / "devkit" / "cars_train_annos.mat", {"annotations": marks["train"]})
    savemat(folder / "cars_test_annos_withlabels.mat", {"annotations": marks["test"]})
    savemat(folder / "devkit" / "cars_meta.mat", {"class_names": np.array(NAMES, object)})


def clevr(root, monkeypatch):
    folder, scenes = root / "clevr" / "CLEVR_v1.0", {"train": [], "val": []}
    for part, number, label, value in each():
        part = {"train": "train", "test": "val"}[part]
        photograph(folder / "images" / part / f"{number}.png", value)
        scenes[part].append({"image_filename": f"{number}.png", "objects": [{}] * (label + 3)})
    for part, found in scenes.items():
        write(folder / "scenes" / f"CLEVR_{part}_scenes.json", json.dumps({"scenes": found}))


WRITERS = {
    "CIFAR10": cifar("CIFAR10", "labels", ["data_batch_1", "data_batch_2", "test_batch"]),
    "CIFAR100": cifar("CIFAR100", "fine_labels", ["train", "test"]),
    "CLEVRClassification": clevr,
    "Country211": in_folders("country211/{part}/{name}/{number}.jpg"),
    "DTD": textures,
    "EMNIST": emnist,
    "EuroSAT": undivided("eurosat/2750/{name}/{number}.jpg"),
    "FER2013": fer2013,
    "FGVCAircraft": aircraft,
    "FashionMNIST": mnist("FashionMNIST"),
    "Flowers102": flowers102,
    "Food101": food101,
    "GTSRB": traffic_signs,
    "ImageNet": imagenet,
    "Imagenette": in_folders(
        "imagenette2/{part}/{name}/{number}.jpeg", ("train", "val"), ("n01440764", "n02102040")
    ),
    "KMNIST": mnist("KMNIST"),
    "MNIST": mnist("MNIST"),
    "OxfordIIITPet": pets,
    "QMNIST": qmnist,
    "RenderedSST2": in_folders("rendered-sst2/{part}/{name}/{number}.png", names=("negative", "positive")),
    "SEMEION": semeion,
    "STL10": stl10,
    "SUN397": sun397,
    "SVHN": svhn,
    "StanfordCars": cars,
    "USPS": usps,
}
CLASSES = {
    "CLEVRClassification": ("3", "4"),
    "EMNIST": ("0", "1"),
    "FER2013": ("0", "1"),
    "FashionMNIST": ("T-shirt/top", "Trouser"),
    "Flowers102": ("pink primrose", "hard-leaved pocket orchid"),
    "GTSRB": ("0", "1"),
    "ImageNet": ("crane, bird", "crane, machine"),
    "Imagenette": ("tench", "English springer"),
    "KMNIST": ("o", "ki"),
    "MNIST": ("0 - zero", "1 - one"),
    "OxfordIIITPet": ("First", "Second"),
    "QMNIST": ("0 - zero", "1 - one"),
    "RenderedSST2": ("negative", "positive"),
    "SEMEION": ("0", "1"),
    "SVHN": ("0", "1"),
    "USPS": ("0", "1"),
}
SHAPES = {"USPS": (1, 16, 16), "SEMEION": (1, 16, 16), "FER2013": (1, 48, 48), "STL10": (3, 96, 96)}
SHAPES |= dict.fromkeys(("CIFAR10", "CIFAR100", "SVHN"), (3, 32, 32))
SHAPES |= dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST"), (1, 28, 28))


def test_every_set_of_the_table_is_written_here():
    assert sorted(WRITERS) == sorted(KNOWN)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write the tiny files of a set and read them."""

    def load_set(name, **settings):
        WRITERS[name](tmp_path, monkeypatch)
        return Torchvision(name, str(tmp_path), **settings).load()

    return load_set


@pytest.mark.parametrize("name", sorted(name for name, known in KNOWN.items() if known.parts[1] is not None))
def test_the_parts_of_a_set_are_kept_apart_and_every_row_has_its_label(name, load):
    dataset = load(name)
    assert dataset.classes == CLASSES.get(name, NAMES)
    for x, y, level in ((dataset.x, dataset.y, 20), (dataset.x_test, dataset.y_test, 30)):
        assert (x.shape, x.dtype) == ((4, *SHAPES.get(name, (3, 10, 10))), np.uint8)
        assert sorted(y.tolist()) == [0, 0, 1, 1]
        brightness = x.reshape(4, -1).astype(int)
        np.testing.assert_allclose(brightness, (100 * y + level)[:, None] + 0 * brightness, atol=1)


@pytest.mark.parametrize("name", ["EuroSAT", "SUN397", "SEMEION"])
def test_a_set_without_parts_is_split_with_a_share_of_every_class(name, load):
    dataset = load(name, test_fraction=0.25)
    assert np.bincount(dataset.y).tolist() == [3, 3]
    assert np.bincount(dataset.y_test).tolist() == [1, 1]
    dark, bright = (0, 255) if name == "SEMEION" else (20, 120)
    for x, y in ((dataset.x, dataset.y), (dataset.x_test, dataset.y_test)):
        np.testing.assert_allclose(x[:, 0, 0, 0], np.where(y == 0, dark, bright), atol=1)
    assert not set(dataset.origins) & set(dataset.test_origins)


@pytest.mark.parametrize("name", ["GTSRB", "OxfordIIITPet"])
def test_lists_that_are_read_here_are_in_the_order_of_torchvision(name, load, tmp_path):
    ours = load(name)
    for part, x, y in zip(KNOWN[name].parts, (ours.x, ours.x_test), (ours.y, ours.y_test), strict=True):
        theirs = getattr(datasets, name)(str(tmp_path), **part)
        assert [label for _, label in theirs] == y.tolist()
        assert [image.getpixel((0, 0))[0] for image, _ in theirs] == x[:, 0, 0, 0].tolist()
