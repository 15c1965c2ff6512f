"""Embed rows by the eigenvectors of their neighbourhood graph.

Every row is connected to its nearest neighbours under another embedding, and the leading eigenvectors of a
random walk on that graph become the coordinates [1]_ [3]_. Rows connected by many short steps are close. It
should win where clusters must not mix classes, and lose where they must represent the variety within a
class, which it reduces (both measured on MNIST in scripts/results/embedding.md). In addition to the time of
the other embedding, 60,000 rows take a quarter of a minute on one core; half of it is the search for
neighbours, which grows with the square of the number of rows.

.. [1] Ng, Jordan and Weiss, "On Spectral Clustering: Analysis and an Algorithm", NIPS 2001.
.. [2] Zelnik-Manor and Perona, "Self-Tuning Spectral Clustering", NIPS 2004, section 2 (the scale of each
   row is the distance to its seventh neighbour).
.. [3] Belkin and Niyogi, "Laplacian Eigenmaps for Dimensionality Reduction and Data Representation",
   Neural Computation, 2003. https://doi.org/10.1162/089976603321780317
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import Float32, Float64, Shaped
from numpy import ndarray
from pydantic import Field
from rich.console import Console
from threadpoolctl import threadpool_limits

from winnow.embedding._range import refuse_overflow
from winnow.embedding._whiten_normalize import ScaledEmbedding, fixed_signs, normalized
from winnow.errors import InvalidValue, WinnowWarning
from winnow.geometry.neighbours import nearest_neighbours
from winnow.registry import default, option_of
from winnow.rows.row_array import RowArray
from winnow.stages import Embedding, Wrapper

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SCALE_NEIGHBOUR = 7  # the neighbour whose distance is the scale of a row [2]_
MOST_ROWS = 1_000_000  # they take an hour and a few gigabytes
WEAKEST = 1e-4  # smallest weight of an edge, so that outliers stay connected to their nearest rows


@dataclass(frozen=True)
class Spectral(ScaledEmbedding, Wrapper):
    """The leading eigenvectors of the graph of nearest neighbours under another embedding.

    Rows are scaled to unit length. Equal rows count once and get equal coordinates. Every connected
    component of the graph has a coordinate of its own, the largest first; rows of components beyond the
    number of coordinates are embedded as zero, and a warning says how many. The rows of the other embedding
    and the graph are held in memory: more than a million rows are refused.

    Parameters
    ----------
    of
        Option of `embedding`, with its default settings, under which neighbours are found.
    components
        Number of eigenvectors, the coordinates of the embedding.
    neighbours
        Number of nearest neighbours that every row is connected to.
    """

    of: Annotated[str, option_of("embedding", but={"spectral"})] = "pca"
    components: Annotated[int, Field(ge=1)] = 49
    neighbours: Annotated[int, Field(ge=1)] = 15

    @property
    def inner(self) -> Embedding:
        """The embedding under which neighbours are found."""
        return default("embedding", self.of)

    @property
    def own_side(self) -> int | None:
        return self.inner.own_side

    def limits(self, shape: tuple[int, ...]) -> Mapping[str, int]:
        return {"components": shape[0] - 1}

    def width(self, shape: tuple[int, ...]) -> int:
        return self.components

    def embed(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        if len(x) > MOST_ROWS:
            raise InvalidValue(
                f"embedding by spectral must be given at most {MOST_ROWS:,} rows, got {len(x):,}",
                where="embedding=spectral",
                remedy="it holds them all in memory and compares each with each: use embedding=pca",
            )
        rows, copies = np.unique(self._embedded(x), axis=0, return_inverse=True)
        if self.components >= len(rows):
            raise InvalidValue(
                f"components must be less than the {len(rows)} distinct rows, got {self.components}",
                remedy=f"try embedding.components={len(rows) - 1}" if len(rows) > 1 else "",
            )
        refuse_overflow(rows)
        with threadpool_limits(1), Console(stderr=True).status("spectral: nearest neighbours") as status:
            graph = affinities(rows, self.neighbours)
            status.update("spectral: eigenvectors")
            X = normalized(eigenmap(graph, self.components).astype(np.float32))
        yield X[copies]

    def _embedded(self, x: RowArray) -> Float32[ndarray, "n d"]:
        try:
            return self.inner.fit_transform(x)
        except InvalidValue as error:  # its remedy names settings that cannot be changed here
            raise InvalidValue(
                error.what, where=f"embedding.of={self.of}", remedy="try embedding.of=identity"
            ) from error


def affinities(X: Float32[ndarray, "n d"], count: int) -> "csr_array":
    """Return the symmetric graph of the `count` nearest neighbours, with weights between 0 and 1.

    The weight of an edge is exp(-distance^2 / (s t)), with s and t the distances of the two rows to their
    seventh neighbour (or the last, of fewer), section 2 of [2]_: the scale adapts to the local density. Rows
    must be distinct.

    >>> affinities(np.float32([[0], [1], [3]]), 1).toarray().round(2).tolist()
    [[0.0, 0.37, 0.0], [0.37, 0.0, 0.14], [0.0, 0.14, 0.0]]
    """
    from scipy.sparse import csr_array

    neighbours, distances = nearest_neighbours(X, count)
    n, count = neighbours.shape
    scales = distances[:, min(SCALE_NEIGHBOUR, count) - 1]
    weights = np.exp(-(distances**2) / (scales[:, None] * scales[neighbours]))
    weights = np.maximum(weights, WEAKEST).ravel()
    directed = csr_array((weights, neighbours.ravel(), np.arange(0, n * count + 1, count)), shape=(n, n))
    return directed.maximum(directed.T)


def eigenmap(graph: "csr_array", components: int) -> Float64[ndarray, "n components"]:
    """Return the leading eigenvectors of the random walk on the graph, in which every row must have an edge.

    The walk never leaves a connected component: each component has an eigenvector of eigenvalue 1 that is
    constant on it and zero elsewhere. These are known, the largest component first, and only the remaining
    eigenvectors are computed: an iterative solver does not separate equal eigenvalues reliably.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    roots = np.sqrt(graph.sum(axis=1))  # square roots of the degrees
    connected = _connected_components(graph, roots)
    if (more := connected.shape[1] - components) > 0:
        lost = int(connected.indptr[-1] - connected[:, :components].nnz)
        warnings.warn(
            f"the graph has {more} more connected parts than components: "
            f"{lost} distinct rows are embedded as zero",
            WinnowWarning,
            stacklevel=2,
        )
    known = connected[:, :components].toarray()
    if (missing := components - connected.shape[1]) > 0:
        scaled = graph.multiply(1 / roots[:, None]).multiply(1 / roots).tocsr()
        # Subtracting twice the projection turns the known eigenvalues from 1 into -1, out of the way.
        walk = LinearOperator(
            graph.shape, lambda v: scaled @ v - 2 * (connected @ (connected.T @ v)), dtype=np.float64
        )
        start = np.random.default_rng(0).normal(size=len(roots))
        _, found = eigsh(walk, missing, which="LA", v0=start)
        known = np.hstack([known, fixed_signs(found[:, ::-1])])
    return known / roots[:, None]


def _connected_components(graph: "csr_array", roots: Float64[ndarray, " n"]) -> "csr_array":
    """Return a column for each connected component, the largest first: `roots`, scaled to unit length."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(graph, directed=False)
    columns = np.empty(count, np.int64)
    columns[np.argsort(-np.bincount(labels), kind="stable")] = np.arange(count)
    lengths = np.sqrt(np.bincount(labels, roots**2))
    return csr_array((roots / lengths[labels], (np.arange(len(labels)), columns[labels])))
