"""Choose the rows worth keeping, from Python: what `train.py select_only=true` does."""

from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow.api._data import read_rows, source_words
from winnow.api.selection import Selection
from winnow.command.shipped import plan_of
from winnow.errors import InvalidValue
from winnow.types import Clustering, Rows

if TYPE_CHECKING:
    from winnow.command.plan import Plan

OF_COMMANDS = ("seeds", "transfer", "state_dir")
"""Settings of `train.py` that would have no effect here."""


def select(
    X: Any,
    y: Any = None,
    budget: float | int | str | Real = 0.2,
    selector: str = "auto",
    embedding: str = "auto",
    seed: int = 0,
    *,
    k: int | str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Selection:
    """Choose the part of a training set worth keeping, without training.

    Parameters
    ----------
    X : array, tensor, pandas.DataFrame, torch or Hugging Face data set, folder, file, or list of image files
        The rows: features (n, d) or images (n, h, w), (n, h, w, c) or (n, c, h, w). A DataFrame is brought to
        mean 0 and deviation 1, and its words to columns of zeros and ones; arrays are taken as they are.
    y : array or name of a column, optional
        Labels, which only some selectors need; `auto` reads those of a quarter of the rows that it keeps, if
        there are any. The classes of a folder are its folders.
    budget : float, int or str
        How many rows to keep: a share from 0 to 1, a number of rows, or text such as "20%".
    selector : str
        Name of the selector.
    embedding : str
        Name of the embedding; "auto" is `pca`, the default of `train.py`.
    seed : int
        Where all randomness starts.
    k : int or str, optional
        Number of clusters, or a share of the rows such as "5%"; 600, or a fifth of fewer than 3,000 rows, and
        no more than are kept.
    settings : mapping, optional
        Any other setting of `train.py` by its name, such as {"selector.quota": "equal"}.

    Raises
    ------
    InvalidValue
        If a setting breaks a rule, or a selector needs labels and there are none.
    DatasetUnavailable
        If the rows cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    >>> selection = select(X, budget=2, selector="nearest", embedding="identity", k=2)
    >>> selection.indices, selection.distances, len(set(selection.clusters))
    (array([1, 4]), array([0., 0.]), 2)
    """
    if without := [name for name in OF_COMMANDS if name in (settings or {})]:
        raise InvalidValue(
            f"{without[0]} must be left out where rows are chosen once and nothing is kept in a state folder",
            where=without[0],
            remedy="python train.py select_only=true takes it",
        )
    refuse_given_twice(settings, **{"dataset.label": isinstance(y, str)})
    asked = words(budget, selector, embedding, seed, k, settings)
    # Composed before anything is read: a mistyped name must not wait for a folder of images.
    plan = plan_of({"select_only": "true"} | source_words(X) | asked)
    rows, folder = read_rows(plan.stages.dataset, X, y)
    return _selection(plan, rows, folder)


def words(
    budget: float | int | str | Real,
    selector: str,
    embedding: str,
    seed: int,
    k: int | str | None,
    settings: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the settings of `train.py` that these stand for."""
    if not isinstance(settings, Mapping | None):
        raise InvalidValue(
            f"settings must be a mapping, got {type(settings).__name__}",
            where="settings",
            remedy='settings={"embedding.whiten": True}',
        )
    if settings and (data := {"dataset", "dataset.file", "dataset.folder"} & settings.keys()):
        rule = f"settings must leave the data set to X, got {min(data)}"
        raise InvalidValue(rule, where=min(data), remedy="hand in the folder, the file or the rows as X")
    refuse_given_twice(
        settings,
        budget=True,
        selector=selector != "auto",
        embedding=embedding != "auto",
        k=k is not None,
        seed=seed != 0,
    )
    named = {"budget": size(budget), "selector": selector, "seed": seed, "k": "null" if k is None else k}
    named["embedding"] = "pca" if embedding == "auto" else embedding
    return named | dict(settings or {})


def refuse_given_twice(settings: Mapping[str, Any] | None, **given: bool) -> None:
    """Refuse settings that have an argument of the function of their own, where that is given.

    Raises
    ------
    InvalidValue
        Naming the first of them; which of the two was meant cannot be known.
    """
    if twice := [name for name, is_given in given.items() if is_given and name in (settings or {})]:
        raise InvalidValue(
            f"{twice[0]} must be given once, got it in settings, too",
            where=f"{twice[0]}={(settings or {})[twice[0]]}",
            remedy=f"leave {twice[0]} out of the settings",
        )


def size(budget: float | int | str | Real) -> int | str:
    """Return a number of rows as it is, and a share from 0 to 1 as `train.py` takes it.

    >>> size(600), size(0.2), size("5%")
    (600, '20%', '5%')
    """
    if isinstance(budget, str | Integral) or not isinstance(budget, Real):
        return budget
    budget = float(str(budget)) if hasattr(budget, "dtype") else float(budget)  # 0.2 of float32 is 0.2
    if not 0 < budget <= 1:
        raise InvalidValue(
            f"budget must be a share from 0 to 1, or a whole number of rows, got {budget}",
            remedy=f"budget={int(budget)} keeps that many rows"
            if budget == budget and abs(budget) < 1e15
            else "",
        )
    return f"{100 * budget:.9f}".rstrip("0").rstrip(".") + "%"


def _selection(plan: "Plan", rows: Rows, folder: Path | None) -> Selection:
    """Choose from rows that have been read."""
    from winnow.command.fitting import fitted
    from winnow.command.rows import check_labels
    from winnow.pipeline import Choice
    from winnow.store.no_cache import NoCache

    check_labels(plan.stages.selector, rows, plan.stages.dynamics)
    plan = fitted(plan, rows)
    choice = Choice(plan.method, rows, NoCache(Path()), 0)
    kept = choice.subset.value
    clustered = "clustering" in plan.method.selector.needs
    clustering = Clustering(**choice.clustering.value.arrays) if clustered else None
    provenance = {
        "selector": repr(plan.method.selector),
        "embedding": repr(plan.method.embedding),
        "clusterer": repr(plan.method.clusterer) if clustered else None,
        "budget": len(kept.arrays["indices"]),
        "seed": plan.method.seed,
        "dataset_sha256": rows.checksum,
        **kept.info["provenance"],
    }
    rounds = kept.arrays.get("rounds")
    return Selection(kept.arrays["indices"], provenance, rows, clustering, folder, rounds)
