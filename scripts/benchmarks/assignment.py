"""Time the exact assignment of every row, against faiss' exact search and against its floor.

The last step of every clusterer: labels and distances are what selectors read. winnow's are those of
differences in double precision; faiss compares in single precision. The floor is 2nkd operations at the
rate of a plain matrix product in the same run.
"""

from collections.abc import Iterator

from numpy import ndarray
from threadpoolctl import threadpool_limits

from benchmarks.kmeans import embedded, products_per_second
from benchmarks.line import Line, alternate, tell

SIZES = {"smallest": ((8, 2),), "short": ((600, 3), (10_000, 2)), "full": ((600, 7), (1200, 5), (10_000, 5))}


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Assign the rows of MNIST to the first k of them."""
    import faiss

    from winnow.geometry.distance import nearest_centroid

    X = embedded(mode, data_dir)

    def by_faiss(centroids: ndarray) -> None:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatL2(X.shape[1])
        index.add(centroids)
        index.search(X, 1)

    for k, rounds in SIZES[mode]:
        tell(f"exact assignment, k = {k}")
        centroids = X[:k].copy()
        with threadpool_limits(1):
            seconds = alternate(
                {
                    "faiss": lambda _, centroids=centroids: by_faiss(centroids),
                    "winnow": lambda _, centroids=centroids: nearest_centroid(X, centroids),
                },
                rounds,
            )
        floor = 2 * X.size * k / products_per_second(X, k)
        note = f"{min(seconds['winnow']) / floor:.2f} times the floor"
        yield Line(
            f"exact labels, k = {k}", "faiss", seconds["faiss"], seconds["winnow"], floor=floor, note=note
        )
