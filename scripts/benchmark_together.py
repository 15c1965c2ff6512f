"""Time repetitions trained as one network against one after the other by Lightning, on real MNIST.

    python scripts/benchmark_together.py [data_dir=data] [replicas=1,10,40] [budget=600] [steps=200]
        [rounds=3] [accelerator=auto] [augment=none] [job=10]

First the step: milliseconds of one optimiser step of all networks, LeNet-5, by both ways of training in
turn, A B B A. What does not depend on the number of steps, such as the evaluation, is taken out by timing a
short and a long training. On a GPU times are wall-clock; on a CPU they are those of one thread. Then, unless
job=0, a whole job as a person waits for it: so many repetitions of 1,000 steps, tested on 10,000 images,
everything counted but imports.

The losses of the first steps must agree: the same weights, rows, order and distortions go in. Dropout is
off, because on a GPU the two draw different masks. On a CPU, remember that a single large network keeps one
core busy, where repetitions side by side would use all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch
from settings import settings

from winnow.augment.affine_elastic import AffineElastic
from winnow.augment.none import Unchanged
from winnow.dataset.mnist import MNIST
from winnow.model.lenet5 import LeNet5
from winnow.network.device import device_for
from winnow.stages import Augment
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Dataset, Subset, Trained

MODEL = LeNet5(dropout=0.0)
AUGMENTS = {"none": Unchanged(), "affine_elastic": AffineElastic()}
SHORT, JOB, TESTED = 40, 1000, 250


@dataclass(frozen=True)
class Work:
    """What is learnt from, by as many networks as there are subsets."""

    trainer: Lightning
    dataset: Dataset
    subsets: Sequence[Subset]
    augment: Augment

    def one_by_one(self, steps: int) -> list[Trained]:
        """Train every network on its own."""
        trainer = replace(self.trainer, steps=steps)
        return [
            trainer.train(self.dataset, subset, MODEL, self.augment, Streams(0, repetition))
            for repetition, subset in enumerate(self.subsets)
        ]

    def together(self, steps: int) -> list[Trained]:
        """Train all networks as one."""
        streams = [Streams(0, repetition) for repetition in range(len(self.subsets))]
        trainer = replace(self.trainer, steps=steps)
        return trainer.train_together(self.dataset, self.subsets, MODEL, self.augment, streams)

    @property
    def on_gpu(self) -> bool:
        """Whether it is done on a GPU."""
        return device_for(self.trainer.accelerator).type == "cuda"

    def ways(self) -> dict[str, Callable[[int], list[Trained]]]:
        """Return the ways of training by their names."""
        return {"one after the other": self.one_by_one, "together": self.together}


def main() -> None:
    """Print where it runs, one Markdown table of steps, and one of a whole job."""
    given = settings(
        data_dir="data",
        replicas="1,10,40",
        budget="600",
        steps="200",
        rounds="3",
        accelerator="auto",
        augment="none",
        job="10",
    )
    dataset, budget = MNIST(given["data_dir"]).load(), int(given["budget"])
    work = Work(Lightning(accelerator=given["accelerator"]), dataset, [], AUGMENTS[given["augment"]])
    print(f"on {torch.cuda.get_device_name()}" if work.on_gpu else "on a CPU, one thread")
    print(f"\n| networks | {', ms | '.join(work.ways())}, ms | ratio | lowest to highest | GPU memory, MB |")
    print(f"| ---: |{' ---: |' * (len(work.ways()) + 3)}")
    # The evaluation is not a part of the step, and a smaller one disturbs it less.
    quick = replace(dataset, x_test=dataset.x_test[:TESTED], y_test=dataset.y_test[:TESTED])
    for replicas in map(int, given["replicas"].split(",")):
        subsets = random_subsets(dataset, replicas, budget)
        print_step(replace(work, dataset=quick, subsets=subsets), int(given["steps"]), int(given["rounds"]))
    if replicas := int(given["job"]):
        print(f"\n| {replicas} repetitions of {JOB} steps | seconds |\n| --- | ---: |")
        for name, train in replace(work, subsets=random_subsets(dataset, replicas, budget)).ways().items():
            started = perf_counter()
            train(JOB)
            print(f"| {name} | {perf_counter() - started:.1f} |", flush=True)


def print_step(work: Work, steps: int, rounds: int) -> None:
    """Print one row: the medians, and how many times faster the last way is than the first."""
    took: dict[str, list[float]] = {name: [] for name in work.ways()}
    for train in work.ways().values():  # first calls
        train(SHORT)
    for round_ in range(rounds):
        curves = []
        for name, train in sorted(work.ways().items(), reverse=round_ % 2 == 1):
            milliseconds, trained = step_time(train, steps, perf_counter if work.on_gpu else process_time)
            took[name].append(milliseconds)
            curves.append(np.stack([each.losses[:5] for each in trained]))
        # On a GPU, convolutions round to ten bits.
        np.testing.assert_allclose(*curves, rtol=1e-2 if work.on_gpu else 1e-5)
    first, last = took.values()
    ratios = [a / b for a, b in zip(first, last, strict=True)]
    memory = f"{torch.cuda.max_memory_allocated() / 1e6:.0f}" if work.on_gpu else "-"
    medians = " | ".join(f"{median(values):.2f}" for values in took.values())
    spread = f"{median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}"
    print(f"| {len(work.subsets)} | {medians} | {spread} | {memory} |", flush=True)


def step_time(
    train: Callable[[int], list[Trained]], steps: int, clock: Callable[[], float]
) -> tuple[float, list[Trained]]:
    """Return the milliseconds of one step, and the long training; a GPU has finished when it returns."""
    started = clock()
    train(SHORT)
    between = clock()
    trained = train(SHORT + steps)
    return (clock() - between - (between - started)) / steps * 1000, trained


def random_subsets(dataset: Dataset, replicas: int, budget: int) -> list[Subset]:
    """Other random rows for every network."""
    rng = np.random.default_rng(0)
    return [Subset.of(rng.choice(dataset.n, budget, replace=False)) for _ in range(replicas)]


if __name__ == "__main__":
    main()
