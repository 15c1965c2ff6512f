"""The pictures of a list of kept rows, computed once and then found in the cache."""

from importlib.util import find_spec

from winnow.pipeline import Choice
from winnow.report.gallery import Gallery, named_gallery
from winnow.report.pictures import Computed, Pictures
from winnow.store.cache import Entry
from winnow.store.step import Step
from winnow.types import Clustering

FEWEST_FOR_UMAP = 20  # rows; it needs neighbours


def gallery_of(choice: Choice, about: str) -> Gallery:
    """Return what a page shows of the rows that one repetition keeps; `about` says which list that is."""
    found = _step(choice).value
    return named_gallery(
        choice.dataset, choice.subset.value.arrays["indices"], found.arrays, found.info, about
    )


def _step(choice: Choice) -> Step:
    """Return the pictures as a step after the choice of the rows."""
    needs, dataset = choice.method.selector.needs, choice.dataset
    after = {"subset": choice.subset}
    # Where the selector reads no embedding, none is computed for a picture.
    if {"X", "clustering"} & needs or choice.embedding.found():
        after["embedding"] = choice.embedding
    if "clustering" in needs:
        after["clustering"] = choice.clustering
    pictures = Pictures(projection="umap" if find_spec("umap") and dataset.n > FEWEST_FOR_UMAP else "pca")

    def compute(subset: Entry, embedding: Entry | None = None, clustering: Entry | None = None) -> Computed:
        X = embedding and embedding.arrays["X"]
        clusters = clustering and Clustering(**clustering.arrays)
        return pictures.of(dataset, subset.arrays["indices"], X, clusters)

    data = {"data": dataset.checksum}
    return Step(
        choice.cache, "gallery", "gallery", [pictures], compute, after, data, ("numpy", "pillow", "faiss-cpu")
    )
