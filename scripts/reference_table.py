"""Set a published grid of results beside winnow's: python scripts/reference_table.py [state_dir=state].

Reads every finished job in `state_dir` (or several, with commas between), and the published accuracies in
`reference`, one line for each training: selector, k, budget, accuracy in percent. Writes `reference.md` and
`reference.png` to `folder` (state/report): a line for each cell of the published grid and of winnow's, with
median and range under the published recipe (experiment=mnist_reference) and under winnow's own (its
defaults), wherever there is one. Nothing is trained; missing cells stay empty.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from settings import settings

from winnow.report import history
from winnow.report.escape import printable
from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.style import COLOURS, MARKERS, new_figure, save_figure

Cell = tuple[int, str, int]  # budget, selector, k
Grid = Mapping[Cell, Sequence[float]]
PUBLISHED = Path(__file__).parent / "reference" / "mnist_lenet5.csv"
SELECTORS = ("uniform", "full", "nearest", "furthest", "random", "hybrid")
PUBLISHED_RECIPE, OWN_RECIPE = "winnow, published recipe", "winnow, own recipe"
COMMON = {"dataset": "mnist", "augment": "none", "embedding": "pca", "trainer.steps": "None"}
RECIPES = {
    PUBLISHED_RECIPE: {
        "model": "lenet5_batchnorm",
        "clusterer": "minibatch",
        "trainer.epochs": "5.0",
        "trainer.min_steps": "1",
    },
    OWN_RECIPE: {
        "model": "lenet5",
        "clusterer": "kmeans",
        "trainer.epochs": "25.0",
        "trainer.min_steps": "1000",
    },
}
LINES = {"all": "-", "50": "--", "500": ":", "images": "-."}  # by number of clusters


def published(path: Path) -> Grid:
    """Read the accuracies of every published cell."""
    cells = defaultdict(list)
    with path.open() as stream:
        for line in csv.DictReader(stream):
            cells[int(line["budget"]), line["selector"], int(line["k"])].append(float(line["accuracy"]))
    return cells


def measured(results: Results) -> dict[str, Grid]:
    """Sort the finished jobs on MNIST by recipe and cell; of several for one cell the most repeated stays."""
    grids: dict[str, dict[Cell, Sequence[float]]] = {PUBLISHED_RECIPE: {}, OWN_RECIPE: {}}
    for row in results.finished:
        if row.on_other_network or not recipe(row):
            continue
        cell = (row.budget, row.selector, row.budget if row.selector in ("uniform", "full") else row.k)
        grid = grids[recipe(row)]
        if row.selector in SELECTORS and len(row.accuracies) > len(grid.get(cell, ())):
            grid[cell] = row.accuracies
    return grids


def recipe(row: Row) -> str:
    """Name the recipe of a job, or return nothing if it is neither of the two."""
    for name, wanted in RECIPES.items():
        # A baseline is blind to embedding and clusters.
        if all(
            row.options.get(option, "none") in (value, "none") for option, value in (COMMON | wanted).items()
        ):
            return name
    return ""


def shown(values: Sequence[float]) -> str:
    """Median and range; nothing where nothing was measured."""
    if not values:
        return ""
    count = "" if len(values) == 5 else f", n={len(values)}"
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f}{count})"


def markdown(grids: Mapping[str, Grid]) -> str:
    """One table with a line for each cell that any of the grids has."""
    cells = {cell for grid in grids.values() for cell in grid}
    order = sorted(cells, key=lambda cell: (cell[0], SELECTORS.index(cell[1]), cell[2]))
    lines = [
        f"| images | selector | k | {' | '.join(grids)} |",
        "| ---: | --- | ---: |" + " ---: |" * len(grids),
    ]
    for budget, selector, k in order:
        numbers = " | ".join(shown(grid.get((budget, selector, k), ())) for grid in grids.values())
        clusters = "" if selector in ("uniform", "full") else f"{k:,}"
        lines.append(f"| {budget:,} | {selector} | {clusters} | {numbers} |")
    return "\n".join(lines) + "\n"


def draw(grids: Mapping[str, Grid], path: Path) -> None:
    """One panel for each grid, the same scales: the median test error of each line against the budget."""
    figure, all_axes = new_figure(len(grids), width=4.4)
    labelled = {}
    for axes, (name, grid) in zip(all_axes, grids.items(), strict=True):
        for (selector, clusters), points in lines(grid).items():
            number = SELECTORS.index(selector)
            label = selector if clusters == "all" else f"{selector}, k={clusters}"
            color = "black" if selector == "uniform" else COLOURS[number - 2]
            style = {"color": color, "marker": MARKERS[number], "linestyle": LINES[clusters]}
            labelled[label] = axes.plot(*zip(*points, strict=True), **style, markersize=5)[0]
        axes.set(title=name, xlabel="training images kept", xscale="log", yscale="log", ylim=(100, 0.9))
        axes.set_yticks([100, 50, 20, 10, 5, 2, 1], ["100", "50", "20", "10", "5", "2", "1"])
        axes.set_yticks([], minor=True)
        axes.set_xticks([60, 600, 6_000, 60_000], ["60", "600", "6,000", "60,000"])
        axes.set_xticks([], minor=True)
        axes.set_xlim(40, 90_000)
        axes.grid(alpha=0.3)
    all_axes[0].set_ylabel("test error, %: median")
    figure.legend(labelled.values(), labelled.keys(), loc="outside right center", fontsize="small")
    save_figure(figure, path, dpi=100)


def lines(grid: Grid) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Gather the cells into lines, (budget, median error), by selector and number of clusters."""
    found = defaultdict(list)
    for (budget, selector, k), values in sorted(grid.items()):
        clusters = "all" if selector == "uniform" else "images" if k == budget else str(k)
        if clusters in LINES and selector != "full":
            found[selector, clusters].append((budget, 100 - median(values)))
    return found


def main() -> None:
    """Gather, write, draw."""
    given = settings(state_dir="state", reference=str(PUBLISHED), folder="")
    states = [Path(name).absolute() for name in given["state_dir"].split(",")]
    results = [history.finished(state) for state in states]
    together = Results([row for each in results for row in each.rows])
    grids = {"published": published(Path(given["reference"])), **measured(together)}
    folder = Path(given["folder"] or states[0] / "report")
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(grids)
    (folder / "reference.md").write_text(text)
    draw(grids, folder / "reference.png")
    print(text + str(folder / "reference.png"))
    for note in dict.fromkeys(note for each in results for note in each.notes):
        print(printable(note))


if __name__ == "__main__":
    main()
