"""Take MNIST where it can be had, else the digits that ship with scikit-learn.

So that the first command works anywhere. It should not be used for results that are to be compared
across machines: name the data set there.
"""

import sys
from dataclasses import dataclass

from winnow.dataset.digits import Digits
from winnow.dataset.mnist import MNIST, SHAPES, fetch, raw_folder
from winnow.errors import DatasetUnavailable
from winnow.stages import Source
from winnow.types import Dataset


@dataclass(frozen=True)
class Auto(Source):
    """MNIST if its files are in `data_dir` or can be fetched, else the digits.

    Damaged files of MNIST are an error, never a reason to fall back. The data set carries its real name.

    Parameters
    ----------
    data_dir
        Folder where the files of MNIST are looked for, and fetched to.
    """

    data_dir: str = "data"

    def decide(self) -> Source:
        """Return the data set that is taken, and say which on stderr.

        A command decides once and hands the decision to all its jobs: were each to decide alone, a network
        that comes and goes would mix two data sets in one sweep.
        """
        name, reason = self._choose()
        print(f"dataset=auto takes {name}: {reason}", file=sys.stderr)
        return MNIST(self.data_dir) if name == "mnist" else Digits()

    def load(self) -> Dataset:
        return self.decide().load()

    def _choose(self) -> tuple[str, str]:
        folder = raw_folder(self.data_dir)
        if any((folder / name).exists() for name in SHAPES):
            return "mnist", f"its files are in {folder}"
        try:
            fetch(self.data_dir)
        except DatasetUnavailable as error:
            return "digits", error.what
        return "mnist", f"fetched into {folder}"
