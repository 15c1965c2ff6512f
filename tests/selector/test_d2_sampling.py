import numpy as np

from winnow.pool import Pool
from winnow.selector.d2_sampling import D2Sampling


def kept(X, budget, seed=0):
    X = np.float32(X)[:, None]
    return D2Sampling().select(Pool(len(X), X=X), budget=budget, rng=np.random.default_rng(seed))


def test_an_outlier_is_drawn_soon():
    # After a row of the blob at 0, the outlier at 100 has all of the squared distance but a 2,500th.
    blob = [0, 1, 0, 1, 100]
    assert all(4 in kept(blob, 2, seed).indices for seed in range(50))


def test_the_first_row_is_drawn_uniformly():
    counts = np.bincount([kept([0, 1, 5], 1, seed).indices[0] for seed in range(900)], minlength=3)
    assert np.abs(counts - 300).max() < 5 * np.sqrt(900 * (1 / 3) * (2 / 3))


def test_the_second_row_is_drawn_by_squared_distance():
    # From 0 the others are at 1 and 2: chances 1 to 4. Ask only those draws that begin at 0.
    second = []
    for seed in range(3000):
        first = kept([0, 1, 2], 1, seed).indices[0]
        if first == 0:
            second.append(int(kept([0, 1, 2], 2, seed).indices[1]))
    share = np.mean(np.array(second) == 2)
    assert abs(share - 0.8) < 5 * np.sqrt(0.8 * 0.2 / len(second))


def test_duplicates_fill_what_distinct_rows_cannot():
    subset = kept([3, 3, 3, 8], 3)
    assert len(subset) == 3
    assert subset.provenance == {"topped_up": 1}
