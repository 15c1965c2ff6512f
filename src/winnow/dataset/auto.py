"""Take MNIST where it can be had, else the digits that ship with scikit-learn.

So that the first command works anywhere. It should not be used for results that are to be compared
across machines: name the data set there.
"""

import os
import sys
from dataclasses import dataclass

from winnow.dataset.digits import Digits
from winnow.dataset.mnist import MNIST, SHAPES, fetch, raw_folder
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.stages import Source
from winnow.types import Dataset

VARIABLE = "WINNOW_AUTO_DATASET"


@dataclass(frozen=True)
class Auto(Source):
    """MNIST if its files are in `data_dir` or can be fetched, else the digits.

    Damaged files of MNIST are an error, never a reason to fall back. The data set carries its real name.
    """

    data_dir: str = "data"

    def decide(self) -> Source:
        """Return the real source; the first call decides for this process and those it starts.

        The decision is kept in the environment, which jobs and worker processes inherit: were each to
        decide alone, a network that comes and goes would mix two data sets in one sweep.
        """
        sources = {"mnist": MNIST(self.data_dir), "digits": Digits()}
        name = os.environ.get(VARIABLE)
        if name is None:
            name, reason = self._choose()
            os.environ[VARIABLE] = name
            print(f"dataset=auto takes {name}: {reason}", file=sys.stderr)
        if name not in sources:
            raise InvalidValue(f"{VARIABLE} must be mnist or digits, got {name}", remedy=f"unset {VARIABLE}")
        return sources[name]

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
