from winnow.selector.grand import GraNd


def test_rows_that_pull_hardest_come_first(keep_seen):
    assert [keep_seen(GraNd(), budget) for budget in (1, 2, 3)] == [[1], [1, 4], [1, 2, 4]]


def test_the_other_end_is_there_for_the_asking(keep_seen):
    assert keep_seen(GraNd(sampler="bottom"), 1) == [3]
