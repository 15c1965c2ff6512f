"""Time the whole job, and its memory, against the flow of the project winnow grew from, on real MNIST.

winnow: `train.py -m selector=nearest,furthest,random k=600,1200` with its network, recipe and number of
components, started as a person would, with nothing cached: start-up, five clusterings for each k, baselines,
MLflow, tables. Then the same line again. The reference flow, in one process: for each of the 40 trainings
PCA, mini-batch k-means, images one by one through torchvision's transforms and a DataLoader, a plain loop,
one evaluation. Both in turn, seconds by the clock on all cores that this process may use; where fewer than 40
trainings of the reference flow are timed, these are scaled up and their imports counted once. Memory is the
peak of the largest process.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from numpy import ndarray

from benchmarks.line import Line, tell
from benchmarks.process import Measured, measured
from winnow.network.allocation import available_cores

ROOT = Path(__file__).parents[2]
# What the same line again is meant to be faster by.
WARM = 100
REFERENCE_LIBRARIES = ("sklearn.cluster", "sklearn.decomposition", "torchvision.transforms")
ARMS = ("uniform", "nearest", "furthest", "random")


@dataclass(frozen=True)
class Size:
    """One comparison: lengths of training, numbers of rows, and how many trainings of the reference."""

    epochs: int
    budgets: tuple[int, ...]
    rounds: int
    trainings: int
    target: float | None = None
    dataset: str = "mnist"
    repetitions: int = 5
    n_jobs: int = -1

    @property
    def jobs(self) -> int:
        """Trainings in the whole job."""
        return len(self.budgets) * len(ARMS) * self.repetitions


SIZES = {
    "smallest": (Size(1, (20,), 1, 4, dataset="digits", repetitions=1, n_jobs=1),),
    "short": (Size(5, (600, 1200), 1, 8, target=10),),
    "full": (Size(5, (600, 1200), 2, 40, target=10), Size(10, (600, 1200), 2, 40, target=15)),
}


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare times and memory, cold and warm, for every length of training."""
    for size in SIZES[mode]:
        tell(f"whole job, {size.epochs} epochs")
        cold, warm, others = [], [], []
        for number in range(size.rounds):
            with TemporaryDirectory() as state_dir:
                cold.append(by_winnow(size, data_dir, state_dir))
                warm.append(by_winnow(size, data_dir, state_dir))
            others.append(reference(size, data_dir))
            tell(f"  {number + 1}/{size.rounds} {others[-1].seconds:.0f} s for {size.trainings} trainings")
        scaled = [for_all(size, each) for each in others]
        what, against = (
            f"whole job, {size.epochs} epochs",
            f"reference flow, {size.trainings} of {size.jobs} timed",
        )
        cores = f"{available_cores()} cores"
        yield Line(what, against, scaled, [each.seconds for each in cold], target=size.target, note=cores)
        yield Line(
            f"{what}, same line again",
            against,
            scaled,
            [each.seconds for each in warm],
            target=WARM,
            note=cores,
        )
        if not all(each.peaks for each in [*others, *cold]):  # not known on this system
            continue
        peaks = ([max(each.peaks) for each in runs] for runs in (others, cold))
        note = (
            f"winnow's are {len(cold[0].peaks)}, together {sum(cold[0].peaks):.0f} MB, shared pages in each"
        )
        yield Line(f"{what}, largest process", "reference flow", *peaks, unit="MB", note=note)


def by_winnow(size: Size, data_dir: str, state_dir: str) -> Measured:
    """Run the whole command, from its start to its end."""
    words = [sys.executable, "train.py", "-m", f"dataset={size.dataset}", "embedding.components=50"]
    words += ["model=lenet5_batchnorm", "trainer=reference", "selector=nearest,furthest,random"]
    words += [f"k={','.join(map(str, size.budgets))}", f"seeds={size.repetitions}", f"n_jobs={size.n_jobs}"]
    words += [
        f"trainer.epochs={size.epochs}",
        f"data_dir={Path(data_dir).absolute()}",
        f"state_dir={state_dir}",
    ]
    return measured(words, ROOT)


def reference(size: Size, data_dir: str) -> Measured:
    """Run some trainings of the reference flow, evenly spread over its arms, in a process of its own."""
    budgets = ",".join(map(str, size.budgets))
    words = [sys.executable, "-m", "benchmarks.job", size.dataset, str(Path(data_dir).absolute()), budgets]
    return measured([*words, str(size.epochs), str(size.trainings)], ROOT / "scripts")


def for_all(size: Size, others: Measured) -> float:
    """Return the seconds of all trainings of the reference flow, given those of some."""
    in_trainings = float(others.output.split()[0])
    return others.seconds + in_trainings * (size.jobs / size.trainings - 1)


def main(dataset: str, data_dir: str, budgets: str, epochs: str, trainings: str) -> None:
    """Do what the reference flow does, and print the seconds that it spent in trainings."""
    import torch

    from winnow.dataset.digits import Digits
    from winnow.dataset.mnist import MNIST

    data = Digits().load() if dataset == "digits" else MNIST(data_dir).load()
    arms = [(arm, int(budget)) for budget in budgets.split(",") for arm in ARMS]
    test = Images(data.x_test, data.y_test)
    for library in REFERENCE_LIBRARIES:  # or else a part of the first training
        import_module(library)
    started = perf_counter()
    for number, (arm, budget) in enumerate(islice(cycle(arms), int(trainings))):
        torch.manual_seed(number)
        rows = chosen_rows(data.x, arm, budget)
        accuracy = plain_training(Images(data.x[rows], data.y[rows]), test, int(epochs))
        tell(f"  reference {number + 1}/{trainings}: {arm} {budget} {accuracy:.2f} %")
    print(perf_counter() - started)


class Images:
    """Images one by one, as torchvision's data sets give them."""

    def __init__(self, x: ndarray, y: ndarray) -> None:
        from torchvision import transforms

        self.x, self.y = x, y
        steps = [transforms.Resize(32), transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, row: int) -> tuple:
        from PIL import Image

        return self.transform(Image.fromarray(self.x[row, 0])), int(self.y[row])


def chosen_rows(images: ndarray, arm: str, budget: int) -> ndarray:
    """Choose rows as they did: PCA and clusters anew each time, one row for each cluster."""
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


def plain_training(train: Images, test: Images, epochs: int) -> float:
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
    main(*sys.argv[1:])
