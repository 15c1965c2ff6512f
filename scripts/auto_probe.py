"""Try `auto` beside the selectors it mixes with a small network that learns in a second, to choose its rules.

    python scripts/auto_probe.py cases=digits,table budgets=50,200,600,2400 data_dir=data seeds=3

The cases are those of `scripts/auto_study.py`, which trains the real networks; no test set is read. Rows are
chosen from at most 20,000 rows of each training set, in 64 principal components of them, with k = budget;
budgets of more than half of them are left out. Two hidden layers of 160 and 80 units learn 400 batches of 48
of the same components; all selectors of a repetition have the same first weights and batch order. A line for
every case and budget: the median accuracy in percent on at most 4,000 held-out rows, and that of the worst
class, over paired repetitions; for `auto` what the labels said, as medians. Results: scripts/results/auto.md.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from auto_study import CASES, CONF, CaseData, evidence
from numpy import ndarray
from settings import split_settings
from sklearn.decomposition import PCA
from torch import Tensor, nn

from winnow.clusterer.kmeans import Kmeans
from winnow.command.configuration import composed
from winnow.command.ending import guard
from winnow.network.device import one_thread
from winnow.pool import LabelsOfKept, Pool
from winnow.registry import default
from winnow.types import Subset

SELECTORS = ("nearest", "random", "furthest", "uniform", "auto")
ROWS, HELD_OUT, COMPONENTS = 20_000, 4_000, 64
HIDDEN, STEPS, BATCH, LEARNING_RATE = (160, 80), 400, 48, 6e-3


class Networks(nn.Module):
    """R fully connected networks that start alike, as one: every layer is a batched matrix product."""

    def __init__(self, count: int, sizes: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        shapes = list(pairwise(sizes))
        first = [torch.rand(1, a, b, generator=generator) * 2 - 1 for a, b in shapes]
        scaled = [each * (3 / a) ** 0.5 for each, (a, _) in zip(first, shapes, strict=True)]
        self.weights = nn.ParameterList(each.repeat(count, 1, 1) for each in scaled)
        self.biases = nn.ParameterList(torch.zeros(count, 1, b) for _, b in shapes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (R, n, classes) of `x` (R, n, d)."""
        for number, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(biases, x if number == 0 else x.relu(), weights)
        return x


def learnt(x: ndarray, y: ndarray, classes: int, seed: int) -> Networks:
    """Train a network on each of R subsets, x (R, n, d) and y (R, n)."""
    generator = torch.Generator().manual_seed(seed)
    networks = Networks(len(x), (x.shape[2], *HIDDEN, classes), generator)
    optimizer = torch.optim.AdamW(networks.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    rows, labels = torch.from_numpy(x), torch.from_numpy(y)
    for batch in batches(x.shape[1], generator):
        logits = networks(rows[:, batch]).flatten(0, 1)
        # A sum over networks: each learns as if it were alone.
        loss = nn.functional.cross_entropy(logits, labels[:, batch].flatten(), label_smoothing=0.1) * len(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return networks


def batches(n: int, generator: torch.Generator) -> list[Tensor]:
    """Return the row numbers of every batch, from one random order after another."""
    size = min(BATCH, n)
    each = n // size
    orders = [torch.randperm(n, generator=generator)[: each * size] for _ in range(-(-STEPS // each))]
    return list(torch.cat(orders).split(size))[:STEPS]


def choose(X: ndarray, y: ndarray, budget: int, seed: int) -> dict[str, Subset]:
    """Return what every selector keeps."""
    clustering, kept = Kmeans(budget).fit(X, seed=seed), {}
    for name in SELECTORS:
        pool = Pool(len(X), X=X, clustering=clustering, labels_of_kept=LabelsOfKept(len(X), y))
        rng = np.random.default_rng(seed)
        kept[name] = pool.checked(default("selector", name).select(pool, budget=budget, rng=rng), budget)
    return kept


def parts(name: str, overrides: Sequence[str]) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Return components and labels of the rows to choose from and of those held out."""
    plan = composed(CONF, [*CASES[name].settings, *overrides])
    dataset = CaseData(plan.stages.dataset, name).load()
    x, x_test = (rows.reshape(len(rows), -1).astype(np.float32) for rows in (dataset.x, dataset.x_test))
    components = PCA(min(COMPONENTS, x.shape[1]), random_state=0).fit(x[:ROWS])
    X, X_test = (components.transform(rows).astype(np.float32) for rows in (x[:ROWS], x_test[:HELD_OUT]))
    return X, dataset.y[:ROWS], X_test, dataset.y_test[:HELD_OUT]


def record(data: Sequence[ndarray], budget: int, seeds: int) -> dict[str, Any]:
    """Return what all selectors came to at one budget."""
    X, y, X_test, y_test = data
    scale = np.float32(np.sqrt((X**2).mean()))
    accuracies, notes = [], []
    for seed in range(seeds):
        kept = choose(X, y, budget, seed)
        rows = np.stack([subset.indices for subset in kept.values()])
        networks = learnt(X[rows] / scale, y[rows], int(y.max()) + 1, seed)
        with torch.no_grad():
            logits = networks(torch.from_numpy(X_test / scale)[None].expand(len(rows), -1, -1))
        right = logits.argmax(2).numpy() == y_test
        of_class = [right[:, y_test == label].mean(axis=1) for label in np.unique(y_test)]
        accuracies.append([right.mean(axis=1), np.min(of_class, axis=0)])
        notes.append(kept["auto"].provenance)
    overall, worst = 100 * np.median(accuracies, axis=0)
    line = dict(zip(SELECTORS, overall.round(1), strict=True))
    worsts = {f"{selector}_worst": each for selector, each in zip(SELECTORS, worst.round(), strict=True)}
    return line | worsts | {key: round(value, 2) for key, value in evidence(notes).items()}


def main() -> None:
    """Learn, show a line after the other."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(cases="digits", budgets="50,200,600,2400", seeds="3")
    with one_thread():
        for name in given["cases"].split(","):
            data = parts(name, overrides)
            for budget in (
                each for each in map(int, given["budgets"].split(",")) if 2 * each <= len(data[0])
            ):
                line = {"case": name, "budget": budget, "n": given["seeds"]}
                line |= record(data, budget, int(given["seeds"]))
                print(" ".join(f"{key}={value}" for key, value in line.items()), flush=True)


if __name__ == "__main__":
    sys.exit(guard(main))
