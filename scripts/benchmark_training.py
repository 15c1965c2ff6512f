"""Time training through Lightning against a plain loop over the same batches, on real MNIST.

    python scripts/benchmark_training.py [data_dir=data] [sizes=600,1200] [steps=200] [rounds=4]

Both train LeNet-5 on the first rows with everything else the same: optimiser, schedule, memory layout,
batches. The losses must agree bit for bit. In turn, A B B A, CPU seconds of one thread. What does not depend
on the number of steps, such as the evaluation, is taken out by timing a short and a long training. On a
machine with other work a single ratio means little: the range over the rounds is printed beside the median.
"""

from collections.abc import Callable, Iterable
from itertools import chain, islice, repeat
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from settings import settings

from winnow import training
from winnow.augment.none import Unchanged
from winnow.dataset.mnist import MNIST
from winnow.model.lenet5 import LeNet5
from winnow.recipe import Recipe
from winnow.types import Dataset, Subset, Trained

SHORT = 20


def main() -> None:
    """Alternate, and print one Markdown table."""
    given = settings(data_dir="data", sizes="600,1200", steps="200", rounds="4")
    dataset, steps = MNIST(given["data_dir"]).load(), int(given["steps"])
    loops = {"plain": plain_fit, "Lightning": training.fit}
    for fit in loops.values():  # imports and first calls
        train(dataset, SHORT, 600, fit)
    print("| rows | plain, ms a step | Lightning, ms a step | ratio | lowest to highest |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for size in map(int, given["sizes"].split(",")):
        took = {name: [] for name in loops}
        for round_ in range(int(given["rounds"])):
            losses = []
            for name in sorted(loops, reverse=round_ % 2 == 0):
                milliseconds, trained = step_time(dataset, steps, size, loops[name])
                took[name].append(milliseconds)
                losses.append(trained.losses)
            np.testing.assert_array_equal(*losses)
        plain, ours = (median(took[name]) for name in loops)
        ratios = [b / a for a, b in zip(took["plain"], took["Lightning"], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"| {size} | {plain:.2f} | {ours:.2f} | {median(ratios):.2f} | {spread} |", flush=True)


def step_time(dataset: Dataset, steps: int, size: int, fit: Callable) -> tuple[float, Trained]:
    """Return the CPU milliseconds of one step, and the long training."""
    started = process_time()
    train(dataset, SHORT, size, fit)
    between = process_time()
    trained = train(dataset, SHORT + steps, size, fit)
    return (process_time() - between - (between - started)) / steps * 1000, trained


def train(dataset: Dataset, steps: int, size: int, fit: Callable) -> Trained:
    """Train as a job does, with another loop in the place of winnow's."""
    with patch.object(training, "fit", fit):
        kept = Subset.of(np.arange(size))
        recipe = Recipe(steps=steps, accelerator="cpu")
        return recipe.train(dataset, kept, LeNet5(), Unchanged(), seed=0, repetition=0)


def plain_fit(
    network: torch.nn.Module,
    loss: training.Loss,
    batches: Iterable[Any],
    *,
    steps: int,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    **_: Any,
) -> np.ndarray:
    """Do what `training.fit` does, without Lightning."""
    network.train()
    losses = []
    for batch in islice(chain.from_iterable(repeat(batches)), steps):
        optimizer.zero_grad()
        value = loss(network, batch)
        value.backward()
        optimizer.step()
        scheduler.step()
        losses.append(value.detach())
    return torch.stack(losses).numpy()


if __name__ == "__main__":
    main()
