from winnow.selector.el2n import EL2N


def test_rows_whose_error_stays_large_come_first(keep_seen):
    assert [keep_seen(EL2N(), budget) for budget in (1, 2, 3)] == [[4], [2, 4], [2, 3, 4]]


def test_the_other_end_is_there_for_the_asking(keep_seen):
    assert keep_seen(EL2N(sampler="bottom"), 1) == [0]
