from winnow.selector.entropy import Entropy


def test_the_undecided_come_before_the_surely_wrong(keep_seen):
    assert [keep_seen(Entropy(), budget) for budget in (1, 2, 3)] == [[3], [2, 3], [1, 2, 3]]


def test_the_other_end_is_there_for_the_asking(keep_seen):
    assert keep_seen(Entropy(sampler="bottom"), 1) == [0]
