"""Tell a first line that names the columns from one that is a row: a table without names would lose it."""

from collections.abc import Sequence
from itertools import pairwise

from winnow.dataset._values import NUMBER
from winnow.dataset.tables._labels import Labels
from winnow.dataset.tables._roles import Roles

MONOTONE = 5
"""So many numbers that only grow, or only shrink, are names: wavelengths, for instance, or dates."""


def is_a_row(names: Sequence[str], label: str | None, labels: Labels, roles: Roles) -> bool:
    """Say whether the first line looks like those below it.

    It does if at least half of the columns have a name that could be one of their cells, unless the names
    that are numbers follow each other as years, pixels and wavelengths do.
    """
    like_cells = [_is_between(column.name, column.low, column.high) for column in roles.numbers]
    like_cells += [category.column.name in category.values for category in roles.categories]
    if label is not None:
        like_cells.append(label in labels.classes)
    return 0 < len(like_cells) <= 2 * sum(like_cells) and not follow_each_other(names)


def follow_each_other(names: Sequence[str]) -> bool:
    """Say whether the numbers among some names are in an order that rows hardly ever have.

    >>> follow_each_other(["0", "1", "y"]), follow_each_other(["2000", "2010", "2020"])
    (True, True)
    >>> follow_each_other(["400.5", "402.6", "404.5", "407", "410"]), follow_each_other(["5.1", "3.5", "1.4"])
    (True, False)
    >>> follow_each_other(["0.3", "-0.4", "a"]), follow_each_other(["p", "q"])
    (False, False)
    """
    numbers = [float(name) for name in names if NUMBER.match(name)]
    steps = [second - first for first, second in pairwise(numbers)]
    if len(numbers) >= MONOTONE:
        return all(step > 0 for step in steps) or all(step < 0 for step in steps)
    if len(numbers) == 2:
        return steps == [1]
    return bool(steps) and steps[0] != 0 and len(set(steps)) == 1


def _is_between(name: str, low: float, high: float) -> bool:
    return bool(NUMBER.match(name)) and low <= float(name) <= high
