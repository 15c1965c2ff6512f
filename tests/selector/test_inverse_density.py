import numpy as np
import pytest

from winnow.pool import Pool
from winnow.selector.inverse_density import InverseDensity

RNG = np.random.default_rng(0)
# A dense blob of 90 rows and 10 rows far apart.
X = np.concatenate([RNG.normal(size=90) * 0.01, np.arange(10, 20) * 100.0]).astype(np.float32)[:, None]


def scattered(exponent, seed):
    selector = InverseDensity(exponent, neighbours=3)
    rows = selector.select(Pool(100, X=X), budget=20, rng=np.random.default_rng(seed)).indices
    return int((rows >= 90).sum())


@pytest.mark.parametrize(("exponent", "least", "most"), [(-1.0, 9, 10), (1.0, 0, 0)])
def test_the_sign_of_the_exponent_prefers_the_rare_or_the_dense(exponent, least, most):
    assert all(least <= scattered(exponent, seed) <= most for seed in range(20))


def test_the_exponent_zero_is_uniform():
    counts = [scattered(0.0, seed) for seed in range(300)]
    assert abs(np.mean(counts) - 2) < 5 * np.sqrt(20 * 0.1 * 0.9 / 300)


def test_duplicates_have_a_finite_density():
    duplicates = np.float32([[1], [1], [1], [5]])
    selector = InverseDensity(neighbours=1)
    rows = selector.select(Pool(4, X=duplicates), budget=4, rng=np.random.default_rng(0)).indices
    assert rows.tolist() == [0, 1, 2, 3]
