"""Rows that are kept in rounds: what is asked, learnt, read and written down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from winnow.errors import InvalidValue
from winnow.pool import LabelsOfKept, Learner, Pool
from winnow.registry import default
from winnow.selector.rounds import Rounds, round_sizes
from winnow.store.keys import identity
from winnow.types import Clustering, Predictions

QUERIES = ("margin", "entropy", "least_confidence", "badge", "typiclust", "random")
N = 60
X = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
CLUSTERING = Clustering(np.zeros((6, 2), np.float32), np.arange(N) % 6, np.linspace(0, 1, N))


class Line:
    """Learns a least-squares line between two classes, and notes what it was taught."""

    def __init__(self):
        self.taught = []

    def __call__(self, rows, y, *, features):
        self.taught.append((rows.tolist(), y.tolist()))
        weights = np.linalg.lstsq(np.c_[X, np.ones(N)][rows], 2.0 * y - 1, rcond=None)[0]
        p = 1 / (1 + np.exp(-np.c_[X, np.ones(N)] @ weights))
        return Predictions(np.stack([1 - p, p], axis=1).astype(np.float32), X if features else None)


def kept(selector, budget=20, seed=0, y=Y):
    """Return what a selector keeps, the pool it saw, and what its learner was taught."""
    line = Line()
    known = {
        "X": X,
        "clustering": CLUSTERING,
        "labels_of_kept": LabelsOfKept(N, y),
        "learner": Learner(N, line),
    }
    pool = Pool(N, **known).only(selector.needs)
    subset = selector.select(pool, budget=budget, rng=np.random.default_rng(seed))
    return pool.checked(subset, budget), pool, line.taught


@settings(max_examples=40)
@given(
    query=st.sampled_from(QUERIES),
    first=st.sampled_from(["uniform", "random", "nearest", "kcenter", "auto"]),
    budget=st.integers(0, N),
    rounds=st.sampled_from([1, 2, 5, 8]),
    share=st.sampled_from([0.0, 0.2, 0.5]),
)
def test_the_budget_is_met_and_labels_are_read_of_kept_rows_only(query, first, budget, rounds, share):
    subset, pool, taught = kept(Rounds(rounds, query, first, share), budget)
    assert len(subset) == budget
    assert len(taught) == max(min(rounds, budget), 1) - 1
    assert set(pool.labels_of_kept.rows_read.tolist()) <= set(subset.indices.tolist())
    assert np.bincount(subset.rounds)[1:].tolist() == [size for size in round_sizes(budget, rounds) if size]


@pytest.mark.parametrize("query", QUERIES)
def test_each_round_learns_the_rows_of_the_rounds_before_it_and_their_labels(query):
    subset, _, taught = kept(Rounds(4, query))
    for number, (rows, labels) in enumerate(taught, start=1):
        assert sorted(rows) == subset.indices[subset.rounds <= number].tolist()
        assert labels == Y[rows].tolist()


def test_the_first_round_is_what_the_first_selector_keeps():
    for first in ("uniform", "nearest", "kcenter"):
        subset, pool, _ = kept(Rounds(4, first=first))
        alone = default("selector", first).select(pool, budget=5, rng=np.random.default_rng(0))
        assert subset.indices[subset.rounds == 1].tolist() == alone.indices.tolist()


def test_a_single_round_is_the_first_selector_and_teaches_nobody():
    subset, pool, taught = kept(Rounds(rounds=1, first="nearest"))
    alone = default("selector", "nearest").select(pool, budget=20, rng=np.random.default_rng(0))
    assert subset.indices.tolist() == alone.indices.tolist()
    assert (taught, subset.provenance["curve"], pool.labels_of_kept.rows_read.tolist()) == ([], [], [])


def test_margin_asks_for_rows_beside_the_border_and_random_does_not():
    asked, by_lot = (kept(Rounds(2, query, random_share=0.0), 40)[0] for query in ("margin", "random"))
    distance = [np.abs(X[each.indices[each.rounds == 2], 0]).mean() for each in (asked, by_lot)]
    assert distance[0] < distance[1]


@pytest.mark.parametrize("query", QUERIES)
def test_the_curve_is_the_accuracy_on_the_rows_of_the_next_round_before_they_are_learnt(query):
    subset, _, taught = kept(Rounds(4, query, random_share=0.4))
    for number, point in enumerate(subset.provenance["curve"], start=1):
        rows, labels = (np.array(each) for each in taught[number - 1])
        next_rows = subset.indices[subset.rounds == number + 1]
        right = Line()(rows, labels, features=False).classes[next_rows] == Y[next_rows]
        told = [(point[f"accuracy_of_{name}"] or 0) * point[name] / 100 for name in ("random", "asked")]
        assert sum(told) == pytest.approx(right.sum())
        assert point["labels"] == 5 * number
        assert (point["random"], point["asked"]) == ((5, 0) if query == "random" else (2, 3))


def test_without_a_random_part_nothing_is_claimed_of_it():
    point = kept(Rounds(2, random_share=0.0))[0].provenance["curve"][0]
    assert point["accuracy_of_random"] is None
    assert (point["random"], point["asked"]) == (0, 10)


def test_the_random_part_is_a_fair_sample_of_the_rows_that_are_not_kept():
    # The accuracy on it is that on all of these, but for chance: on average, to three standard errors.
    drawn = []
    for seed in range(150):
        subset, _, _ = kept(Rounds(2, "margin", random_share=0.5), 8, seed)
        first = subset.indices[subset.rounds == 1]
        accuracy = subset.provenance["curve"][0]["accuracy_of_random"] / 100
        others = np.setdiff1d(np.arange(N), first)
        right = Line()(first, Y[first], features=False).classes[others] == Y[others]
        drawn.append(accuracy - right.mean())
    assert abs(np.mean(drawn)) < 3 * np.std(drawn) / np.sqrt(150)


def test_rows_without_labels_are_refused():
    with pytest.raises(InvalidValue, match="must have labels"):
        kept(Rounds(), y=None)


@pytest.mark.parametrize("first", ["stratified", "aum", "per_class", "rounds", "full", "neares"])
def test_the_first_round_reads_no_labels_of_other_rows(first):
    with pytest.raises(ValidationError, match="Input should be"):
        TypeAdapter(Rounds).validate_python({"first": first})


def test_it_needs_what_its_first_selector_and_its_query_read():
    own = {"labels_of_kept", "learner"}
    assert Rounds().needs == own
    assert Rounds(first="kcenter").needs == own | {"X"}
    assert Rounds(query="typiclust").needs == own | {"X", "clustering"}
    assert not Rounds().reads_all_labels
    assert Rounds().trains_network
    assert identity(default("selector", "kcenter")) in identity(Rounds(first="kcenter"))
