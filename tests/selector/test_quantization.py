"""Shapeless data are distinguished from data with a shape, whatever their scale."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from winnow.selector._quantization import QuantizationRatio, _quantization_errors, normal_like


def draw(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def cloud():
    """One stretched normal cloud."""
    return (draw(1).normal(size=(3000, 6)) * [9, 5, 3, 1, 1, 0.1] + 50).astype(np.float32)


@pytest.fixture(scope="module")
def sticks():
    """Sixty thin sticks in eight dimensions: shape at every scale that a few hundred rows resolve."""
    rng = draw(2)
    of, (starts, ends) = rng.integers(60, size=4000), rng.normal(size=(2, 60, 8))
    along = starts[of] + rng.random((4000, 1)) * (ends - starts)[of]
    return (along + 0.02 * rng.normal(size=along.shape)).astype(np.float32)


def test_what_is_quantization_errors_by_hand():
    # Left out 0 and 4; the first kept row is 3, both are 3 and 4: squares (9 + 1) / 2 and (9 + 0) / 2.
    left_out, kept = np.float32([[0], [4]]), np.float32([[3], [4]])
    assert _quantization_errors(left_out, kept, [1, 2]).tolist() == [5.0, 4.5]


@pytest.mark.parametrize("budget", [10, 100, 1000])
def test_a_single_cloud_is_shapeless_however_stretched(cloud, budget):
    measured = QuantizationRatio.of(cloud, budget, draw())
    assert measured.ratio == pytest.approx(1, abs=0.15)
    assert measured.pace == pytest.approx(0, abs=0.15)


def test_shape_is_resolved_step_by_step(sticks):
    several = [QuantizationRatio.of(sticks, budget, draw()) for budget in (10, 50, 250)]
    ratios = [measured.ratio for measured in several]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] < 0.7
    assert several[-1].pace > several[0].pace + 0.5


def test_the_pace_is_the_slope_of_the_ratio_on_logarithmic_axes(sticks):
    half, middle, double = (QuantizationRatio.of(sticks, budget, draw()).ratio for budget in (50, 100, 200))
    slope = np.log(half / double) / np.log(4)
    assert QuantizationRatio.of(sticks, 100, draw()).pace == pytest.approx(slope, rel=0.15)
    assert half > middle > double


def test_clouds_far_apart_have_no_shape_left_once_each_holds_a_few_rows():
    rng = draw(3)
    middles = 100 * rng.normal(size=(12, 5))
    apart = (middles[rng.integers(12, size=3000)] + rng.normal(size=(3000, 5))).astype(np.float32)
    measured = QuantizationRatio.of(apart, 300, draw())
    assert measured.ratio < 0.1
    assert abs(measured.pace) < 0.1


def test_neither_units_nor_place_matter(sticks):
    moved = 1000 * sticks + 7000
    one, other = (QuantizationRatio.of(X, 100, draw()) for X in (sticks, moved.astype(np.float32)))
    assert other.ratio == pytest.approx(one.ratio, rel=1e-3)
    assert other.pace == pytest.approx(one.pace, abs=1e-3)


def test_errors_by_hand():
    """Two draws, three budgets; the normal data are the same in both, so that only the data vary."""
    data, normal = np.array([[8.0, 3, 1], [8, 5, 3]]), np.array([[8.0, 8, 8], [8, 8, 8]])
    measured = QuantizationRatio._compared(data, normal, float(np.log(4)), independent_draws=2.0)
    assert measured.ratio == pytest.approx(4 / 8)
    assert measured.pace == pytest.approx(np.log(8 / 2) / np.log(4))
    # Of 3 and 5, the standard error is 1, a quarter of their mean; of 1 and 3 it is 1, half of theirs.
    assert measured.ratio_error == pytest.approx(0.5 / 4)
    assert measured.pace_error == pytest.approx(0.5 / np.log(4))


@pytest.mark.parametrize("d", [2, 20])
def test_the_errors_tell_how_far_other_rows_of_the_same_kind_would_move_the_measures(d):
    clouds = [draw(seed).normal(size=(40, d)).astype(np.float32) for seed in range(15)]
    several = [QuantizationRatio.of(X, 8, draw(seed)) for seed, X in enumerate(clouds)]
    for name in ("ratio", "pace"):
        spread = np.std([getattr(each, name) for each in several])
        estimated = np.mean([getattr(each, f"{name}_error") for each in several])
        # Too large rather than too small: kept rows vary between draws, too.
        assert 0.8 * spread < estimated < 3 * spread


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_any_number_of_rows_and_budget_has_an_answer(n):
    X = draw().normal(size=(n, 2)).astype(np.float32)
    for budget in range(n + 1):
        measured = QuantizationRatio.of(X, budget, draw())
        assert np.isfinite(list(vars(measured).values())).all()
        assert measured.ratio >= 0


def test_rows_that_are_all_alike_have_no_shape():
    assert QuantizationRatio.of(np.ones((50, 3), np.float32), 10, draw()) == QuantizationRatio(1.0, 0.0)


def test_a_single_odd_row_is_no_shape():
    X = np.ones((5000, 3), np.float32)
    X[7] = 9
    measured = QuantizationRatio.of(X, 10, draw())
    assert np.isfinite(list(vars(measured).values())).all()


def test_twins_of_kept_rows_are_explained():
    X = np.repeat(draw().normal(size=(2, 3)), 100, axis=0).astype(np.float32)
    measured = QuantizationRatio.of(X, 100, draw())
    assert measured.ratio < 1e-9
    assert np.isfinite(list(vars(measured).values())).all()


def test_normal_rows_have_the_covariance_of_the_data(cloud):
    drawn = normal_like(cloud, 20_000, draw())
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(cloud.T), atol=8)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.3)


def test_thread_count_changes_no_bit(sticks):
    measured = []
    for threads in (1, 3):
        with threadpool_limits(threads):
            measured.append(QuantizationRatio.of(sticks, 300, draw()))
    assert measured[0] == measured[1]
