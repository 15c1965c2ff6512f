import numpy as np

from winnow.selector.dual import DUAL


def test_what_changes_its_mind_comes_before_what_is_hopeless(keep_seen):
    # By hand, (1 - mean p) * std p: 0.00, 0.14, 0.23, 0.05, 0.02.
    hardest_first = [2, 1, 3, 4, 0]
    for budget in (1, 2, 3, 4):
        assert keep_seen(DUAL(sampler="top", window=3), budget) == sorted(hardest_first[:budget])


def test_its_own_way_of_drawing_leaves_room_for_chance_but_none_for_the_easiest(keep_seen):
    kept = [keep_seen(DUAL(), 2, seed) for seed in range(200)]
    drawn = np.bincount([row for rows in kept for row in rows], minlength=5)
    assert drawn[0] == 0
    assert (drawn[1:4] > 0).all()
