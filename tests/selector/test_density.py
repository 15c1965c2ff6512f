import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.density import Density
from winnow.types import Clustering


@pytest.fixture
def three_lines():
    """Rows 0-3 one apart, rows 4-6 five apart, rows 7-8 thirty apart; a cluster each."""
    X = np.float32([[0], [1], [2], [3], [100], [105], [110], [500], [530]])
    labels = np.repeat([0, 1, 2], [4, 3, 2])
    centroids = np.float32([[1.5], [105], [515]])
    return X, Clustering(centroids, labels, np.abs(X - centroids[labels]).ravel().astype(float))


@pytest.fixture
def keep(three_lines):
    X, clustering = three_lines

    def rows(budget, seed=0, **settings):
        selector = Density(**{"neighbours": 1} | settings)
        pool = Pool(len(X), X=X, clustering=clustering)
        return selector.select(pool, budget=budget, rng=np.random.default_rng(seed)).indices.tolist()

    return rows


def test_the_densest_clusters_go_first(keep):
    assert keep(5) == [4, 5, 6, 7, 8]
    assert keep(2) == [7, 8]


def test_or_the_sparsest(keep):
    assert keep(7, drop="sparsest") == [0, 1, 2, 3, 4, 5, 6]
    assert keep(4, drop="sparsest") == [0, 1, 2, 3]


def test_a_cluster_that_is_cut_through_loses_its_densest_rows(keep):
    # Rows 0 and 3 have their second neighbour two away, the rows between them one away.
    assert keep(7, neighbours=2) == [0, 3, 4, 5, 6, 7, 8]
    assert keep(2, neighbours=2, drop="sparsest") == [1, 2]


def test_the_second_stage_draws_from_what_the_first_left(keep):
    # Seven rows must go: four by density, all of the first line, and three by chance.
    draws = {tuple(keep(2, seed, stage_one=4 / 7)) for seed in range(60)}
    assert {row for draw in draws for row in draw} == {4, 5, 6, 7, 8}
    assert len(draws) > 5


def test_without_a_first_stage_it_is_chance_alone(keep):
    assert {row for seed in range(60) for row in keep(2, seed, stage_one=0.0)} == set(range(9))


def test_duplicates_are_densest_of_all():
    X = np.float32([[0], [0], [0], [5], [6], [7]])
    clustering = Clustering(np.float32([[6], [0]]), np.array([1, 1, 1, 0, 0, 0]), np.zeros(6))
    pool = Pool(6, X=X, clustering=clustering)
    kept = Density(neighbours=2).select(pool, budget=3, rng=np.random.default_rng(0))
    assert kept.indices.tolist() == [3, 4, 5]


def test_density_is_that_inside_a_cluster():
    # Rows 1 and 2 are close, but of different clusters: to their own kin they are as far as the others.
    X = np.float32([[0], [4], [5], [8], [20], [21]])
    clustering = Clustering(np.float32([[2], [6.5], [20.5]]), np.array([0, 0, 1, 1, 2, 2]), np.zeros(6))
    pool = Pool(6, X=X, clustering=clustering)
    kept = Density(neighbours=1).select(pool, budget=2, rng=np.random.default_rng(0))
    assert kept.indices.tolist() == [0, 1]


def test_a_row_alone_in_its_cluster_is_the_sparsest():
    X = np.float32([[0], [50], [99]])
    clustering = Clustering(np.float32([[25], [99]]), np.array([0, 0, 1]), np.zeros(3))
    pool = Pool(3, X=X, clustering=clustering)
    kept = Density(neighbours=1).select(pool, budget=1, rng=np.random.default_rng(0))
    assert kept.indices.tolist() == [2]
