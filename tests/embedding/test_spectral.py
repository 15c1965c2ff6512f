import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.dataset.digits import Digits
from winnow.embedding.patches import Patches
from winnow.embedding.spectral import WEAKEST, Spectral, affinities, eigenmap
from winnow.errors import InvalidValue, WinnowWarning
from winnow.store.keys import identity


def embedded(X, **settings):
    return Spectral("identity", **settings).fit_transform(np.asarray(X, np.float32))


def blobs(*sizes, apart=1000.0):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(size, 2)) + apart * i for i, size in enumerate(sizes)])


def test_ties_by_hand():
    # Neighbours 1 apart have the scale 1; the row at 3 has the scale 2: exp(-4 / (1 * 2)) = exp(-2).
    ties = affinities(np.float32([[0], [1], [3]]), 1).toarray()
    e = np.exp
    np.testing.assert_allclose(ties, [[0, e(-1), 0], [e(-1), 0, e(-2)], [0, e(-2), 0]])


def test_the_seventh_neighbour_sets_the_scale():
    # Rows 0 to 9 on a line: the seventh neighbour of row 0 is at 7, and of row 9 too.
    ties = affinities(np.arange(10, dtype=np.float32)[:, None], 9).toarray()
    assert ties[0, 9] == pytest.approx(np.exp(-81 / 49))


def test_the_graph_is_symmetric_and_no_tie_vanishes():
    X = blobs(20, 20, apart=5).astype(np.float32)
    X[0] = 1e6
    ties = affinities(X, 5)
    assert abs(ties - ties.T).max() == 0
    assert ties.data.min() == WEAKEST
    assert (np.diff(ties.indptr) >= 5).all()


def test_blobs_far_apart_have_a_direction_each():
    X = embedded(blobs(30, 20), components=2, neighbours=5)
    np.testing.assert_allclose(X[:30], np.tile([1, 0], (30, 1)), atol=1e-6)
    np.testing.assert_allclose(X[30:], np.tile([0, 1], (20, 1)), atol=1e-6)


def test_blobs_that_touch_come_apart():
    X = blobs(50, 50, apart=3)
    Z = embedded(X, components=2)
    right = np.repeat([-1, 1], 50) * np.sign(Z[99, 1])
    assert (np.sign(Z[:, 1]) == right).mean() > 0.95


def test_a_ring_becomes_a_circle():
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    Z = embedded(ring, components=3, neighbours=2)
    # All rows alike but for the angle, and equal steps from each to the next.
    np.testing.assert_allclose(Z[:, 0], 1 / np.sqrt(3), atol=1e-4)
    steps = np.linalg.norm(Z - np.roll(Z, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


@pytest.mark.parametrize("sizes", [(40,), (30, 20), (20, 20, 20)])
def test_the_coordinates_are_the_top_eigenvectors_of_the_walk(sizes):
    graph = affinities(blobs(*sizes).astype(np.float32), 4)
    walk = graph.toarray() / graph.sum(axis=1)[:, None]
    found = eigenmap(graph, 6)
    values = np.einsum("nk,nk->k", found, walk @ found) / np.einsum("nk,nk->k", found, found)
    np.testing.assert_allclose(walk @ found, found * values, atol=1e-8)
    np.testing.assert_allclose(values, np.sort(np.linalg.eigvals(walk).real)[:-7:-1], atol=1e-8)
    assert np.linalg.matrix_rank(found, tol=1e-6) == 6


def test_equal_rows_get_equal_coordinates_and_crowd_nothing_out():
    X = np.concatenate([blobs(30, apart=0), np.zeros((40, 2))])
    Z = embedded(X, components=3)
    np.testing.assert_array_equal(Z[30:], np.tile(Z[30], (40, 1)))
    without = embedded(X[:31], components=3)
    np.testing.assert_allclose(Z[:31], without, atol=1e-6)


def test_rows_have_length_one():
    Z = embedded(blobs(60, apart=0), components=7)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-6)


def test_more_connected_parts_than_components_warn_and_leave_the_smallest_at_zero():
    with pytest.warns(
        WinnowWarning, match="1 more connected parts than components: 10 distinct rows are embedded as"
    ):
        Z = embedded(blobs(10, 30, 20), components=2, neighbours=5)
    np.testing.assert_allclose(Z[[0, 10, 40]], [[0, 0], [1, 0], [0, 1]], atol=1e-6)


def test_it_works_on_top_of_another_embedding():
    dataset = Digits().load()
    X = Spectral("pca", components=10).fit_transform(dataset.x[:500])
    distances = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (dataset.y[:500][distances.argmin(axis=1)] == dataset.y[:500]).mean() > 0.9


def test_the_code_of_the_other_embedding_is_part_of_the_identity():
    assert identity(Patches()) in identity(Spectral("patches"))


def test_a_refusal_of_the_other_embedding_is_reported_as_its_own():
    with pytest.raises(InvalidValue, match=r"components must be at most 2, .* \| embedding.of=pca \| try"):
        Spectral("pca", components=2).fit_transform(np.float32([[0, 1], [1, 0], [2, 2]]))


def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(InvalidValue, match="must lie within"):
        embedded([[0], [1], [3e19]], components=1)


@pytest.mark.parametrize("spread", [1, 5, 10])
def test_rows_of_every_size_keep_finite_coordinates(spread):
    X = np.exp(np.random.default_rng(0).normal(size=(30, 1)) * spread)
    Z = embedded(X, components=4, neighbours=3)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("X", "distinct"), [(np.eye(3), 3), (np.ones((9, 2)), 1)])
def test_as_many_components_as_distinct_rows_are_refused(X, distinct):
    with pytest.raises(InvalidValue, match=f"components must be less than the {distinct} distinct rows, got"):
        embedded(X, components=3)


@pytest.mark.parametrize("wrong", [{"of": "spectral"}, {"of": "umap"}, {"components": 0}, {"neighbours": 0}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Spectral).validate_python(wrong)
