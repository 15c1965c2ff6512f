"""Show which rows `selector=density` keeps: the data, its clusters, and the rows kept in one and two stages.

Rows are drawn by their first two principal components: rows that overlap in the figure may lie far apart. It
accompanies trainings with `selector=density`, of which it draws the first repetition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy import ndarray
from pydantic import Field

from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.identity import flatten
from winnow.embedding.pca import PCA
from winnow.pool import Pool
from winnow.report.style import TableRow, new_figure, save_figure, save_table, scatter_by_label
from winnow.selector.density import Density
from winnow.stages import Study
from winnow.streams import Streams
from winnow.types import Dataset


@dataclass(frozen=True)
class DensityStages(Study):
    """Figure and table of the rows that `selector=density` keeps, in a single and in a double stage.

    Parameters
    ----------
    k
        Number of clusters.
    budget
        Number of rows kept.
    neighbours
        Number of nearest neighbours from which the density of a row is estimated.
    drop
        Which clusters are dropped: the densest or the sparsest.
    stage_one
        Share of the rows to be dropped that the first of two stages drops by density; the rest is dropped at
        random.
    """

    illustrates: ClassVar[bool] = True

    k: Annotated[int, Field(ge=1)] = 20
    budget: Annotated[int, Field(ge=1)] = 400
    neighbours: Annotated[int, Field(ge=1)] = 10
    drop: Literal["densest", "sparsest"] = "densest"
    stage_one: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        X = flatten(dataset.x)
        clustering = Sklearn(self.k).fit(X, seed=Streams(seed, 0).seed("cluster"))
        pool, kept = Pool(dataset.n, X=X, clustering=clustering), {}
        for name, stage_one in (("single stage", 1.0), ("double stage", self.stage_one)):
            selector = Density(self.neighbours, self.drop, stage_one)
            kept[name] = selector.select(pool, budget=self.budget, rng=Streams(seed, 0).rng("select")).indices
        everything = np.arange(dataset.n)
        views = [
            (f"original: {dataset.n} rows", everything, dataset.y, "class"),
            (f"clustered: k={self.k}", everything, clustering.labels, ""),
            *(
                (f"{name}: {len(rows)} rows kept", rows, dataset.y[rows], "class")
                for name, rows in kept.items()
            ),
        ]
        _draw(PCA(2).fit_transform(dataset.x), views, folder / f"density_stages_{self.drop}.png")
        records = _records(dataset, {"original": everything} | kept)
        return save_table(records, folder / f"density_stages_{self.drop}.csv")


def _draw(points: ndarray, views: Sequence[tuple[str, ndarray, ndarray, str]], path: Path) -> None:
    figure, all_axes = new_figure(len(views))
    for axes, (title, rows, labels, name) in zip(all_axes, views, strict=True):
        scatter_by_label(axes, points[rows], labels, name)
        axes.set(title=title, xlabel="principal component 1", ylabel="principal component 2")
        # The same limits in every panel, so that missing rows are visible.
        axes.set(xlim=_window(points[:, 0]), ylim=_window(points[:, 1]))
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside right center")
    save_figure(figure, path, dpi=120)


def _window(values: ndarray) -> tuple[float, float]:
    margin = 0.05 * float(np.ptp(values))
    return float(values.min()) - margin, float(values.max()) + margin


def _records(dataset: Dataset, kept: dict[str, ndarray]) -> list[TableRow]:
    """Return the number of rows of every class in each of the selections."""
    names = dataset.classes
    return [
        {"rows": name, "kept": len(rows)}
        | dict(zip(names, np.bincount(dataset.y[rows], minlength=len(names)).tolist(), strict=True))
        for name, rows in kept.items()
    ]
