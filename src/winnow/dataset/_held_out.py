"""Judge by training rows: set a part of them aside, so that a search need not look at the test set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._split import stratified_split
from winnow.rows.lazy_rows import PartOfRows
from winnow.rows.row_array import RowArray
from winnow.stages import Source
from winnow.types import Dataset


@dataclass(frozen=True)
class HeldOut(Source):
    """The training rows of another data set; `fraction` of each class takes the place of the test set.

    The test rows of `source` have no part in it. The split does not depend on the seed of a command: all
    that is searched in one data set is judged by the same rows.

    Raises
    ------
    InvalidValue
        When it is loaded, if a class has a single training row.
    """

    source: Source
    fraction: float = 1 / 6

    def load(self) -> Dataset:
        whole = self.source.load()
        kept, judging = stratified_split(whole.y, self.fraction, seed=0)
        return Dataset(
            f"{whole.name}, judged by held-out training rows",
            _part(whole.x, kept),
            whole.y[kept],
            _part(whole.x, judging),
            whole.y[judging],
            whole.classes,
            _names(whole.origins, kept),
            _names(whole.origins, judging),
            whole.origin,
        )


def _part(x: RowArray, numbers: Int64[ndarray, " m"]) -> RowArray:
    return x[numbers] if type(x) is np.ndarray else PartOfRows(x, numbers)


def _names(origins: Sequence[str] | None, numbers: Int64[ndarray, " m"]) -> Sequence[str] | None:
    return None if origins is None else [origins[number] for number in numbers]
