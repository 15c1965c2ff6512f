"""Time training on a GPU: repetitions as one network, and what precision and compiling gain.

LeNet-5 on MNIST as the main job trains it: a step of ten repetitions, one after the other and as one network
(`trainer.together`). ResNet-18 on CIFAR-10 by the field's usual recipe (SGD with momentum, batches of 128,
crops and flips): a step in float32, in bfloat16, in float16, and in bfloat16 compiled. Milliseconds by the
clock; what does not depend on the number of steps is taken out by timing a short and a long training. Both
sets are read from `data_dir`, where `make data` and `make data NAME=CIFAR10` put them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from benchmarks.line import Line, tell
from winnow.augment.crop_flip import CropFlip
from winnow.augment.none import Unchanged
from winnow.model.lenet5 import LeNet5
from winnow.model.torchvision import Torchvision
from winnow.stages import Augment, Model
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset, Subset

SHORT = 20
TESTED = 250  # test images: the evaluation is no part of a step
# (steps, rounds)
SIZES = {"smallest": (5, 2), "short": (200, 3), "full": (1000, 5)}
RECIPE = Lightning(
    optimizer="sgd", learning_rate=0.1, weight_decay=5e-4, batch_size=128, label_smoothing=0.0, warmup=0.1
)
PRECISIONS = {
    "bfloat16": {"precision": "bf16-mixed"},
    "float16": {"precision": "16-mixed"},
    "bfloat16, compiled": {"precision": "bf16-mixed", "compile": True},
}

Train = Callable[[int], object]


@dataclass(frozen=True)
class Work:
    """A network that learns the first rows of a data set."""

    dataset: Dataset
    model: Model
    augment: Augment
    rows: int

    def train(self, trainer: Lightning, repetition: int = 0) -> None:
        """Train one network."""
        kept = Subset.of(np.arange(self.rows))
        trainer.train(self.dataset, kept, self.model, self.augment, Streams(0, repetition))

    def train_together(self, trainer: Lightning, repetitions: int) -> None:
        """Train several networks as one."""
        kept = [Subset.of(np.arange(self.rows))] * repetitions
        streams = [Streams(0, number) for number in range(repetitions)]
        trainer.train_together(self.dataset, kept, self.model, self.augment, streams)


def require_gpu() -> None:
    """Refuse to go on without a GPU: on a CPU the figures would say nothing.

    Raises
    ------
    SystemExit
        If there is none.
    """
    import torch

    if not torch.cuda.is_available():
        raise SystemExit(
            "error: row=gpu must run on a machine with an NVIDIA GPU, got none | leave out row=gpu, or, if"
            " nvidia-smi shows one, ask winnow doctor why torch cannot use it"
        )


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare on this machine's GPU."""
    import torch

    from winnow.dataset.mnist import MNIST
    from winnow.dataset.torchvision import Torchvision as Pictures

    note = torch.cuda.get_device_name()
    yield of_repetitions(MNIST(data_dir).load(), *SIZES[mode], accelerator="gpu", note=note)
    pictures = Pictures("CIFAR10", data_dir=data_dir).load()
    yield from of_precisions(pictures, *SIZES[mode], accelerator="gpu", ways=PRECISIONS, note=note)


def of_repetitions(
    dataset: Dataset, steps: int, rounds: int, *, accelerator: str, note: str, repetitions: int = 10
) -> Line:
    """Compare repetitions one after the other with the same as one network."""
    work = Work(_briefly_tested(dataset), LeNet5(), Unchanged(), min(600, dataset.n))
    trainer = Lightning(accelerator=accelerator)

    def one_by_one(steps: int) -> None:
        for repetition in range(repetitions):
            work.train(replace(trainer, steps=steps), repetition)

    def together(steps: int) -> None:
        work.train_together(replace(trainer, steps=steps), repetitions)

    what = f"LeNet-5 on {dataset.name}, a step of {repetitions} repetitions"
    took = _in_turn({"one by one": one_by_one, "together": together}, steps, rounds)
    return Line(what, "one after the other", *took.values(), unit="ms", note=note)


def of_precisions(
    dataset: Dataset,
    steps: int,
    rounds: int,
    *,
    accelerator: str,
    ways: Mapping[str, Mapping[str, object]],
    note: str,
    model: Model | None = None,
) -> Iterator[Line]:
    """Compare a deep network in float32 with other ways to compute it."""
    model = model or Torchvision("resnet18", small_stem=True)
    work = Work(_briefly_tested(dataset), model, CropFlip(), min(10_000, dataset.n))
    for name, settings in ways.items():
        plain, other = (replace(RECIPE, accelerator=accelerator, **changes) for changes in ({}, settings))
        took = _in_turn(
            {
                "float32": lambda steps, by=plain: work.train(replace(by, steps=steps)),
                name: lambda steps, by=other: work.train(replace(by, steps=steps)),
            },
            steps,
            rounds,
        )
        what = f"ResNet-18 on {dataset.name}, a step of {RECIPE.batch_size} images, {name}"
        yield Line(what, "float32", *took.values(), unit="ms", note=note)


def _briefly_tested(dataset: Dataset) -> Dataset:
    return replace(dataset, x_test=dataset.x_test[:TESTED], y_test=dataset.y_test[:TESTED], test_origins=None)


def _in_turn(ways: Mapping[str, Train], steps: int, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of a step by every way, in each round; A B, then B A."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for train in ways.values():  # first calls
        train(SHORT)
    for number in range(rounds):
        for name, train in sorted(ways.items(), reverse=number % 2 == 1):
            took[name].append(_step_time(train, steps))
            tell(f"  {number + 1}/{rounds} {name}: {took[name][-1]:.3g} ms")
    return took


def _step_time(train: Train, steps: int) -> float:
    started = perf_counter()
    train(SHORT)
    between = perf_counter()
    train(SHORT + steps)
    return max(perf_counter() - between - (between - started), 0.0) / steps * 1000
