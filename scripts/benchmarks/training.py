"""Time training by Lightning against a plain loop over the same batches, on real MNIST.

Both train LeNet-5 on the first rows with everything else the same: optimiser, schedule, memory layout,
batches. The losses must agree bit for bit. In turn, CPU milliseconds of a step on one thread. What does
not depend on the number of steps, such as setting up, is taken out by timing a short and a long training.
On a machine with other work a single ratio means little: the range over the rounds is printed.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from time import process_time

import numpy as np

from benchmarks.line import Line, tell
from winnow.types import Dataset

SHORT = 20
# (rows, steps, rounds)
SIZES = {"smallest": ((64, 5, 2),), "short": ((600, 200, 4),), "full": ((600, 200, 8), (1200, 200, 8))}
TARGET = 1 / 1.15  # Lightning may cost 15 %

Train = Callable[[Dataset, int, int], np.ndarray]


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare for every number of rows of the mode."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    dataset = loaded(mode, data_dir)
    loops: dict[str, Train] = {"plain": by_plain_loop, "Lightning": by_lightning}
    for train in loops.values():  # imports and first calls
        train(dataset, SHORT, 64)
    for size, steps, rounds in SIZES[mode]:
        tell(f"training, {size} rows")
        took = {name: [] for name in loops}
        for number in range(rounds):
            losses = []
            for name in sorted(loops, reverse=number % 2 == 0):
                milliseconds, curve = step_time(dataset, steps, size, loops[name])
                took[name].append(milliseconds)
                losses.append(curve)
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


def step_time(dataset: Dataset, steps: int, size: int, train: Train) -> tuple[float, np.ndarray]:
    """Return the CPU milliseconds of one step, and the losses of the long training."""
    started = process_time()
    train(dataset, SHORT, size)
    between = process_time()
    losses = train(dataset, SHORT + steps, size)
    return (process_time() - between - (between - started)) / steps * 1000, losses


def by_lightning(dataset: Dataset, steps: int, size: int) -> np.ndarray:
    """Train as a job does; return the losses."""
    from winnow.augment.none import Unchanged
    from winnow.model.lenet5 import LeNet5
    from winnow.streams import Streams
    from winnow.trainer.lightning import Lightning
    from winnow.types import Subset

    trainer, kept = Lightning(steps=steps, accelerator="cpu"), Subset.of(np.arange(size))
    _, losses = trainer.learn(dataset, kept, LeNet5(), Unchanged(), Streams(0, 0))
    return losses


def by_plain_loop(dataset: Dataset, steps: int, size: int) -> np.ndarray:
    """Take the same steps without Lightning; return the losses."""
    import torch
    from torch.nn.functional import cross_entropy

    from winnow.model.lenet5 import LeNet5
    from winnow.network.normalisation import Normalisation
    from winnow.streams import Streams
    from winnow.trainer._data import EvenBatches
    from winnow.trainer._optimization import cosine_schedule, make_optimizer

    streams = Streams(0, 0)
    images = Normalisation.of(dataset, torch.device("cpu"))(dataset.x[:size])
    labels, weights = torch.tensor(dataset.y[:size]), torch.ones(size)
    torch.manual_seed(streams.seed("init"))
    network = LeNet5().build(dataset.x.shape[1:], len(dataset.classes)).to(memory_format=torch.channels_last)
    settings = {"learning_rate": 6e-3, "betas": (0.9, 0.99), "weight_decay": 0.05}
    optimizer = make_optimizer("adamw", network.parameters(), **settings)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine_schedule(steps, 0.05))
    batches, losses = EvenBatches(size, 32, streams.rng("order")), []
    for rows in islice(chain.from_iterable(repeat(batches)), steps):
        optimizer.zero_grad()
        scores = network(images[rows])
        each = cross_entropy(scores, labels[rows], reduction="none", label_smoothing=0.1)
        loss = (each * weights[rows]).sum() / weights[rows].sum()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.detach())
    return torch.stack(losses).numpy()
