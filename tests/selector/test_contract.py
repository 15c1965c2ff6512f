"""What every selector owes, for every option in `conf/selector`."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from omegaconf import OmegaConf

from winnow.errors import InvalidValue
from winnow.pool import LabelsOfKept, Learner, Pool
from winnow.selector.from_file import FromFile
from winnow.stages import Selector
from winnow.types import Clustering, Dynamics, Predictions

CONF = Path(__file__).parents[2] / "conf" / "selector"
# A file of kept rows has a budget of its own: tests/store/test_kept_rows.py.
OPTIONS = sorted(set(CONF.glob("*.yaml")) - {CONF / "from_file.yaml"})
SELECTORS = {option.stem: instantiate(OmegaConf.load(option)) for option in OPTIONS}
N, K = 120, 10

every_selector = pytest.mark.parametrize("selector", SELECTORS.values(), ids=SELECTORS)


def clustering_of(labels, distances, k):
    return Clustering(np.ones((k, 2), np.float32), np.asarray(labels), np.asarray(distances))


def learnt(X, y):
    """Four epochs of logits that depend on a row's coordinates alone: equal rows are learnt equally."""
    angles = np.multiply.outer(np.arange(1, 5), X.sum(axis=1, dtype=np.float64) / 7)
    logits = np.sin(np.multiply.outer(angles, np.arange(2, 3 + y.max())))
    norms = np.abs(np.cos(angles[0])).astype(np.float32)
    return {"dynamics": Dynamics((5 * logits).astype(np.float32)), "gradient_norms": norms}


def nearest_mean(X):
    """A learner without a network: the nearer the mean of a class's rows, the more probable the class."""

    def fit(rows, y, *, features):
        means = np.stack([X[rows[y == label]].mean(axis=0) for label in np.unique(y)])
        squares = np.square(X[:, None].astype(np.float64) - means).sum(axis=2)
        powers = np.exp(-np.log1p(squares))
        p = np.zeros((len(X), 3))
        p[:, np.unique(y)] = powers / powers.sum(axis=1, keepdims=True)
        return Predictions(p.astype(np.float32), X if features else None)

    return Learner(len(X), fit)


def pool_of(clustering, X=None, y=None):
    """Everything that there is to know of some rows, and nothing to write to."""
    n = clustering.n
    X = np.outer(np.arange(n), [1, -2]).astype(np.float32) if X is None else X
    y = np.arange(n) % 3 if y is None else y
    of_kept = {"labels_of_kept": LabelsOfKept(n, y), "learner": nearest_mean(X)}
    pool = Pool(n, X=X, y=y, clustering=clustering, **of_kept, **learnt(X, y))
    for array in (
        X,
        y,
        pool.dynamics.logits,
        pool.gradient_norms,
        clustering.centroids,
        clustering.labels,
        clustering.distances,
    ):
        array.setflags(write=False)
    return pool


def select(selector, clustering, budget, seed=0, X=None, y=None):
    """Call the selector the way the pipeline does: it gets only what it needs."""
    pool = pool_of(clustering, X, y).only(selector.needs)
    return selector.select(pool, budget=budget, rng=np.random.default_rng(seed))


@pytest.fixture
def clustering():
    """Ten clusters of 120 rows: one empty, one of a single row, distances from 0 to 5 without ties."""
    rng = np.random.default_rng(7)
    labels = rng.choice([0, 1, 2, 3, 4, 5, 6, 7], size=N)
    labels[60] = 9
    return clustering_of(labels, rng.permutation(np.linspace(0, 5, N)), K)


@pytest.fixture
def three_hundred():
    """Enough rows for labels to be asked: 300, in nine of ten clusters."""
    rng = np.random.default_rng(3)
    return clustering_of(rng.integers(9, size=300), rng.permutation(np.linspace(0, 5, 300)), K)


@every_selector
def test_it_is_a_selector_that_a_repr_rebuilds(selector):
    assert isinstance(selector, Selector)
    assert eval(repr(selector), {type(selector).__name__: type(selector)}) == selector


@every_selector
@pytest.mark.parametrize("budget", [0, 1, K, 60, N])
def test_it_spends_exactly_its_budget(selector, clustering, budget):
    if selector.keeps_everything:
        budget = N
    subset = select(selector, clustering, budget)
    assert len(subset) == len(np.unique(subset.indices)) == budget
    np.testing.assert_array_equal(subset.weights, np.ones(budget))


@every_selector
@pytest.mark.parametrize("budget", [1, K, 250])
def test_every_row_whose_label_it_read_one_by_one_is_kept(selector, three_hundred, budget):
    budget = 300 if selector.keeps_everything else budget
    pool = pool_of(three_hundred)
    subset = selector.select(pool.only(selector.needs), budget=budget, rng=np.random.default_rng(0))
    assert pool.checked(subset, budget) is subset
    asked = set(pool.labels_of_kept.rows_read.tolist())
    assert asked <= set(subset.indices.tolist())
    if "labels_of_kept" not in selector.needs or budget == 1:
        assert not asked
    elif budget == 250:
        assert asked


@every_selector
def test_labels_of_rows_that_are_not_kept_change_nothing(selector, three_hundred):
    """What is asked row by row must decide by the labels of kept rows alone."""
    if "labels_of_kept" not in selector.needs:
        return
    pool = pool_of(three_hundred)
    kept = selector.select(pool, budget=250, rng=np.random.default_rng(0)).indices
    others = np.full(300, 2)
    others[kept] = pool.labels_of_kept.read(kept)
    of_kept = {"labels_of_kept": LabelsOfKept(300, others), "learner": pool.learner}
    changed = Pool(300, X=pool.X, clustering=pool.clustering, **of_kept)
    again = selector.select(changed, budget=250, rng=np.random.default_rng(0)).indices
    np.testing.assert_array_equal(again, kept)


@every_selector
@pytest.mark.parametrize("budget", [-1, N + 1])
def test_a_budget_it_cannot_meet_is_refused(selector, clustering, budget):
    with pytest.raises(InvalidValue, match=f"budget must .*{N}.*, got {budget}"):
        select(selector, clustering, budget)


@every_selector
def test_the_same_stream_gives_the_same_rows(selector, clustering):
    budget = N if selector.keeps_everything else 30
    first, again = (select(selector, clustering, budget, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.indices, again.indices)
    assert first.provenance == again.provenance


@every_selector
def test_the_global_random_state_is_left_alone(selector, clustering):
    before = np.random.get_state()
    select(selector, clustering, N)
    for part_before, part_after in zip(before, np.random.get_state(), strict=True):
        np.testing.assert_array_equal(part_before, part_after)


@every_selector
@given(
    labels=arrays(np.int64, st.integers(1, 25), elements=st.integers(0, 6)),
    data=st.data(),
)
def test_any_clustering_yields_a_valid_subset(selector, labels, data):
    n = len(labels)
    distances = data.draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 0.5, 2.0, 2.5, 1e15])))
    budget = n if selector.keeps_everything else data.draw(st.integers(0, n))
    indices = select(selector, clustering_of(labels, distances, 7), budget).indices
    assert len(set(indices.tolist())) == budget
    assert set(indices.tolist()) <= set(range(n))


@every_selector
def test_rows_that_are_all_alike_still_fill_the_budget(selector):
    alike = clustering_of(np.zeros(N, np.int64), np.zeros(N), K)
    budget = N if selector.keeps_everything else 33
    assert len(select(selector, alike, budget, X=np.ones((N, 2), np.float32))) == budget


@every_selector
def test_it_reads_all_that_it_declares_and_every_need_is_a_property_of_a_pool(selector, clustering):
    budget = N if selector.keeps_everything else 30
    pool = pool_of(clustering)
    for need in selector.needs:
        with pytest.raises(InvalidValue, match=f"needs must name {need} for a selector to read it"):
            selector.select(pool.only(selector.needs - {need}), budget=budget, rng=np.random.default_rng(0))


@every_selector
def test_what_it_does_not_need_changes_nothing(selector, clustering):
    """Other values of everything else; each selector must declare whatever its rows depend on."""
    budget = N if selector.keeps_everything else 30
    rng = np.random.default_rng(1)
    others = {
        "X": rng.normal(size=(N, 2)).astype(np.float32),
        "y": rng.permutation(np.arange(N) % 3),
        "clustering": clustering_of(rng.integers(K, size=N), rng.random(N), K),
        "labels_of_kept": LabelsOfKept(N, (np.arange(N) + 1) % 3),
    }
    own, pool = {"dynamics", "gradient_norms", "learner"}, pool_of(clustering)
    own |= others.keys() & selector.needs
    changed = {name: getattr(pool, name) if name in own else others[name] for name in others.keys() | own}
    subsets = [
        selector.select(each, budget=budget, rng=np.random.default_rng(0))
        for each in (pool, Pool(N, **changed))
    ]
    np.testing.assert_array_equal(*(subset.indices for subset in subsets))


def test_labels_of_all_rows_are_read_by_these_and_no_others():
    by_dynamics = {"aum", "ccs", "d2_pruning", "drop", "dual", "el2n", "entropy", "forgetting", "grand"}
    by_dynamics |= {"least_confidence", "margin"}
    reading = {name for name, selector in SELECTORS.items() if selector.reads_all_labels}
    assert reading == by_dynamics | {"moderate", "per_class", "stratified"}


@pytest.mark.parametrize("kind", [*map(type, SELECTORS.values()), FromFile], ids=[*SELECTORS, "from_file"])
def test_every_hyper_parameter_is_explained_where_it_is_defined(kind):
    for field in fields(kind):
        home = next(each for each in kind.__mro__ if field.name in inspect.get_annotations(each))
        _, _, parameters = inspect.getdoc(home).partition("Parameters\n----------\n")
        section = re.split(r"\n\n\w+\n-{3,}\n", parameters)[0]
        assert re.search(rf"^{field.name} : .+\n    \S", section, re.MULTILINE), (
            f"{home.__name__}.{field.name}"
        )


@pytest.mark.parametrize("kind", [*map(type, SELECTORS.values()), FromFile], ids=[*SELECTORS, "from_file"])
def test_it_says_how_time_and_memory_grow_with_rows_and_budget(kind):
    homes = [each for each in kind.__mro__ if each.__module__.startswith("winnow.selector.")]
    said = " ".join(" ".join((each.__doc__ or "").split()) for each in homes)
    assert re.search(r"The time grows with n.* budget[^.]*[;,] the memory with [^.]+\.", said), said


def test_shuffling_the_rows_keeps_the_same_rows_wherever_chance_plays_no_part(clustering):
    X = np.random.default_rng(5).normal(size=(N, 2)).astype(np.float32)
    y, order = np.arange(N) % 3, np.random.default_rng(3).permutation(N)
    shuffled = clustering_of(clustering.labels[order], clustering.distances[order], K)
    compared = set()
    # `probability_cover` counts rows; equal counts fall to the lower row number, which is another one then.
    for name, selector in (item for item in SELECTORS.items() if item[0] != "probability_cover"):
        budget = N if selector.keeps_everything else 30
        kept, by_another_stream = (
            select(selector, clustering, budget, seed, X, y).indices for seed in (0, 1)
        )
        if np.array_equal(kept, by_another_stream):
            kept_of_shuffled = select(selector, shuffled, budget, X=X[order], y=y[order]).indices
            np.testing.assert_array_equal(np.sort(order[kept_of_shuffled]), kept, err_msg=name)
            compared.add(name)
    assert compared >= {"nearest", "furthest", "hybrid", "full", "typicality", "herding", "facility_location"}
    assert compared >= {"el2n", "grand", "aum", "entropy", "margin", "least_confidence", "d2_pruning"}
