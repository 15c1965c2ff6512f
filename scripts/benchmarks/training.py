"""Time training through Lightning against a plain loop over the same batches, on real MNIST.

Both train LeNet-5 on the first rows with everything else the same: optimiser, schedule, memory layout,
batches. The losses must agree bit for bit. In turn, CPU milliseconds of a step on one thread. What does
not depend on the number of steps, such as the evaluation, is taken out by timing a short and a long
training. On a machine with other work a single ratio means little: the range over the rounds is told.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, repeat
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.line import Line, tell
from winnow.types import Dataset, Subset, Trained

SHORT = 20
# (rows, steps, rounds)
SIZES = {"smallest": ((64, 5, 2),), "short": ((600, 200, 4),), "full": ((600, 200, 8), (1200, 200, 8))}
TARGET = 1 / 1.1  # Lightning may cost a tenth


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare for every number of rows of the mode."""
    import torch

    from winnow.trainer import fit as training

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    dataset = loaded(mode, data_dir)
    loops = {"plain": plain_fit, "Lightning": training.fit}
    for fit in loops.values():  # imports and first calls
        train(dataset, SHORT, 64, fit)
    for size, steps, rounds in SIZES[mode]:
        tell(f"training, {size} rows")
        took = {name: [] for name in loops}
        for number in range(rounds):
            losses = []
            for name in sorted(loops, reverse=number % 2 == 0):
                milliseconds, trained = step_time(dataset, steps, size, loops[name])
                took[name].append(milliseconds)
                losses.append(trained.losses)
            np.testing.assert_array_equal(*losses)
        ratios = [a / b for a, b in zip(*took.values(), strict=True)]
        note = f"ratio {min(ratios):.2f} to {max(ratios):.2f}; equal losses"
        yield Line(
            f"training step, {size} rows", "plain loop", *took.values(), unit="ms", target=TARGET, note=note
        )
    torch.set_num_threads(threads)


def loaded(mode: str, data_dir: str) -> Dataset:
    """Return MNIST, or the digits that need no files."""
    if mode == "smallest":
        from winnow.dataset.digits import Digits

        return Digits().load()
    from winnow.dataset.mnist import MNIST

    return MNIST(data_dir).load()


def step_time(dataset: Dataset, steps: int, size: int, fit: Callable) -> tuple[float, Trained]:
    """Return the CPU milliseconds of one step, and the long training."""
    started = process_time()
    train(dataset, SHORT, size, fit)
    between = process_time()
    trained = train(dataset, SHORT + steps, size, fit)
    return (process_time() - between - (between - started)) / steps * 1000, trained


def train(dataset: Dataset, steps: int, size: int, fit: Callable) -> Trained:
    """Train as a job does, with another loop in the place of winnow's."""
    from winnow.augment.none import Unchanged
    from winnow.model.lenet5 import LeNet5
    from winnow.trainer import fit as training
    from winnow.trainer.lightning import Recipe

    with patch.object(training, "fit", fit):
        kept = Subset.of(np.arange(size))
        recipe = Recipe(steps=steps, accelerator="cpu")
        return recipe.train(dataset, kept, LeNet5(), Unchanged(), seed=0, repetition=0)


def plain_fit(
    network: Any,
    loss: Callable[[Any, Any], Any],
    batches: Iterable[Any],
    *,
    steps: int,
    optimizer: Any,
    scheduler: Any,
    **_: Any,
) -> np.ndarray:
    """Do what `winnow.trainer.fit.fit` does, without Lightning."""
    import torch

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
