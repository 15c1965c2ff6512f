from winnow.selector.ccs import CCS


def test_the_hardest_are_cut_off_and_the_rest_is_covered(keep_seen):
    # Margins 5, 1, -2/3, -7/30, -4: row 4 goes, rows 2 and 3 are the hard end of what is left.
    kept = {tuple(keep_seen(CCS(cutoff=0.2), 3, seed)) for seed in range(40)}
    assert {row for rows in kept for row in rows} == {0, 1, 2, 3}


def test_the_cut_gives_way_where_the_budget_needs_the_rows(keep_seen):
    assert keep_seen(CCS(cutoff=0.8), 4) == [0, 1, 2, 3]
    assert keep_seen(CCS(cutoff=0.8), 5) == [0, 1, 2, 3, 4]


def test_without_a_cut_the_hardest_has_its_stratum(keep_seen):
    assert keep_seen(CCS(cutoff=0.0), 5) == [0, 1, 2, 3, 4]
    assert any(4 in keep_seen(CCS(cutoff=0.0), 2, seed) for seed in range(20))
    assert not any(4 in keep_seen(CCS(cutoff=0.2), 2, seed) for seed in range(20))
