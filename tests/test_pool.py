"""A pool shows what it was given, and refuses to be read beyond that."""

import jaxtyping
import numpy as np
import pytest

from winnow.errors import InvalidValue
from winnow.pool import LabelsOfKept, Learner, Pool
from winnow.types import Clustering, Dynamics, Predictions, Subset

PROPERTIES = ("X", "y", "clustering", "dynamics", "gradient_norms", "labels_of_kept", "learner")


def whose_number_it_learnt(rows, y, *, features):
    """Predict, for each of four rows, the class 1 if it was learnt, with its label and number as features."""
    p, seen = np.tile(np.float32([1, 0]), (4, 1)), np.full((4, 2), -1, np.float32)
    p[rows], seen[rows, 0], seen[rows, 1] = [0, 1], y, rows
    return Predictions(p, seen if features else None)


@pytest.fixture
def pool():
    """Four rows of which everything is known."""
    return Pool(
        4,
        X=np.float32([[0], [1], [2], [3]]),
        y=np.array([0, 1, 0, 1]),
        clustering=Clustering(np.float32([[0], [3]]), np.array([0, 0, 1, 1]), np.array([0.0, 1, 1, 0])),
        dynamics=Dynamics(np.arange(8, dtype=np.float32).reshape(1, 4, 2)),
        gradient_norms=np.float32([0.1, 0.2, 0.3, 0.4]),
        labels_of_kept=LabelsOfKept(4, np.array([5, 6, 7, 8])),
        learner=Learner(4, whose_number_it_learnt),
    )


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_was_not_given_cannot_be_read(pool, name):
    assert getattr(pool, name) is not None
    others = set(PROPERTIES) - {name}
    with pytest.raises(InvalidValue, match=f"^needs must name {name} for a selector to read it, got "):
        getattr(pool.only(others), name)


def test_rows_alone_have_a_number_and_nothing_else():
    with pytest.raises(InvalidValue, match="got none"):
        _ = Pool(3).y
    assert Pool(3).n == 3


@pytest.mark.parametrize("name", ["n", *PROPERTIES])
def test_it_does_not_change(pool, name):
    with pytest.raises(AttributeError):
        setattr(pool, name, None)


def test_some_rows_bring_their_own_part_of_everything(pool):
    some = pool.take(np.array([3, 1]))
    assert some.n == 2
    assert some.X.tolist() == [[3], [1]]
    assert some.y.tolist() == [1, 1]
    assert (some.clustering.labels.tolist(), some.clustering.distances.tolist()) == ([1, 0], [0, 1])
    assert some.clustering.k == 2
    assert some.dynamics.logits.tolist() == [[[6, 7], [2, 3]]]
    np.testing.assert_array_equal(some.gradient_norms, np.float32([0.4, 0.2]))
    predicted = some.learner.fit(np.array([0]), np.array([1]), features=True)  # row 3 of all
    assert (predicted.classes.tolist(), predicted.features.tolist()) == ([1, 0], [[1, 3], [-1, -1]])
    assert some.labels_of_kept.read(np.array([0, 1])).tolist() == [8, 6]
    assert pool.labels_of_kept.rows_read.tolist() == []


def test_some_rows_know_no_more_than_all():
    with pytest.raises(InvalidValue, match="needs must name X"):
        _ = Pool(2, y=np.array([0, 1])).take(np.array([1])).X


@pytest.fixture
def _as_for_a_user():
    """Without the shape checks of the test suite, which would refuse first, in other words."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("_as_for_a_user")
@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_of_other_rows_is_refused(pool, name):
    parts = {each: getattr(pool, each) for each in PROPERTIES}
    with pytest.raises(InvalidValue, match=f"{name} must have the 4 rows of the pool, got 3"):
        Pool(4, **parts | {name: getattr(pool.take(np.arange(3)), name)})


def test_labels_that_were_read_are_remembered_by_every_view_of_the_pool(pool):
    labels = pool.only({"labels_of_kept"}).labels_of_kept
    assert labels.read(np.array([3, 0])).tolist() == [8, 5]
    assert labels.read(np.array([0])).tolist() == [5]
    assert pool.labels_of_kept.rows_read.tolist() == [0, 3]


def test_a_choice_that_leaves_a_row_out_whose_label_was_read_is_refused(pool):
    pool.labels_of_kept.read(np.array([2, 1]))
    assert len(pool.checked(Subset.of(np.array([1, 2, 3])), 3)) == 3
    with pytest.raises(InvalidValue, match="must keep every row whose label it read, got row 2 left out"):
        pool.checked(Subset.of(np.array([0, 1])), 2)


def test_labels_that_are_not_there_cannot_be_read():
    labels = LabelsOfKept(2)
    assert not labels.known
    assert not labels.take(np.array([1])).known
    with pytest.raises(InvalidValue, match="the rows must have labels for a selector to read them, got none"):
        labels.read(np.array([0]))
