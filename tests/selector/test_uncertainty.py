import numpy as np
import pytest

from winnow.selector._uncertainty import entropy, least_confidence, margin

P = np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("score", "of_rows"),
    [
        (margin, [0, 0.25, 1]),  # 0.5 - 0.5, 0.5 - 0.25, 1 - 0
        (least_confidence, [0.5, 0.5, 0]),
        (
            entropy,
            [np.log(2), 1.5 * np.log(2), 0],
        ),  # log 4 counts for half of the second, log 2 for the other
    ],
)
def test_three_rows_by_hand(score, of_rows):
    assert score(P) == pytest.approx(of_rows)


def test_of_two_classes_all_order_rows_alike():
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    assert margin(p).argsort().tolist() == (-entropy(p)).argsort().tolist() == [1, 2, 0]
    assert (-least_confidence(p)).argsort().tolist() == [1, 2, 0]


def test_a_single_class_leaves_no_doubt():
    one = np.ones((2, 1))
    assert margin(one).tolist() == [1, 1]
    assert least_confidence(one).tolist() == [0, 0]
    assert entropy(one).tolist() == [0, 0]
