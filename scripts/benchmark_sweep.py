"""Time the whole job against the flow of the project winnow grew from, on real MNIST.

    python scripts/benchmark_sweep.py [data_dir=data] [epochs=5] [rounds=2] [trainings=40]

Ours: `train.py -m selector=nearest,furthest,random k=600,1200` with their network, recipe and number of
components, started as a person would, with nothing cached: start-up, five clusterings for each k,
baselines, MLflow, tables. Then the same line again. Theirs, in one process: for each of the same 40
trainings PCA, mini-batch k-means, torchvision's images one by one through a DataLoader, a plain loop, one
evaluation. Both in turn, `rounds` times; with `trainings` below 40, theirs is timed on that many and
scaled up.
"""

import os
import subprocess
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

from settings import settings

JOBS = 40
BUDGETS = (600, 1200)
ARMS = ("uniform", "nearest", "furthest", "random")


def main() -> None:
    """Alternate, and print one Markdown table."""
    given = settings(data_dir="data", epochs="5", rounds="2", trainings=str(JOBS))
    epochs, trainings = int(given["epochs"]), int(given["trainings"])
    cold, warm, theirs = [], [], []
    for _ in range(int(given["rounds"])):
        with tempfile.TemporaryDirectory() as state_dir:
            cold.append(ours(given["data_dir"], state_dir, epochs))
            warm.append(ours(given["data_dir"], state_dir, epochs))
        theirs.append(reference_flow(given["data_dir"], epochs, trainings) * JOBS / trainings)
    print(f"\n{epochs} epochs, medians of {len(theirs)}, {len(os.sched_getaffinity(0))} cores\n")
    print("| whole job | theirs, s | ours, s | ratio |\n| --- | ---: | ---: | ---: |")
    for name, seconds in (("nothing cached", cold), ("same line again", warm)):
        ratio = median(theirs) / median(seconds)
        print(f"| {name} | {median(theirs):.0f} | {median(seconds):.1f} | {ratio:.0f}x |")


def ours(data_dir: str, state_dir: str, epochs: int) -> float:
    """Return the seconds of the whole command, from its start to its end."""
    command = [sys.executable, "train.py", "-m", "dataset=mnist", "embedding.components=50"]
    command += ["model=lenet5_batchnorm", "trainer=reference"]
    command += ["selector=nearest,furthest,random", f"k={','.join(map(str, BUDGETS))}"]
    command += [f"trainer.epochs={epochs}", f"data_dir={data_dir}", f"state_dir={state_dir}"]
    started = perf_counter()
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)
    return perf_counter() - started


def reference_flow(data_dir: str, epochs: int, trainings: int) -> float:
    """Return the seconds for some of the 40 trainings, evenly spread over selectors and budgets."""
    import torch
    from torchvision import datasets, transforms

    shape = [transforms.Resize(32), transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    started = perf_counter()
    train, test = (
        datasets.MNIST(data_dir, train=part, transform=transforms.Compose(shape)) for part in (True, False)
    )
    arms = [(arm, budget) for budget in BUDGETS for arm in ARMS]
    for number, (arm, budget) in enumerate(islice(cycle(arms), trainings)):
        torch.manual_seed(number)
        rows = reference_rows(train.data.numpy(), arm, budget)
        accuracy = reference_training(torch.utils.data.Subset(train, rows), test, epochs)
        print(f"theirs {number + 1}/{trainings}: {arm} {budget} {accuracy:.2f} %", file=sys.stderr)
    return perf_counter() - started


def reference_rows(images, arm: str, budget: int):
    """Choose rows as they did: PCA and clusters anew each time, one row for each cluster."""
    import numpy as np

    rng = np.random.default_rng()
    if arm == "uniform":
        return rng.choice(len(images), budget, replace=False)
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA

    X = PCA(n_components=50).fit_transform(images.reshape(len(images), -1) / 255.0)
    kmeans = MiniBatchKMeans(budget, batch_size=1024, max_iter=20, max_no_improvement=5, n_init=1).fit(X)
    distances = np.linalg.norm(X - kmeans.cluster_centers_[kmeans.labels_], axis=1)
    order = {"nearest": distances, "furthest": -distances, "random": rng.random(len(X))}[arm]
    ranked = np.argsort(order)
    _, first = np.unique(kmeans.labels_[ranked], return_index=True)
    return ranked[first]


def reference_training(train, test, epochs: int) -> float:
    """Train with a plain loop over a DataLoader, evaluate once, and return the accuracy in percent."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader

    from winnow.model.lenet5_batchnorm import LeNet5BatchNorm

    network = LeNet5BatchNorm().build((1, 32, 32), 10)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        for images, labels in DataLoader(train, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            cross_entropy(network(images), labels).backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        right = sum(
            int((network(images).argmax(1) == labels).sum())
            for images, labels in DataLoader(test, batch_size=64)
        )
    return 100 * right / len(test)


if __name__ == "__main__":
    main()
