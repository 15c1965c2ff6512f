"""Draw a table with known structure: scikit-learn's `make_classification`.

Every class is two normal clouds at corners of a cube in the informative columns, the other columns are
mixtures of these, and a hundredth of the labels is wrong. Small, quick and free of accidents of real data:
good for seeing what a selector does, worthless as evidence that it does so on yours.

Reference: Guyon, "Design of experiments for the NIPS 2003 variable selection benchmark", 2003.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from winnow.dataset._split import stratified_split
from winnow.errors import InvalidValue
from winnow.stages import Source
from winnow.types import Dataset

CLOUDS_PER_CLASS = 2


@dataclass(frozen=True)
class Classification(Source):
    """Rows of normally distributed clouds, two for each class, on the corners of a hypercube.

    Columns have mean 0 and deviation 1 in the training part, by which the test part is scaled, too.

    Parameters
    ----------
    rows
        Number of rows, training and test set together.
    features
        Number of columns.
    informative
        Number of independent columns; the others are combinations of these.
    classes
        Number of classes.
    test_fraction
        Share of the rows in the test set.
    draw_seed
        Seed with which the rows and the split are drawn.

    Examples
    --------
    >>> dataset = Classification().load()
    >>> dataset.x.shape, dataset.x_test.shape, len(dataset.classes)
    ((800, 10), (200, 10), 6)
    """

    rows: Annotated[int, Field(ge=20)] = 1000
    features: Annotated[int, Field(ge=2)] = 10
    informative: Annotated[int, Field(ge=2)] = 8
    classes: Annotated[int, Field(ge=2)] = 6
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    draw_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def load(self) -> Dataset:
        from sklearn.datasets import make_classification
        from sklearn.preprocessing import StandardScaler

        self._check_room()
        x, y = make_classification(
            self.rows,
            self.features,
            n_informative=self.informative,
            n_redundant=self.features - self.informative,
            n_classes=self.classes,
            n_clusters_per_class=CLOUDS_PER_CLASS,
            random_state=self.draw_seed,
        )
        y = y.astype(np.int64)
        train, test = stratified_split(y, self.test_fraction, self.draw_seed)
        scaler = StandardScaler().fit(x[train])
        x, x_test = (scaler.transform(x[part]).astype(np.float32) for part in (train, test))
        return Dataset("classification", x, y[train], x_test, y[test], tuple(map(str, range(self.classes))))

    def _check_room(self) -> None:
        if self.informative > self.features:
            raise InvalidValue(
                f"informative must be at most features={self.features}, got {self.informative}",
                where=f"dataset.informative={self.informative}",
            )
        corners = 2**self.informative
        if self.classes * CLOUDS_PER_CLASS > corners:
            raise InvalidValue(
                f"classes must be at most {corners // CLOUDS_PER_CLASS}, because {self.informative} "
                f"informative columns have {corners} corners, got {self.classes}",
                where=f"dataset.classes={self.classes}",
                remedy="raise dataset.informative",
            )
        if self.rows < 10 * self.classes:
            raise InvalidValue(f"rows must be at least ten for each class, got {self.rows}")
