"""What the labels of a quarter of the rows tell of all of them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from winnow.selector._agreement import Agreement, _expected


def test_two_pairs_by_hand():
    # Everyone's nearest row is of its class, the other two are not. Of a quarter, the nearest is the first,
    # second or third with weights 16 : 12 : 9, so 21 of 37 are wrong. With half a row of four more, errors
    # are 1/8 and 21/37 + 1/8, by chance 1/2 would be: 1 - (1/8)^2 / (21/37 + 1/8) / (1/2) = 0.9549.
    told = Agreement.of(np.float32([[0], [0.1], [9], [9.1]]), np.array([0, 0, 1, 1]))
    assert told.classes == pytest.approx(2)
    assert told.expected == pytest.approx(0.9549, abs=1e-4)
    assert told.error == pytest.approx(0, abs=1e-12)


def test_classes_of_unlike_sizes_count_as_fewer():
    X, y = np.arange(8, dtype=np.float32)[:, None], np.array([0, 0, 0, 0, 0, 0, 1, 1])
    # 1 / (0.75^2 + 0.25^2)
    assert Agreement.of(X, y).classes == pytest.approx(1.6)


@pytest.mark.parametrize("y", [[], [3], [3, 3, 3]])
def test_where_there_is_nothing_to_tell_apart_nothing_is_known(y):
    told = Agreement.of(np.ones((len(y), 2), np.float32), np.array(y, int))
    assert (told.expected, told.error) == (0.0, 1.0)
    assert told.classes == pytest.approx(1)


def test_the_error_is_not_expected_to_grow():
    # Of all rows half are wrong, of a quarter none: the half stays. 1 - (0.5 + 1/8) / 0.75
    assert _expected(np.array([0, 0, 1.0, 1]), np.zeros(4), 0.75)[0] == pytest.approx(1 / 6)


def test_labels_drawn_by_lot_do_not_agree():
    rng = np.random.default_rng(0)
    told = [
        Agreement.of(rng.normal(size=(100, 3)).astype(np.float32), rng.integers(4, size=100))
        for _ in range(9)
    ]
    assert np.mean([each.expected for each in told]) == pytest.approx(0, abs=0.2)
    assert all(each.expected < 0.6 for each in told)


def test_a_quarter_tells_what_all_will_show_and_how_far_that_may_be_wrong():
    X, y = load_digits(return_X_y=True)
    X, told, shown = X.astype(np.float32), [], []
    for seed in range(12):
        rows = np.random.default_rng(seed).permutation(len(y))[:600]
        told.append(Agreement.of(X[rows[:150]], y[rows[:150]]))
        distances = np.linalg.norm(X[rows][:, None] - X[rows], axis=2) + np.diag(np.full(600, np.inf))
        shown.append(1 - (y[rows][distances.argmin(axis=1)] != y[rows]).mean() / 0.9)
    differences = np.array([each.expected for each in told]) - shown
    errors = np.array([each.error for each in told])
    # The mean of twelve to within three of its errors, and their spread to within a factor of two.
    assert abs(differences.mean()) < 3 * errors.mean() / np.sqrt(12)
    assert 0.5 < np.sqrt((differences**2).mean()) / errors.mean() < 2
