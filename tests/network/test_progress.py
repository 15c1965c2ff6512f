"""The bar on stderr appears only for those who have to wait."""

import pytest

from winnow.network.progress import progress_bar


@pytest.mark.parametrize(("patience", "shown"), [(0.0, True), (60.0, False)])
def test_a_bar_appears_after_some_patience(patience, shown, capsys):
    with progress_bar("counting", 3, patience=patience) as show:
        show(3)
    printed = capsys.readouterr()
    assert ("counting" in printed.err and "3/3" in printed.err) == shown
    assert printed.out == ""
