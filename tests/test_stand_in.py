import sys

import pytest

from winnow.stand_in import standing_in


def test_an_import_that_fails_half_way_leaves_no_stand_in():
    with pytest.raises(ImportError, match="no_such_name"), standing_in("a_library", answer=42):
        from a_library import no_such_name  # noqa: F401
    assert "a_library" not in sys.modules


def test_a_library_that_is_loaded_stands_for_itself():
    before = sys.modules["pytest"]
    with standing_in("pytest", answer=42):
        assert sys.modules["pytest"] is before
    assert sys.modules["pytest"] is before
