from winnow.selector.aum import AUM


def test_the_smallest_margins_come_first(keep_seen):
    assert [keep_seen(AUM(), budget) for budget in (1, 2, 3)] == [[4], [2, 4], [2, 3, 4]]


def test_the_other_end_is_there_for_the_asking(keep_seen):
    assert keep_seen(AUM(sampler="bottom"), 1) == [0]
