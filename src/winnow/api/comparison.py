"""Compare ways of choosing rows, from Python: what `train.py -m` does, in this process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from winnow.api._data import read_dataset, source_words
from winnow.api.choose import refuse_given_twice, words
from winnow.command.shipped import plan_of
from winnow.errors import InvalidValue
from winnow.report.answer import Whole
from winnow.report.page import UNKNOWN, page_of
from winnow.report.results import Results
from winnow.store.named_file import file_named
from winnow.store.whole_file import write_whole
from winnow.types import Dataset

if TYPE_CHECKING:
    import pandas

    from winnow.command.plan import Plan
    from winnow.store.cache import Cache

NO_PICTURES = "Pictures of the rows are on the page of python train.py."


@dataclass(frozen=True, eq=False, repr=False)
class Compared:
    """The results of a comparison.

    Parameters
    ----------
    results : Results
        Every way of choosing and the uniform baseline of every budget, as the reports of winnow take them.
    whole : Whole
        What the rows were chosen from.
    """

    results: Results = field(repr=False)
    whole: Whole = field(default=UNKNOWN, repr=False)

    @property
    def table(self) -> "pandas.DataFrame":
        """One line for each selector and budget: the columns of `results.csv`."""
        import pandas as pd

        return pd.DataFrame(self.results.as_dicts())

    def html(self, path: str | Path) -> Path:
        """Write the page that answers, with its charts and table, as one file, and return the path.

        It has no pictures of the rows: those are on the page of `python train.py`.
        """
        path = file_named(path)
        write_whole(path, self._page().encode(errors="replace"))
        return path

    def _page(self) -> str:
        from winnow.command.record import versions_in_words

        facts = {"command": "winnow.compare", "versions": versions_in_words()}
        return page_of(self.results, facts, NO_PICTURES, self.whole).html()

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for a notebook."""
        from html import escape

        size = "width:100%;height:40em;border:0"
        return f'<iframe title="winnow" style="{size}" srcdoc="{escape(self._page())}"></iframe>'

    def __repr__(self) -> str:
        """Return the table that a command prints."""
        from io import StringIO

        from rich.console import Console

        from winnow.report import tables

        text = Console(file=StringIO(), width=tables.WIDTH_OF_A_PIPE)
        tables.show(self.results, text)
        return text.file.getvalue()


def compare(
    X: Any,
    y: Any = None,
    budgets: Sequence[float | int | str | Real] | float | str | Real = (0.2,),
    selectors: Sequence[str] | str = ("nearest", "random"),
    model: str = "auto",
    seeds: int = 5,
    seed: int = 0,
    *,
    X_test: Any = None,
    y_test: Any = None,
    k: int | str | None = None,
    embedding: str = "auto",
    settings: Mapping[str, Any] | None = None,
    state_dir: str | Path | None = None,
) -> Compared:
    """Train on what selectors keep, and compare with uniform random subsets of the same size.

    Parameters
    ----------
    X, y
        Rows and labels, as `winnow.select` takes them. Without a test set a
        fifth of each class is set aside.
    budgets : list of float, int or str
        How many rows to keep, each as in `winnow.select`; one alone needs no list.
    selectors : list of str
        Names of selectors; one alone needs no list.
    model : str
        Name of the network; "auto" is LeNet-5, or a multilayer perceptron where that takes no such rows.
    seeds : int
        Repetitions, each with its own clusters, choice, weights and batch order.
    seed : int
        Where all randomness starts.
    X_test, y_test
        The test set, both or neither; only beside arrays.
    k, embedding, settings
        As in `winnow.select`.
    state_dir : str, optional
        Folder of the cache in which results are kept, shared with `train.py`; by default nothing is kept.

    Raises
    ------
    InvalidValue
        If a setting breaks a rule.
    DatasetUnavailable
        If the rows cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat(np.eye(4, dtype=np.float32), 10, axis=0)
    >>> y = np.repeat(np.arange(4), 10)
    >>> quick = {"trainer.steps": 10}
    >>> result = compare(X, y, budgets=[8], selectors=["random"], k=4, seeds=1, settings=quick)
    >>> sorted(result.table["selector"]), result.table["budget"].tolist()
    (['random', 'uniform'], [8, 8])
    """
    from winnow.command.fitting import fitted
    from winnow.store.cache import Cache

    budgets = [budgets] if isinstance(budgets, str | Real) else list(budgets)
    selectors = [selectors] if isinstance(selectors, str) else list(selectors)
    for name, several in (("budgets", budgets), ("selectors", selectors)):
        if not several:
            raise InvalidValue(f"{name} must name at least one, got none", where=name)
    refuse_given_twice(settings, seeds=True, model=model != "auto")
    named = {"model": model} if model != "auto" else {}
    read = source_words(X)
    # All are composed, and fitted to the rows, before the first is trained.
    plans = [
        plan_of(read | words(budget, selector, embedding, seed, k, settings) | named | {"seeds": seeds})
        for budget in budgets
        for selector in selectors
    ]
    dataset = read_dataset(plans[0].stages.dataset, X, y, X_test, y_test)
    plans = [fitted(plan, dataset) for plan in plans]
    with TemporaryDirectory() as folder:
        cache = Cache(Path(state_dir).expanduser().absolute() / "cache" if state_dir else Path(folder))
        rows = [row for number, plan in enumerate(plans) for row in _rows(number, plan, dataset, cache)]
    return Compared(Results(rows), Whole(dataset.n, "images" if dataset.x.ndim == 4 else "rows"))


def _rows(number: int, plan: "Plan", dataset: Dataset, cache: "Cache") -> Iterator[Any]:
    """Yield the rows of one job: those of the baseline and of the method, on each network."""
    from winnow.command.arm import arms_of
    from winnow.command.job import pending

    arms = arms_of(plan, dataset, cache)
    for arm in arms:
        for network in arm.networks:
            scores = [repetition.score() for repetition in arm.repetitions(network)]
            status = "cached" if all(score.found for score in scores) else "ok"
            yield arm.row(pending(number, plan), status, network, scores, arms[0])
