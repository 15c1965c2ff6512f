"""The rows that a page shows, with their names: kept beside left out, a map, and rows that are alike."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.report._alike import NEAR
from winnow.report.escape import shortened
from winnow.types import Dataset, Rows

SIZE = 480  # of the map, in pixels of a narrow screen
MARGIN = 12
MOST_CLASSES = 30  # in the histogram
PROJECTIONS = {
    "pca": "along the two principal components of their embedding",
    "umap": "placed by UMAP of their embedding",
}


@dataclass(frozen=True)
class Tile:
    """One row: what it is, whether it was kept, and its column and line on the sheet of pictures, if any."""

    text: str
    kept: bool = False
    at: tuple[int, int] | None = None


@dataclass(frozen=True)
class Group:
    """Kept and left-out rows of one class or cluster."""

    name: str
    counts: str
    kept: Sequence[Tile]
    left: Sequence[Tile]


@dataclass(frozen=True)
class Point:
    """A row on the map."""

    x: float
    y: float
    tile: Tile


@dataclass(frozen=True)
class Bar:
    """A class: how many rows it has, how many were kept, and the share of all in percent before and after."""

    name: str
    before: int
    after: int
    share_before: float
    share_after: float


@dataclass(frozen=True)
class Pair:
    """Two rows that are alike, and the distance between them."""

    one: Tile
    other: Tile
    distance: str


@dataclass(frozen=True)
class Gallery:
    """All that a page shows of the rows of one list; every `no_...` says why a part is not there."""

    about: str
    sheet: str
    side: int
    across: int
    classes: Sequence[Group]
    clusters: Sequence[Group]
    typical: Sequence[Tile]
    atypical: Sequence[Tile]
    points: Sequence[Point]
    histogram: Sequence[Bar]
    alike: str
    alike_pairs: Sequence[Pair]
    test: str
    test_pairs: Sequence[Pair]
    equal: str
    equal_pairs: Sequence[Pair]
    projection: str
    classes_left_out: int = 0
    no_pictures: str = ""
    no_clusters: str = ""
    no_map: str = ""
    no_histogram: str = ""


def named_gallery(
    dataset: Dataset | Rows,
    kept: Int64[ndarray, " m"],
    arrays: Mapping[str, ndarray],
    info: Mapping[str, Any],
    about: str,
) -> Gallery:
    """Name what `winnow.report.pictures` has computed of a data set and its kept rows; `about` says which."""
    return _Names(dataset, kept, arrays, info).gallery(about)


class _Names:
    """Names rows of one data set."""

    def __init__(
        self, dataset: Dataset | Rows, kept: ndarray, arrays: Mapping[str, ndarray], info: Mapping[str, Any]
    ) -> None:
        self.dataset, self.kept, self.arrays, self.info = dataset, set(kept.tolist()), arrays, info
        places = {row: place for place, row in enumerate(arrays["rows"].tolist())}
        tests = {row: len(places) + place for place, row in enumerate(arrays["tests"].tolist())}
        self.places, self.test_places = (places, tests) if "sheet" in arrays else ({}, {})

    def gallery(self, about: str) -> Gallery:
        """Return the gallery."""
        info, arrays = self.info, self.arrays
        groups = {kind: [g for g in info["groups"] if g["kind"] == kind] for kind in ("class", "cluster")}
        typical, atypical = ([self.tile(row) for row in rows] for rows in info["typical"])
        return Gallery(
            about=about,
            sheet=b64encode(arrays["sheet"].tobytes()).decode() if "sheet" in arrays else "",
            side=info.get("side", 0),
            across=info.get("across", 1),
            classes=[self.group(each) for each in groups["class"]],
            clusters=[self.group(each) for each in groups["cluster"]],
            typical=typical,
            atypical=atypical,
            points=self.points(),
            histogram=self.histogram(),
            **self.likenesses(),
            projection=PROJECTIONS[info["projection"]],
            classes_left_out=max(len(arrays["before"]) - MOST_CLASSES, 0),
            no_pictures="" if "sheet" in arrays else "The rows are no images: the list names them.",
            no_clusters="" if info["typical"][0] else "This way of choosing is blind to clusters.",
            no_map="" if len(arrays["coordinates"]) else "This way of choosing reads no embedding to draw.",
            no_histogram="" if len(arrays["before"]) else "The rows have no labels.",
        )

    def tile(self, row: int) -> Tile:
        """Name a training row."""
        return Tile(self.text(row), row in self.kept, self.at(self.places.get(row)))

    def at(self, place: int | None) -> tuple[int, int] | None:
        """Return the column and the line of a place on the sheet."""
        return None if place is None else (place % self.info["across"], place // self.info["across"])

    def text(self, row: int) -> str:
        """Return the class, the file or number of a training row."""
        dataset = self.dataset
        label = "" if dataset.y is None else f"{_class(dataset, int(dataset.y[row]))}, "
        return f"{label}{_place(dataset.origins, row)}{', kept' if row in self.kept else ''}"

    def test_tile(self, row: int) -> Tile:
        """Name a test row."""
        dataset = self.dataset
        label = _class(dataset, int(dataset.y_test[row]))
        text = f"{label}, test {_place(dataset.test_origins, row)}"
        return Tile(text, at=self.at(self.test_places.get(row)))

    def group(self, group: Mapping[str, Any]) -> Group:
        """Name a class or a cluster and its rows."""
        number = group["number"]
        name = _class(self.dataset, number) if group["kind"] == "class" else f"cluster {number}"
        kept, left = ([self.tile(row) for row in group[side]] for side in ("kept", "left"))
        return Group(name, f"{group['kept_of']:,} of {group['size']:,} kept", kept, left)

    def points(self) -> list[Point]:
        """Return the points of the map, left-out ones first, so that kept ones are drawn above them."""
        plane = self.arrays["coordinates"]
        if not len(plane):
            return []
        low, extent = plane.min(axis=0), np.ptp(plane, axis=0)
        # One scale for both directions: distances are what a map shows.
        scale = (SIZE - 2 * MARGIN) / max(float(extent.max()), 1e-12)
        middle = (SIZE - scale * extent) / 2
        at = (middle + scale * (plane - low)).round(1).tolist()
        rows = self.arrays["points"].tolist()
        points = [Point(x, round(SIZE - y, 1), self.tile(row)) for row, (x, y) in zip(rows, at, strict=True)]
        return sorted(points, key=lambda point: point.tile.kept)

    def histogram(self) -> list[Bar]:
        """Return the largest classes."""
        before, after = self.arrays["before"], self.arrays["after"]
        largest = np.sort(np.argsort(-before, kind="stable")[:MOST_CLASSES]).tolist()
        whole, part = max(int(before.sum()), 1), max(int(after.sum()), 1)
        return [
            Bar(
                _class(self.dataset, label),
                int(before[label]),
                int(after[label]),
                round(100 * float(before[label]) / whole, 2),
                round(100 * float(after[label]) / part, 2),
            )
            for label in largest
        ]

    def likenesses(self) -> dict[str, Any]:
        """Return counts in words and pairs of rows that are alike, kept ones and those of the test set."""
        among = self.info["among"]
        return {
            "alike": _counted(among, "another", _measure(self.dataset, self.info["by_values"])),
            "alike_pairs": [self.pair(*each, self.tile) for each in _pairs(among)],
            **self.likenesses_to_test_rows(),
        }

    def likenesses_to_test_rows(self) -> dict[str, Any]:
        """Return counts and pairs of kept rows that are like, or equal to, a row set aside for testing."""
        if (test := self.info.get("test")) is None:
            return {"test": "No test set.", "test_pairs": [], "equal": "", "equal_pairs": []}
        count, compared = self.info["equal"], self.info["compared"]
        equal = self.arrays["equal"].tolist()
        return {
            "test": _counted(test, f"one of {test['of']:,} test rows", _measure(self.dataset, True)),
            "test_pairs": [self.pair(*each, self.test_tile) for each in _pairs(test)],
            "equal": f"{count:,} of {compared:,} training rows are equal to a test row in every byte.",
            "equal_pairs": [self.pair(row, other, 0.0, self.test_tile) for row, other in equal],
        }

    def pair(self, row: int, other: int, distance: float, tile_of_other: Any) -> Pair:
        """Name two rows."""
        return Pair(self.tile(row), tile_of_other(other), f"{distance:.3g}")


def _class(dataset: Dataset | Rows, label: int) -> str:
    return shortened(dataset.classes[label])


def _place(origins: Sequence[str] | None, row: int) -> str:
    return f"row {row}" if origins is None else shortened(origins[row])


def _measure(dataset: Dataset | Rows, by_values: bool) -> str:
    """Say what distances are distances of."""
    if not by_values:
        return "their embedding"
    return "their pixels, of images reduced to 32 pixels" if dataset.x.ndim == 4 else "their values"


def _pairs(alike: Mapping[str, Any]) -> list[tuple[int, int, float]]:
    return list(zip(alike["rows"], alike["others"], alike["distances"], strict=True))


def _counted(alike: Mapping[str, Any], others: str, measure: str) -> str:
    """Say how many rows are alike, of how many, and by what distance."""
    if not alike["rows"]:
        return "A single row has no other to be compared with."
    least = f"closer than {alike['median'] * NEAR:.3g}, a tenth of the median distance to the nearest"
    equal = f"Of {alike['compared']:,} kept rows, {alike['equal']:,} are equal to {others}"
    return f"{equal}, and {alike['near']:,} more nearly equal: {least}, by {measure}."
