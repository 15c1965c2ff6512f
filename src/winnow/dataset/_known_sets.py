"""The classification sets of torchvision that can be named, and how the parts of each are told apart.

The table is closed: nothing else of torchvision can be built by writing its name into a configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from winnow.errors import InvalidValue

Arguments = Mapping[str, Any]
TRAIN: tuple[Arguments, Arguments] = ({"train": True}, {"train": False})
SPLIT: tuple[Arguments, Arguments] = ({"split": "train"}, {"split": "test"})
SPLIT_VAL: tuple[Arguments, Arguments] = ({"split": "train"}, {"split": "val"})
SPLIT_TRAINVAL: tuple[Arguments, Arguments] = ({"split": "trainval"}, {"split": "test"})
UNDIVIDED: tuple[Arguments, None] = ({}, None)


@dataclass(frozen=True)
class KnownSet:
    """What has to be known of a class of `torchvision.datasets` to read it.

    Parameters
    ----------
    parts
        Arguments of the class for the training and for the test part; no test part where one is drawn.
    held
        `arrays` (attribute `data`), `items` (images of one size, one by one) or `files` (paths).
    axes
        Order of the axes of arrays and items: n images, h rows, w columns, c channels.
    labels
        Attribute with the labels of a set that is held as arrays.
    variants
        Versions in which the set comes, the default first; the class takes them as `variant_argument`.
    variant_argument
        Argument of the class that chooses the version.
    source
        Where the files are to be had by hand; empty where torchvision downloads them.
    """

    parts: tuple[Arguments, Arguments | None]
    held: Literal["arrays", "items", "files"] = "files"
    axes: Literal["nhw", "nhwc", "nchw"] = "nhw"
    labels: Literal["targets", "labels"] = "targets"
    variants: tuple[str, ...] = ()
    variant_argument: str = ""
    source: str = ""


EMNIST_SPLITS = ("balanced", "byclass", "bymerge", "letters", "digits", "mnist")
DTD_PARTITIONS = tuple(str(partition) for partition in range(1, 11))
KAGGLE = (
    "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge"
)

KNOWN: dict[str, KnownSet] = {
    "CIFAR10": KnownSet(TRAIN, "arrays", "nhwc"),
    "CIFAR100": KnownSet(TRAIN, "arrays", "nhwc"),
    "CLEVRClassification": KnownSet(SPLIT_VAL),
    "Country211": KnownSet(SPLIT),
    "DTD": KnownSet(SPLIT, variants=DTD_PARTITIONS, variant_argument="partition"),
    "EMNIST": KnownSet(TRAIN, "arrays", variants=EMNIST_SPLITS, variant_argument="split"),
    "EuroSAT": KnownSet(UNDIVIDED),
    "FER2013": KnownSet(SPLIT, "items", source=KAGGLE),
    "FGVCAircraft": KnownSet(
        SPLIT_TRAINVAL,
        variants=("variant", "family", "manufacturer"),
        variant_argument="annotation_level",
    ),
    "FashionMNIST": KnownSet(TRAIN, "arrays"),
    "Flowers102": KnownSet(SPLIT),
    "Food101": KnownSet(SPLIT),
    "GTSRB": KnownSet(SPLIT),
    "ImageNet": KnownSet(SPLIT_VAL, source="https://image-net.org"),
    "Imagenette": KnownSet(SPLIT_VAL, variants=("full", "320px", "160px"), variant_argument="size"),
    "KMNIST": KnownSet(TRAIN, "arrays"),
    "MNIST": KnownSet(TRAIN, "arrays"),
    "OxfordIIITPet": KnownSet(SPLIT_TRAINVAL),
    "QMNIST": KnownSet(TRAIN, "arrays"),
    "RenderedSST2": KnownSet(SPLIT),
    "SEMEION": KnownSet(UNDIVIDED, "arrays", labels="labels"),
    "STL10": KnownSet(SPLIT, "arrays", "nchw", labels="labels"),
    "SUN397": KnownSet(UNDIVIDED),
    "SVHN": KnownSet(SPLIT, "arrays", "nchw", labels="labels"),
    "StanfordCars": KnownSet(SPLIT, source="https://github.com/pytorch/vision/issues/7545"),
    "USPS": KnownSet(TRAIN, "arrays"),
}
"""By the name of the class in `torchvision.datasets`. Validation parts beside a test part are left out."""


def chosen_variant(name: str, variant: str | None) -> str | None:
    """Return the version of a set that is read: the first of those it has, where none is chosen.

    >>> chosen_variant("EMNIST", None), chosen_variant("EMNIST", "letters"), chosen_variant("SVHN", None)
    ('balanced', 'letters', None)

    Raises
    ------
    InvalidValue
        If the set has no such version.
    """
    variants = KNOWN[name].variants
    if variant is None:
        return variants[0] if variants else None
    if variant not in variants:
        rule = f"be one of {', '.join(variants)}" if variants else "be null"
        raise InvalidValue(f"variant of {name} must {rule}, got {variant!r}", where="dataset.variant")
    return variant
