"""What each stage promises to the one after it: the interfaces of the groups in `conf/`.

Stages are frozen dataclasses: their fields are hyper-parameters, their methods return a value and change
nothing, and their `repr` is their identity in cache keys, tags and provenance.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from jaxtyping import Float32, Int64, Shaped
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.streams import Streams
from winnow.types import Clustering, Dataset, Dynamics, Subset, Trained

if TYPE_CHECKING:
    import torch


@runtime_checkable
class Source(Protocol):
    """A data set on disk (group `dataset`)."""

    def load(self) -> Dataset:
        """Read and verify the data.

        Raises
        ------
        DatasetUnavailable
            Naming the folder, the files that are missing or damaged, and what to do.
        """
        ...


@runtime_checkable
class Embedding(Protocol):
    """Turns images into vectors in which distance means something (group `embedding`)."""

    @property
    def worth_caching(self) -> bool:
        """Whether reading the vectors from disk is quicker than embedding again."""
        return True

    def fit_transform(self, x: Shaped[ndarray, "n ..."]) -> Float32[ndarray, "n d"]:
        """Learn from all rows of `x` (uint8 images or float32 features), without labels, and embed them."""
        ...


@runtime_checkable
class Clusterer(Protocol):
    """Groups rows of X into k clusters (group `clusterer`)."""

    k: int

    def fit(self, X: Float32[ndarray, "n d"], *, seed: int) -> Clustering:
        """Cluster the rows of `X`; the same `X` and `seed` give the same clustering.

        Raises
        ------
        InvalidValue
            If k > n, or if X is empty, not finite, or so large that its squares would overflow.
        """
        ...


@runtime_checkable
class Selector(Protocol):
    """Chooses the rows worth keeping (group `selector`).

    Returns exactly `budget` rows, always, empty clusters and duplicates included: anything else makes a
    comparison unfair. Equal scores fall to the lower row number unless `rng` breaks them. Never touches
    the global random state or its inputs. What a selector does not declare it does not get: without
    `needs_clustering`, `clustering` is None; without that and `needs_embedding`, `X` has no columns;
    without `reads_all_labels`, `y` is -1 in every place. `keeps_everything` asks to be called with
    `budget` = n.

    With `needs_dynamics`, `select` is given one more keyword, `dynamics`: a `Dynamics` of all rows, for
    which a network has read all labels, so that `reads_all_labels` must be declared too. With
    `needs_gradients` besides, they hold the gradient norms. With `weighs_augmentation` there is the keyword
    `worth`, the augmentation's.
    """

    needs_clustering: ClassVar[bool] = True
    needs_embedding: ClassVar[bool] = False
    reads_all_labels: ClassVar[bool] = False
    keeps_everything: ClassVar[bool] = False
    needs_dynamics: ClassVar[bool] = False
    needs_gradients: ClassVar[bool] = False
    weighs_augmentation: ClassVar[bool] = False

    def select(
        self,
        X: Float32[ndarray, "n d"],
        y: Int64[ndarray, " n"],
        clustering: Clustering | None,
        *,
        budget: int,
        rng: Generator,
    ) -> Subset:
        """Choose `budget` of the n rows.

        Raises
        ------
        InvalidValue
            If `budget` is negative or exceeds n.
        """
        ...


@runtime_checkable
class Wrapper(Protocol):
    """A stage that hands its work to another, whose code is therefore part of its identity."""

    @property
    def inner(self) -> Any:
        """The stage at work."""
        ...


@runtime_checkable
class Model(Protocol):
    """A network to be trained (group `model`)."""

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        """Return a freshly initialised network for inputs of `shape` (without the batch dimension)."""
        ...


@runtime_checkable
class Augment(Protocol):
    """Random distortions of a whole batch of training images (group `augment`).

    `worth` tells selectors how many plain images, roughly and shyly, one that is distorted anew in each pass
    is as good as.
    """

    worth: ClassVar[float] = 1.0

    def __call__(self, images: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        """Return a distorted copy of `images`, drawing only from `generator`."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """Trains a network on the kept rows and reads the test set once (group `trainer`)."""

    def train(
        self,
        dataset: Dataset,
        subset: Subset,
        model: Model,
        augment: Augment,
        streams: Streams,
    ) -> Trained:
        """Train on `subset` with the streams init, order, augment and validation of one repetition."""
        ...

    @property
    def trains_together(self) -> bool:
        """Whether repetitions are to be trained by `train_together`, rather than one by one."""
        return False

    def train_together(
        self,
        dataset: Dataset,
        subsets: Sequence[Subset],
        model: Model,
        augment: Augment,
        streams: Sequence[Streams],
    ) -> list[Trained | InvalidValue]:
        """Train as `train` would on each of the equally large subsets with its streams, all at once.

        Returns, in place of a training that went wrong, the error to raise; the others are not affected.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """Watches a network learn all rows, so that selectors can score them by it (group `dynamics`)."""

    def observe(
        self,
        dataset: Dataset,
        model: Model,
        streams: Streams,
        *,
        gradients: bool = False,
        description: str | None = None,
    ) -> Dynamics:
        """Train a network on all training rows, with their labels, and record its logits of each.

        Draws from the stream dynamics alone. With `gradients`, only as far as the gradient norms take. A
        `description` shows a progress bar.
        """
        ...


@runtime_checkable
class Study(Protocol):
    """Shows how a method works on a data set, in figures and tables (group `study`).

    It takes the place of the training, unless it `illustrates` one.
    """

    illustrates: ClassVar[bool] = False

    def run(self, dataset: Dataset, *, seed: int, seeds: int, folder: Path) -> str:
        """Write figures and tables to `folder`, and return what a person reads at the end.

        `seeds` repetitions where chance plays a part, all derived from `seed`.
        """
        ...
