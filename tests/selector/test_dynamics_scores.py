"""Scores by hand: four rows of class 0 among two classes, watched for three epochs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.errors import InvalidValue
from winnow.selector import _dynamics_scores as scores
from winnow.types import Dynamics

Y = np.array([0, 0, 0, 0])
# The difference between the two logits, so p_y = 1 / (1 + exp(-difference)).
EASY, FORGOTTEN, LEARNT_LATE, NEVER = [4, 5, 6], [1, -1, 1], [-2, -1, 2], [-3, -3, -3]


@pytest.fixture
def seen():
    """Dynamics of rows that are easy, forgotten once, learnt late, and never learnt."""
    differences = np.array([EASY, FORGOTTEN, LEARNT_LATE, NEVER]).T
    return Dynamics(np.stack([differences, np.zeros_like(differences)], axis=2).astype(np.float32))


def p(difference):
    return 1 / (1 + np.exp(-difference))


def test_el2n_is_the_mean_length_of_the_error_and_high_for_the_hard(seen):
    el2n = scores.el2n(seen, Y)
    assert el2n[0] == pytest.approx(np.sqrt(2) * np.mean([1 - p(4), 1 - p(5), 1 - p(6)]))
    assert np.argsort(el2n).tolist() == [0, 1, 2, 3]


def test_forgetting_counts_the_turns_from_right_to_wrong(seen):
    assert scores.forgetting(seen, Y).tolist() == [0, 1, 0, np.inf]


def test_aum_is_the_mean_margin_of_the_logits_and_low_for_the_hard(seen):
    np.testing.assert_allclose(scores.aum(seen, Y), [5, 1 / 3, -1 / 3, -3], rtol=1e-6)


def test_aum_looks_at_logits_so_that_a_common_shift_changes_nothing_and_a_scale_does(seen):
    shifted, doubled = Dynamics(seen.logits + 7), Dynamics(seen.logits * 2)
    np.testing.assert_allclose(scores.aum(shifted, Y), scores.aum(seen, Y), atol=1e-5)
    np.testing.assert_allclose(scores.aum(doubled, Y), 2 * scores.aum(seen, Y))


def test_what_looks_at_the_last_epoch_finds_the_undecided_and_not_the_wrong(seen):
    # Differences 6, 1, 2, -3 at the end: row 1 is the least decided, row 0 the most.
    hardest_first = [1, 2, 3, 0]
    assert np.argsort(-scores.entropy(seen)).tolist() == hardest_first
    assert np.argsort(scores.margin(seen)).tolist() == hardest_first
    assert np.argsort(-scores.least_confidence(seen)).tolist() == hardest_first
    assert scores.margin(seen)[1] == pytest.approx(p(1) - p(-1))


def test_three_classes_tell_margin_from_least_confidence():
    # p: torn between two, or spread over three with a clear first.
    seen = Dynamics(np.log(np.float32([[[0.48, 0.48, 0.04], [0.45, 0.28, 0.27]]])))
    assert scores.margin(seen).argmin() == 0
    assert scores.least_confidence(seen).argmax() == 1
    assert scores.entropy(seen).argmax() == 1


def test_dual_prefers_the_unsettled_to_the_hopeless(seen):
    dual = scores.dual(seen, Y, window=3)
    late = [p(each) for each in LEARNT_LATE]
    assert dual[2] == pytest.approx((1 - np.mean(late)) * np.std(late))
    assert dual[3] == pytest.approx(0, abs=1e-12)
    assert dual.argmax() == 2


def test_dual_is_the_mean_over_its_windows(seen):
    one, two = (p(np.array(part)) for part in (LEARNT_LATE[:2], LEARNT_LATE[1:]))
    expected = np.mean([(1 - part.mean()) * part.std() for part in (one, two)])
    assert scores.dual(seen, Y, window=2)[2] == pytest.approx(expected)


def test_a_window_longer_than_the_run_is_the_run(seen):
    np.testing.assert_array_equal(scores.dual(seen, Y, window=9), scores.dual(seen, Y, window=3))


def test_class_errors_are_means_over_epochs_and_zero_for_a_class_without_rows(seen):
    # Wrong: never, once, twice, always, of 3 epochs and 4 rows.
    assert scores.class_errors(seen, Y).tolist() == pytest.approx([6 / 12, 0])


def test_a_single_class_leaves_nothing_to_rank():
    seen = Dynamics(np.ones((2, 3, 1), np.float32))
    y = np.zeros(3, np.int64)
    for score in (scores.el2n(seen, y), scores.aum(seen, y), scores.entropy(seen), scores.dual(seen, y, 2)):
        assert score.tolist() == [0, 0, 0]
    assert scores.margin(seen).tolist() == [1, 1, 1]


@given(arrays(np.float32, (3, 5, 4), elements=st.floats(-1e4, 1e4, width=32)))
def test_scores_of_any_logits_are_finite_and_within_their_bounds(logits):
    seen, y = Dynamics(logits), np.array([0, 1, 2, 3, 0])
    bounded = {
        np.sqrt(2): scores.el2n(seen, y),
        np.log(4): scores.entropy(seen),
        1.0: scores.margin(seen),
        0.75: scores.least_confidence(seen),
        0.5: scores.dual(seen, y, 2),
    }
    for most, score in bounded.items():
        assert (score >= -1e-12).all()
        assert (score <= most + 1e-9).all()
    assert np.isfinite(scores.aum(seen, y)).all()


def test_dynamics_of_some_rows_are_those_rows():
    logits = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    part = Dynamics(logits, np.float32([5, 6, 7])).take(np.array([0, 2]))
    assert part.logits.tolist() == logits[:, [0, 2]].tolist()
    assert part.gradient_norms.tolist() == [5, 7]


@pytest.mark.parametrize(
    ("logits", "norms", "rule"),
    [
        (np.zeros((0, 2, 2)), None, "at least one epoch"),
        (np.full((1, 2, 2), np.nan), None, "finite"),
        (np.zeros((1, 2, 2)), [1.0, np.inf], "finite"),
    ],
)
def test_dynamics_that_cannot_be_scored_are_refused(logits, norms, rule):
    with pytest.raises(InvalidValue, match=rule):
        Dynamics(logits.astype(np.float32), None if norms is None else np.float32(norms))
