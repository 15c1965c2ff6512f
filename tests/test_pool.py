"""A pool shows what it was given, and refuses to be read beyond that."""

import jaxtyping
import numpy as np
import pytest

from winnow.errors import InvalidValue
from winnow.pool import Pool
from winnow.types import Clustering, Dynamics

PROPERTIES = ("X", "y", "clustering", "dynamics", "gradient_norms", "augmentation_strength")


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
        augmentation_strength=0.5,
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
    assert some.augmentation_strength == 0.5


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
@pytest.mark.parametrize("name", PROPERTIES[:-1])
def test_a_property_of_other_rows_is_refused(pool, name):
    parts = {each: getattr(pool, each) for each in PROPERTIES}
    with pytest.raises(InvalidValue, match=f"{name} must have the 4 rows of the pool, got 3"):
        Pool(4, **parts | {name: getattr(pool.take(np.arange(3)), name)})
