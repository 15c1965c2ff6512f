"""From a data set to the rows worth keeping, a comparison and a figure: winnow from Python, step by step.

python scripts/tutorial.py, or open it as a notebook: each `# %%` begins a cell. It takes about half a minute,
needs no download, and writes to state/tutorial.
"""

# %% [markdown]
# # Keep a tenth
# 1,797 handwritten digits of 8 x 8 pixels come with scikit-learn. Which 100 of them should somebody label?

# %%
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import winnow

folder = Path("state") / "tutorial"
folder.mkdir(parents=True, exist_ok=True)
images, digits = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
pool, test, y_pool, y_test = train_test_split(images, digits, test_size=0.3, random_state=0, stratify=digits)
print(f"{len(pool)} images to choose from, {len(test)} to test on")

# %% [markdown]
# ## Choose
# The images are clustered, and of each cluster the one nearest to the centroid is kept. No label is read.

# %%
selection = winnow.select(pool, budget=100, k=100, selector="nearest", seed=0)
print(selection)
print("the first rows:", selection.indices[:5], "of the clusters", selection.clusters[:5])
selection.to_csv(folder / "kept.csv")
selection.contact_sheet().save(folder / "kept.png")

# %% [markdown]
# ## Use
# The rows are indices into the array, for any library. Here: is a classifier that has seen these 100 better
# than one that has seen 100 at random? One draw says little, so both get ten.


# %%
def accuracy(rows: np.ndarray) -> float:
    """Return the accuracy in percent of a classifier that has seen these rows of the pool."""
    flat, flat_test = pool.reshape(len(pool), -1) / 255, test.reshape(len(test), -1) / 255
    model = LogisticRegression(max_iter=2000).fit(flat[rows], y_pool[rows])
    return 100 * model.score(flat_test, y_test)


seeds = range(10)
kept = [winnow.select(pool, budget=100, k=100, selector="nearest", seed=seed).indices for seed in seeds]
drawn = [np.random.default_rng(seed).permutation(len(pool))[:100] for seed in seeds]
chosen, at_random = [accuracy(rows) for rows in kept], [accuracy(rows) for rows in drawn]
print(f"nearest: median {np.median(chosen):.1f} % of 10 seeds, {min(chosen):.1f} to {max(chosen):.1f}")
print(
    f"random:  median {np.median(at_random):.1f} % of 10 draws, {min(at_random):.1f} to {max(at_random):.1f}"
)

# %% [markdown]
# ## Compare
# `winnow.compare` does it properly: the same initial weights and order for both sides, several sizes, and an
# interval for the difference. `uniform` is chance.

# %%
result = winnow.compare(
    pool.reshape(len(pool), -1) / np.float32(255),
    y_pool,
    budgets=[50, 200],
    selectors=["nearest", "random"],
    embedding="identity",
    model="linear",
    seeds=3,
    settings={"trainer.min_steps": 200},
)
print(result)

# %% [markdown]
# ## Draw

# %%
import matplotlib  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
for name, rows in result.table.groupby("selector"):
    rows = rows.sort_values("budget")
    axes.plot(rows["budget"], rows["median"], marker="o", label=name)
    axes.fill_between(rows["budget"], rows["min"], rows["max"], alpha=0.15)
axes.set(xlabel="images kept", ylabel="test accuracy (%)", title="median and range of 3 repetitions")
axes.legend()
figure.savefig(folder / "accuracy.png")
print("written:", *sorted(path.as_posix() for path in folder.iterdir()))
