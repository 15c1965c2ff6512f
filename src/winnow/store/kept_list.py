"""A list of kept rows, and where its rows are in a data set.

Rows are found by the file or the row that they come from, where both the list and the data set say so;
otherwise by their index, and their labels or classes must agree.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.store.kept_rows import class_in_words, place_in_words
from winnow.store.row_names import RowNames
from winnow.types import Dataset, Rows

LONGEST_SHOWN = 80
NAMED = 3  # rows that a message names; the others it counts


@dataclass(frozen=True, eq=False)
class KeptList:
    """A list of kept rows, read back in its order.

    Parameters
    ----------
    indices : index of each row among those that could be chosen.
    sha256 : checksum of the file.
    labels : number of each row's class, if the list has it.
    words : names of classes (`class`), and where rows come from (`file` or `row`), by column; in a Parquet
        file the numbers of rows are whole numbers.
    """

    indices: Int64[ndarray, " m"]
    sha256: str
    labels: Int64[ndarray, " m"] | None = None
    words: Mapping[str, Sequence[str] | Int64[ndarray, " m"]] = field(default_factory=dict)

    def check_fits(self, y: Int64[ndarray, " n"], path: str | Path) -> None:
        """Refuse a list that was made for other data than the `n` rows with these labels.

        Raises
        ------
        InvalidValue
            If an index lies beyond the data, or a label differs.
        """
        self._check_range(len(y), path)
        if self.labels is not None:
            differ = np.flatnonzero(y[self.indices] != self.labels)
            self._check_none(differ, "label", y[self.indices].tolist(), self.labels.tolist(), path)

    def rows_in(self, dataset: Dataset | Rows, path: str | Path) -> Int64[ndarray, " m"]:
        """Return the index of each row of the list in a data set.

        Raises
        ------
        InvalidValue
            If the list was made for other data, or names rows that are set aside for testing.
        """
        if dataset.origins is not None and dataset.origin in self.words:
            return self._found_by_place(dataset, path)
        self._check_range(dataset.n, path)
        if dataset.y is not None:
            self.check_fits(dataset.y, path)
            self._check_classes(dataset, self.indices, path)
        return self.indices

    def _found_by_place(self, dataset: Dataset | Rows, path: str | Path) -> Int64[ndarray, " m"]:
        kind, origins = dataset.origin, dataset.origins or ()
        if isinstance(origins, RowNames) and (numbers := _whole_numbers(self.words[kind])) is not None:
            rows = origins.places_of(numbers)
            strangers = [str(number) for number in numbers[rows < 0].tolist()]
        else:
            rows, strangers = self._found_by_name(dataset)
        if strangers:
            aside = getattr(dataset, "test_origins", None) or ()
            self._refuse(strangers, {place_in_words(origin, kind).strip() for origin in aside}, path)
        if dataset.y is not None:
            self._check_classes(dataset, rows, path)
        return rows

    def _found_by_name(self, dataset: Dataset | Rows) -> tuple[Int64[ndarray, " m"], list[str]]:
        """Return the index of each row of the list, and the places that the data set does not have."""
        kind, origins = dataset.origin, dataset.origins or ()
        listed = [str(place) for place in self.words[kind]]
        known = {place_in_words(origin, kind).strip(): index for index, origin in enumerate(origins)}
        strangers = [place for place in listed if place not in known]
        return np.array([known.get(place, -1) for place in listed], np.int64), strangers

    def _refuse(self, strangers: Sequence[str], aside: set[str], path: str | Path) -> None:
        for_testing = [place for place in strangers if place in aside]
        got = for_testing or strangers
        rule = "rows that are there to learn from" if for_testing else "rows of this data set"
        why = "are set aside for testing" if for_testing else "it does not have"
        named = ", ".join(got[:NAMED])[:LONGEST_SHOWN]
        raise unfit(
            path,
            f"list {rule}, got {len(got)} that {why}: {named}",
            "give the test set yourself: train/ and test/, x_test and y_test" if for_testing else "",
        )

    def _check_range(self, n: int, path: str | Path) -> None:
        if (largest := int(self.indices.max())) >= n:
            raise unfit(path, f"hold indices in [0, {n - 1}], got {largest}")

    def _check_classes(self, dataset: Dataset | Rows, rows: Int64[ndarray, " m"], path: str | Path) -> None:
        if "class" not in self.words:
            return
        names = [class_in_words(name) for name in dataset.classes]
        expected = [names[label] for label in dataset.y[rows].tolist()]
        pairs = zip(expected, self.words["class"], strict=True)
        differ = np.flatnonzero([one != other for one, other in pairs])
        self._check_none(differ, "class", expected, self.words["class"], path)

    def _check_none(
        self, differ: ndarray, what: str, here: Sequence, listed: Sequence, path: str | Path
    ) -> None:
        if len(differ):
            first = int(differ[0])
            raise unfit(
                path,
                f"agree with the labels of this data set, got {len(differ)} others: row "
                f"{self.indices[first]} has the {what} {here[first]}, not {listed[first]}",
            )


def _whole_numbers(places: Sequence[str] | Int64[ndarray, " m"]) -> Int64[ndarray, " m"] | None:
    """Return the numbers that the words stand for, if all do."""
    if isinstance(places, ndarray):
        return places
    with suppress(ValueError, OverflowError):
        return np.array([int(place) for place in places], np.int64)
    return None


def unfit(path: str | Path, rule: str, remedy: str = "") -> InvalidValue:
    """Return the refusal of a list that breaks a rule."""
    return InvalidValue(
        f"subset_file must {rule}",
        where=f"subset_file={path}",
        remedy=remedy or "use a kept.csv that winnow wrote, or a csv with the columns index,label",
    )
