import pytest

from winnow.errors import InvalidValue
from winnow.selector.full import Full


def test_every_row_is_kept(keep):
    assert keep(Full(), 6) == [0, 1, 2, 3, 4, 5]


def test_a_smaller_budget_is_refused_with_the_way_out(keep):
    with pytest.raises(InvalidValue, match=r"number of rows, 6, got 5 .*choose another selector"):
        keep(Full(), 5)
