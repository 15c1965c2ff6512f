"""Find columns that say the class of every row under another name, such as an encoded copy of the label."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset.tables._roles import Roles

FEWEST_ROWS = 10
"""Of fewer rows, any two columns may agree by chance."""
_FIRST_ROWS = 1000


def label_copies(roles: Roles, y: Int64[ndarray, " n"]) -> Iterator[str]:
    """Yield a note on every column of which each value stands for one class, and each class for one value.

    A network that is given such a column learns nothing else. It may be meant, so it is said and not refused.
    """
    if len(y) < FEWEST_ROWS:
        return
    classes = len(np.unique(y))
    columns = [(each.column.title, each.codes) for each in roles.categories]
    for column in roles.numbers:
        # A look at the beginning spares sorting all rows of nearly every column.
        if len(np.unique(column.values[column.places[:_FIRST_ROWS]])) <= classes:
            columns.append((column.title, np.unique(column.values[column.places], return_inverse=True)[1]))
    for title, codes in columns:
        if len(np.unique(codes)) == classes == len(np.unique(codes.astype(np.int64) * classes + y)):
            yield f"{title} says the class of every row: dataset.ignored leaves it out"
