"""What a page shows of the rows themselves: which images, a map of the embedding, and rows that are alike.

Only numbers of rows, coordinates, distances and one sheet of small pictures are computed here; what they are
called is said where the page is written, because files may be renamed. Few enough rows are shown, and small
enough, that a page stays below 3 MB.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from numpy.random import Generator, default_rng

from winnow.report._alike import PAIRS, Alike, among, between, equal_rows, spread
from winnow.report._sheet import sheet
from winnow.rows.chunks import some_rows
from winnow.types import Clustering, Dataset, Rows

Computed = tuple[dict[str, ndarray], dict[str, Any]]


@dataclass(frozen=True)
class Pictures:
    """How much is shown.

    Parameters
    ----------
    kept_points, left_points
        Points of the map that are kept rows and left-out rows, drawn at random where there are more.
    groups
        Classes and clusters of which images are shown.
    each
        Kept images and left-out images of each; twice as many are the most and the least typical.
    projection
        How the embedding becomes a map: along its principal components, or by UMAP, if that is installed.
    """

    kept_points: int = 250
    left_points: int = 450
    groups: int = 12
    each: int = 10
    projection: Literal["pca", "umap"] = "pca"

    def of(
        self,
        dataset: Dataset | Rows,
        kept: Int64[ndarray, " m"],
        X: Float[ndarray, "n d"] | None,
        clustering: Clustering | None,
    ) -> Computed:
        """Return the arrays and the notes that a gallery is written from.

        Parameters
        ----------
        dataset : the rows that were chosen from.
        kept : which were kept.
        X : their embedding; None where the selector read none.
        clustering : their clusters; None where the selector is blind to clusters.
        """
        rng, chosen = default_rng(0), np.zeros(dataset.n, bool)
        chosen[kept] = True
        points = self._points(chosen, rng)
        groups = self._classes(dataset, chosen, rng) + self._clusters(dataset, chosen, clustering)
        typical = self._typical(clustering)
        found = {"among": among(kept, dataset.x if X is None else X)}
        equal, compared = np.zeros((0, 2), np.int64), 0
        if isinstance(dataset, Dataset):
            found["test"] = between(kept, dataset.x, dataset.x_test)
            equal, compared = equal_rows(dataset, kept)
        rows, tests = _shown(points, groups, typical, found, equal[:PAIRS])
        arrays = {"points": points, "coordinates": self._coordinates(X, points), "rows": rows, "tests": tests}
        arrays |= {"before": _counts(dataset, None), "after": _counts(dataset, kept), "equal": equal[:PAIRS]}
        info: dict[str, Any] = {name: asdict(each) for name, each in found.items()}
        info |= {"groups": groups, "typical": typical, "equal": len(equal), "compared": compared}
        info |= {"by_values": X is None, "projection": self.projection}
        if dataset.x.ndim == 4:
            of_test = some_rows(dataset.x_test, tests) if isinstance(dataset, Dataset) else ()
            shown = [*some_rows(dataset.x, rows), *of_test]
            arrays["sheet"], info["side"], info["across"] = sheet(shown)
        return arrays, info

    def _points(self, chosen: ndarray, rng: Generator) -> Int64[ndarray, " p"]:
        """Draw kept and left-out rows for the map."""
        parts = ((np.flatnonzero(chosen), self.kept_points), (np.flatnonzero(~chosen), self.left_points))
        return np.sort(np.concatenate([_drawn(rows, most, rng) for rows, most in parts]))

    def _coordinates(self, X: ndarray | None, points: ndarray) -> Float[ndarray, "p 2"]:
        """Place rows on a plane; without an embedding, nowhere."""
        if X is None:
            return np.zeros((0, 2))
        rows = np.asarray(X[points], np.float64)
        return umap_plane(rows) if self.projection == "umap" else principal_plane(rows)

    def _classes(self, dataset: Dataset | Rows, chosen: ndarray, rng: Generator) -> list[dict[str, Any]]:
        """Return kept and left-out rows of the largest classes, drawn at random."""
        if dataset.y is None or dataset.x.ndim != 4:
            return []
        sizes = np.bincount(dataset.y, minlength=len(dataset.classes))
        groups = []
        for label in np.sort(np.argsort(-sizes, kind="stable")[: self.groups]).tolist():
            rows = np.flatnonzero(dataset.y == label)
            parts = (_drawn(rows[chosen[rows] == side], self.each, rng) for side in (True, False))
            groups.append(_group("class", label, rows, chosen, *parts))
        return groups

    def _clusters(
        self, dataset: Dataset | Rows, chosen: ndarray, clustering: Clustering | None
    ) -> list[dict[str, Any]]:
        """Return kept and left-out rows of the largest clusters, spread from the centroid outwards."""
        if clustering is None or dataset.x.ndim != 4:
            return []
        groups = []
        for cluster in np.argsort(-clustering.sizes, kind="stable")[: self.groups].tolist():
            rows = clustering.members[cluster]
            outwards = rows[np.argsort(clustering.distances[rows], kind="stable")]
            parts = (spread(outwards[chosen[outwards] == side], self.each) for side in (True, False))
            groups.append(_group("cluster", cluster, rows, chosen, *parts))
        return groups

    def _typical(self, clustering: Clustering | None) -> list[list[int]]:
        """Return the rows nearest to their centroids, and those furthest from them."""
        if clustering is None:
            return [[], []]
        outwards, count = np.argsort(clustering.distances, kind="stable"), 2 * self.each
        return [outwards[:count].tolist(), outwards[::-1][:count].tolist()]


def principal_plane(X: Float[ndarray, "n d"]) -> Float[ndarray, "n 2"]:
    """Return the rows along their two directions of largest variance, from the products of all pairs.

    The value of largest size is positive in both.

    >>> principal_plane(np.float32([[0, 0], [3, 4], [9, 12]]))[:, 0].round(3).tolist()
    [-6.667, -1.667, 8.333]
    """
    from threadpoolctl import threadpool_limits

    centred = X - X.mean(axis=0, dtype=np.float64)
    with threadpool_limits(1):
        variances, vectors = np.linalg.eigh(centred @ centred.T)
    plane = np.zeros((len(X), 2))
    for column in range(min(2, len(X))):
        # Rounding may leave a direction without variance slightly negative.
        plane[:, column] = vectors[:, -1 - column] * np.sqrt(max(variances[-1 - column], 0.0))
    largest = plane[np.abs(plane).argmax(axis=0), [0, 1]]
    return plane * np.where(largest < 0, -1.0, 1.0)


def umap_plane(X: Float[ndarray, "n d"]) -> Float[ndarray, "n 2"]:
    """Return the rows where UMAP [1]_ places them, always from the same start.

    .. [1] McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018.
       https://arxiv.org/abs/1802.03426
    """
    from umap import UMAP

    neighbours = min(15, len(X) - 1)
    return np.asarray(UMAP(n_neighbors=neighbours, random_state=0, n_jobs=1).fit_transform(X), np.float64)


def _drawn(rows: ndarray, most: int, rng: Generator) -> ndarray:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _group(kind: str, number: int, rows: ndarray, chosen: ndarray, kept: ndarray, left: ndarray) -> dict:
    counts = {"size": len(rows), "kept_of": int(chosen[rows].sum())}
    return {"kind": kind, "number": number, "kept": kept.tolist(), "left": left.tolist()} | counts


def _counts(dataset: Dataset | Rows, rows: ndarray | None) -> Int64[ndarray, " classes"]:
    if dataset.y is None:
        return np.zeros(0, np.int64)
    return np.bincount(dataset.y if rows is None else dataset.y[rows], minlength=len(dataset.classes))


def _shown(
    points: ndarray,
    groups: Sequence[dict[str, Any]],
    typical: Sequence[Sequence[int]],
    found: dict[str, Alike],
    equal: ndarray,
) -> tuple[Int64[ndarray, " s"], Int64[ndarray, " t"]]:
    """Return all training rows and all test rows that are shown somewhere, each once."""
    rows = [*points.tolist(), *found["among"].rows, *found["among"].others, *equal[:, 0].tolist()]
    rows += [row for group in groups for row in (*group["kept"], *group["left"])]
    rows += [row for part in typical for row in part]
    tests = equal[:, 1].tolist()
    if "test" in found:
        rows += found["test"].rows
        tests += found["test"].others
    return np.unique(np.array(rows, np.int64)), np.unique(np.array(tests, np.int64))
