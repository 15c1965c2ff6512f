"""What each stage promises to the one after it: the interfaces of the groups in `conf/`.

Stages are frozen dataclasses: their fields are hyper-parameters, their methods return a value and change
nothing, and their `repr` is their identity in cache keys, tags and provenance.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from jaxtyping import Float32, Shaped
from numpy import ndarray
from numpy.random import Generator

from winnow.errors import InvalidValue
from winnow.pool import Learner, Pool, Scale
from winnow.rows.row_array import RowArray
from winnow.streams import Streams
from winnow.types import Clustering, Dataset, Dynamics, Rows, Subset, Trained

if TYPE_CHECKING:
    import torch

EMBEDS_TEST_ROWS = "use embedding=pretrained, timm, open_clip, pca or identity, without embedding.whiten"
"""What to do where test rows cannot be embedded."""


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

    def rows(self, if_unlabelled: InvalidValue | None = None) -> Rows:
        """Read all rows that may be chosen from where nothing is trained: by default the training rows.

        `if_unlabelled` is raised before any row is read if there are no labels.
        """
        known = self.load()
        return Rows(known.name, known.x, known.y, known.classes, known.origins, known.origin)

    def holds(self, folder: Path) -> bool:
        """Say whether a folder lies among the files of the data set, and would be read as a part of it."""
        return False

    def seen_at(self, side: int) -> "Source":
        """Return the same data set, read at up to so many pixels where images are files without a size."""
        return self


@runtime_checkable
class Embedding(Protocol):
    """Turns images into vectors in which distance means something (group `embedding`)."""

    @property
    def own_side(self) -> int | None:
        """Side in pixels to which it brings every image; None: it takes images as they are."""
        return None

    @property
    def worth_caching(self) -> bool:
        """Whether reading the vectors from disk is quicker than embedding again."""
        return True

    def limits(self, shape: tuple[int, ...]) -> Mapping[str, int]:
        """Return the largest values of its hyper-parameters that data of this shape allow, n first."""
        return {}

    def width(self, shape: tuple[int, ...]) -> int:
        """Return about how many values a row has once data of this shape, n first, are embedded."""
        return 64

    def fit_transform(self, x: Shaped[RowArray, "n ..."]) -> Float32[ndarray, "n d"]:
        """Learn from all rows of `x` (uint8 images or float32 features), without labels, and embed them."""
        ...

    def fit_transform_in_chunks(self, x: Shaped[RowArray, "n ..."]) -> Iterator[Float32[ndarray, "m d"]]:
        """Do as `fit_transform`, and yield the rows of the result in order, some at a time.

        So the result need not fit into memory; an embedding without a way to do so yields it whole.
        """
        yield self.fit_transform(x)

    @property
    def embeds_test_rows(self) -> bool:
        """Whether `embed_test` is defined, as a network that reads the embedding needs it."""
        return False

    def embed_test(
        self, x: Shaped[RowArray, "n ..."], x_test: Shaped[RowArray, "m ..."]
    ) -> Float32[ndarray, "m d"]:
        """Embed `x_test` as `fit_transform(x)` embeds the rows of `x`, from which alone it learns.

        Raises
        ------
        InvalidValue
            If it cannot.
        """
        raise InvalidValue(
            f"embedding must be able to embed test rows, got {self!r}",
            where="embedding",
            remedy=EMBEDS_TEST_ROWS,
        )


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
    comparison unfair. Equal scores fall to the lower row number unless `rng` breaks them. Never changes the
    global random state or what the pool holds.
    """

    keeps_everything: ClassVar[bool] = False
    """Whether the only budget it can meet is the number of rows."""

    @property
    def needs(self) -> frozenset[str]:
        """Names of the properties of `Pool` that it reads besides `n`; a plain class attribute in most."""
        return frozenset()

    @property
    def watches_training(self) -> bool:
        """Whether it scores rows by how a network learns them."""
        return not self.needs.isdisjoint({"dynamics", "gradient_norms"})

    @property
    def trains_network(self) -> bool:
        """Whether a network is trained for it: one that it watches, or one that it teaches."""
        return self.watches_training or "learner" in self.needs

    @property
    def reads_all_labels(self) -> bool:
        """Whether the labels of all rows are read: by it, or by the network whose dynamics it reads."""
        return not self.needs.isdisjoint({"y", "dynamics", "gradient_norms"})

    def warn_of_cost(self, scale: Scale) -> None:
        """Warn, before anything is computed, of what a choice will take.

        Only if that is much time, or more memory than a few chunks of rows and some numbers for each row.
        With the number of clusters only a selector that reads them should count.
        """
        return

    def select(self, pool: Pool, *, budget: int, rng: Generator) -> Subset:
        """Choose `budget` of the n rows of `pool`, which holds what `needs` names.

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

    reads_embedding: ClassVar[bool] = False
    """Whether it is given the embedded rows, float32 (d,), in place of the rows themselves."""

    @property
    def own_side(self) -> int | None:
        """Side in pixels to which it brings every image; None: it takes images as they are."""
        return None

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse rows of a shape that the network cannot take, without importing torch.

        Raises
        ------
        InvalidValue
            Naming the rule and another network.
        """

    def build(self, shape: tuple[int, ...], classes: int) -> "torch.nn.Module":
        """Return a freshly initialised network for inputs of `shape` (without the batch dimension)."""
        ...

    def input_moments(self, channels: int) -> tuple[Sequence[float], Sequence[float]] | None:
        """Return the mean and the deviation of every channel, of values 0 to 255, that it learnt before.

        Images are normalised by them. None: by those of the training set, as for random weights.
        """
        return None


@runtime_checkable
class Augment(Protocol):
    """Random distortions of a whole batch of training images (group `augment`)."""

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
        *,
        unfinished: Path | None = None,
    ) -> Trained:
        """Train on `subset` with the streams init, order, augment and validation of one repetition.

        In the folder `unfinished`, if given, a long training may keep what it needs to go on after a kill, to
        the same result; whoever stores the result removes it.
        """
        ...

    def check(self) -> None:
        """Refuse settings that do not go together, without importing torch.

        Raises
        ------
        InvalidValue
            Naming one of them.
        """

    def check_device(self) -> None:
        """Refuse settings that this machine cannot follow.

        Raises
        ------
        InvalidValue
            If a device is missing, cannot compute in the precision, or torch.compile is wanted and fails; if
            one of several nodes is not told which it is.
        """

    @property
    def effective_batch_size(self) -> int:
        """Number of rows that an optimiser step learns from, at most; 0 where there is no such number."""
        return 0

    @property
    def processes(self) -> int:
        """Number of processes of this machine that one training takes."""
        return 1

    @property
    def summary(self) -> str:
        """One line that a person should know before a training, or no text."""
        return ""

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

    @property
    def clusters_as_labels(self) -> int:
        """Number of clusters whose numbers are learnt in place of the labels; 0: the labels are learnt."""
        return 0

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

    def learner(self, rows: Rows, model: Model, streams: Streams) -> Learner:
        """Return what trains a network on some of the rows, with the labels it is handed, and predicts all.

        Reads no labels of `rows`, whose `classes` say how many there are. Each training begins at the
        beginning of the stream dynamics, and draws from no other.
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
