from winnow.selector.forgetting import Forgetting


def test_never_learnt_comes_before_forgotten_and_forgotten_before_the_rest(keep_seen):
    assert [keep_seen(Forgetting(), budget) for budget in (1, 2)] == [[4], [1, 4]]


def test_the_rows_never_forgotten_tie_and_chance_decides(keep_seen):
    third = {tuple(set(keep_seen(Forgetting(), 3, seed)) - {1, 4}) for seed in range(30)}
    assert third == {(0,), (2,), (3,)}


def test_never_learnt_is_a_number_that_strata_can_share(keep_seen):
    assert {1, 4} < set(keep_seen(Forgetting(sampler="strata"), 3))
