"""Which part of a ranking each sampler takes, and how."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from winnow.errors import InvalidValue
from winnow.selector._difficulty_sampling import STRATA, Sampler, by_beta, by_softmax, by_strata, draw

SAMPLERS = get_args(Sampler)
# Nine rows whose difficulty is their number, tenfold.
RANKED = 10.0 * np.arange(9)
HALF = np.full(9, 0.5)


def rows(sampler, budget, seed=0, difficulty=RANKED, **options):
    kept = draw(sampler, difficulty, HALF, budget, np.random.default_rng(seed), **options)
    return sorted(kept.tolist())


@pytest.mark.parametrize(
    ("sampler", "kept"), [("top", [6, 7, 8]), ("bottom", [0, 1, 2]), ("middle", [3, 4, 5])]
)
def test_a_band_of_the_ranking(sampler, kept):
    assert rows(sampler, 3) == kept


def test_the_cutoff_spares_the_hardest_and_gives_way_to_the_budget():
    assert rows("top", 3, cutoff=0.25) == [4, 5, 6]  # a quarter of nine, rounded down: two rows
    assert rows("top", 8, cutoff=0.9) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert rows("middle", 3, cutoff=0.5) == [1, 2, 3]


def test_equal_scores_are_in_random_order():
    flat = np.zeros(9)
    assert len({tuple(rows("top", 4, seed, flat)) for seed in range(20)}) > 10


@pytest.mark.parametrize("sampler", ["top", "bottom"])
def test_budgets_nest_even_among_equal_scores(sampler):
    tied = np.repeat([1.0, 2.0, 3.0], 3)
    assert set(rows(sampler, 4, 7, tied)) < set(rows(sampler, 6, 7, tied))


def test_strata_cover_all_difficulties_and_short_ones_pass_on_their_share():
    # 100 rows at 0, one at each of 0.5 and 1: both are kept, and what they cannot use goes to the crowd.
    difficulty = np.concatenate([np.zeros(100), [0.5, 1.0]])
    kept = by_strata(difficulty, 30, np.random.default_rng(0))
    assert {100, 101} < set(kept.tolist())
    assert np.count_nonzero(kept < 100) == 28


def test_strata_are_fifty_and_of_equal_width():
    difficulty = np.linspace(0, 1, 10 * STRATA)
    kept = by_strata(difficulty, STRATA, np.random.default_rng(0))
    assert len(set(np.minimum((difficulty[kept] * 50).astype(int), 49))) == 50


def test_a_cold_softmax_is_the_top_and_a_hot_one_is_blind():
    assert rows("softmax", 3, temperature=1e-6) == [6, 7, 8]
    drawn = [rows("softmax", 1, seed, temperature=1e6)[0] for seed in range(900)]
    assert np.bincount(drawn, minlength=9).min() > 60  # 100 are expected of each


def test_softmax_weighs_by_the_standardised_score():
    # Scores 0 and 1 are -1 and 1 when standardised: odds of e^2.
    difficulty, trials = np.array([0.0, 1.0]), 4000
    rng = np.random.default_rng(0)
    share = np.mean([by_softmax(difficulty, 1.0, 1, rng)[0] for _ in range(trials)])
    assert share == pytest.approx(np.exp(2) / (1 + np.exp(2)), abs=0.02)


def test_beta_turns_to_surer_rows_the_more_are_pruned():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.05, 0.95, 2000)
    difficulty = confidence * (1 - confidence)
    means = [
        confidence[by_beta(difficulty, confidence, budget, np.random.default_rng(1))].mean()
        for budget in (20, 400, 1200)
    ]
    assert means[0] > means[1] > means[2]
    assert means[0] > 0.8


def test_beta_gives_the_lowest_score_no_chance_unless_it_is_needed():
    difficulty, confidence = np.array([0.0, 0.2, 0.3]), np.full(3, 0.5)
    for seed in range(50):
        assert sorted(by_beta(difficulty, confidence, 2, np.random.default_rng(seed))) == [1, 2]
    assert len(by_beta(difficulty, confidence, 3, np.random.default_rng(0))) == 3


def test_beta_draws_by_the_score_times_the_published_density():
    from scipy.stats import beta

    difficulty, confidence = np.array([0.0, 0.1, 0.2, 0.3]), np.array([0.9, 0.8, 0.6, 0.5])
    # Three of four rows are pruned; the mean confidence of the (at most ten) hardest is 0.7.
    b = 15 * (1 - 0.7) * (1 - 0.75**4)
    weights = difficulty * beta.pdf(confidence, 16 - b, b)
    rng, trials = np.random.default_rng(0), 4000
    drawn = np.array([by_beta(difficulty, confidence, 1, rng)[0] for _ in range(trials)])
    shares = np.bincount(drawn, minlength=4) / trials
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.025)


def test_beta_copes_with_the_ends_of_the_interval():
    confidence = np.array([0.0, 1.0, 0.0, 1.0])
    kept = by_beta(np.array([1.0, 2.0, 3.0, 4.0]), confidence, 2, np.random.default_rng(0))
    assert len(set(kept.tolist())) == 2


@pytest.mark.parametrize("sampler", SAMPLERS)
@given(data=st.data())
def test_every_sampler_spends_its_budget_on_distinct_rows(sampler, data):
    difficulty = data.draw(
        arrays(np.float64, st.integers(0, 20), elements=st.sampled_from([-3, 0, 0.5, 1e9]))
    )
    n = len(difficulty)
    confidence = data.draw(arrays(np.float64, n, elements=st.floats(0, 1)))
    budget, cutoff = data.draw(st.integers(0, n)), data.draw(st.sampled_from([0.0, 0.3, 0.99]))
    kept, again = (
        draw(sampler, difficulty, confidence, budget, np.random.default_rng(3), cutoff=cutoff)
        for _ in range(2)
    )
    assert len(set(kept.tolist())) == len(kept) == budget
    assert set(kept.tolist()) <= set(range(n))
    assert kept.tolist() == again.tolist()


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("budget", [-1, 10])
def test_a_budget_beyond_the_rows_is_refused(sampler, budget):
    with pytest.raises(InvalidValue, match=rf"budget must lie in \[0, 9\], got {budget}"):
        rows(sampler, budget)
