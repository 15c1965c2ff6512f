"""Read MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28, one channel.

The files are torchvision's, `<data_dir>/MNIST/raw/*-ubyte`. Images are mapped from the file rather than
read, so that worker processes share one copy of them, and no byte is used before its checksum is known to
be right: a flipped bit is an error, not a slightly different result.

.. [1] LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
   Proceedings of the IEEE, 1998. http://yann.lecun.com/exdb/mnist/
"""

import hashlib
import struct
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np

from winnow.dataset._staging import staged
from winnow.errors import DatasetUnavailable
from winnow.stages import Source
from winnow.store.download import why_unreachable
from winnow.types import Dataset

SHAPES = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}
CHECKSUMS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# Sets whose files have the same names and sizes, by the checksums of their files.
OTHERS = {
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888": "FashionMNIST",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9": "FashionMNIST",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b": "FashionMNIST",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34": "FashionMNIST",
}
# torchvision's list, repeated because importing torchvision takes longer than asking both mirrors.
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
PROBE_SECONDS = 4.0
OF_SET = " is that of "


@dataclass(frozen=True)
class MNIST(Source):
    """MNIST, from files that are already there; `fetch` gets them.

    All faults of the four files are named in one error; if they are those of another known set, that is said.

    Parameters
    ----------
    data_dir
        Folder below which the files lie, in `MNIST/raw`.
    """

    data_dir: str = "data"

    def load(self) -> Dataset:
        folder = raw_folder(self.data_dir)
        if faults := find_faults(folder):
            raise _not_read(folder, faults)
        x, y, x_test, y_test = (_read(folder / name) for name in SHAPES)
        y, y_test = (np.asarray(labels, dtype=np.int64) for labels in (y, y_test))
        return Dataset("mnist", x[:, None], y, x_test[:, None], y_test, tuple("0123456789"))


def raw_folder(data_dir: str) -> Path:
    """Return the folder in which torchvision keeps the four files.

    >>> raw_folder("data").as_posix()
    'data/MNIST/raw'
    """
    return Path(data_dir) / "MNIST" / "raw"


def find_faults(folder: Path) -> list[str]:
    """Say what is wrong with each file that is missing or damaged; nothing is wrong with an empty list."""
    return [fault for name in SHAPES if (fault := _fault(folder / name))]


def fetch(data_dir: str) -> None:
    """Download the four files, unless they are there and sound.

    They appear in their place only when all have arrived and been verified; a failure leaves nothing behind.

    Raises
    ------
    DatasetUnavailable
        Within 5 seconds where no mirror can be reached; else when a download fails or is damaged, or when
        files of another known set lie in the place of these.
    """
    folder = raw_folder(data_dir)
    if not (faults := find_faults(folder)):
        return
    if _foreign(faults):
        raise _not_read(folder, faults)
    smallest = "t10k-labels-idx1-ubyte.gz"
    if reason := why_unreachable([mirror + smallest for mirror in MIRRORS], PROBE_SECONDS):
        raise _not_fetched(folder, f"no mirror can be reached ({reason})")
    try:
        _download_verified(Path(data_dir))
    except (OSError, RuntimeError, HTTPException) as error:
        raise _not_fetched(folder, " ".join(str(error).split())) from error


def _fault(path: Path) -> str:
    shape = SHAPES[path.name]
    magic, header = 0x0800 + len(shape), _header_bytes(path.name)
    expected = header + int(np.prod(shape))
    try:
        if (size := path.stat().st_size) != expected:
            return f"file {path.name}: expected {expected} bytes, got {size}"
        with path.open("rb") as file:
            (found,) = struct.unpack(">I", file.read(4))
            file.seek(0)
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"file {path.name} is missing"
    except OSError as error:
        return f"file {path.name}: {error.strerror}"
    if found != magic:
        return f"file {path.name}: expected the magic number {magic}, got {found}"
    if checksum in OTHERS:
        return f"file {path.name}{OF_SET}{OTHERS[checksum]}"
    if checksum != CHECKSUMS[path.name]:
        return f"file {path.name}: wrong checksum, some bytes are damaged"
    return ""


def _read(path: Path) -> np.ndarray:
    return np.memmap(path, dtype=np.uint8, mode="r", offset=_header_bytes(path.name), shape=SHAPES[path.name])


def _header_bytes(name: str) -> int:
    return 4 + 4 * len(SHAPES[name])


def _download_verified(home: Path) -> None:
    from torchvision import datasets

    with staged(home) as staging:
        datasets.MNIST(str(staging), download=True)
        folder = raw_folder(str(staging))
        if faults := find_faults(folder):
            raise RuntimeError("; ".join(faults))
        for packed in folder.glob("*.gz"):
            packed.unlink()


def _foreign(faults: list[str]) -> str:
    """Return the name of the other known set to which one of the files belongs, if one does."""
    return next((fault.partition(OF_SET)[2] for fault in faults if OF_SET in fault), "")


def _not_read(folder: Path, faults: list[str]) -> DatasetUnavailable:
    data_dir = folder.parents[1]
    for below in (data_dir, data_dir / "raw"):
        if all((below / name).is_file() for name in SHAPES):
            return _one_too_deep(data_dir, below)
    remedy = "run `make data`"
    if name := _foreign(faults):
        right = folder.parents[1] / name / folder.name
        remedy = f"move what is {name}'s to {right} and say dataset=torchvision dataset.name={name}"
    return DatasetUnavailable(f"MNIST cannot be read: {'; '.join(faults)}", where=str(folder), remedy=remedy)


def _one_too_deep(data_dir: Path, folder: Path) -> DatasetUnavailable:
    """Return the refusal of the folder of the files themselves in place of that of all data sets."""
    name = _foreign(find_faults(folder)) or "MNIST"
    right, place = Path(name, "raw"), folder.resolve()
    is_right = place == place.parents[1] / right
    remedy = f"say data_dir={place.parents[1]}" if is_right else f"move them to {data_dir / right}"
    if name != "MNIST":
        remedy += f" and dataset=torchvision dataset.name={name}"
    return DatasetUnavailable(
        f"data_dir must be the folder above {right}, got that of the files of {name} themselves",
        where=f"data_dir={data_dir}",
        remedy=remedy,
    )


def _not_fetched(folder: Path, reason: str) -> DatasetUnavailable:
    return DatasetUnavailable(
        f"MNIST cannot be fetched: {reason}",
        where=str(folder),
        remedy="connect to the network and run `make data`, or use dataset=digits",
    )
