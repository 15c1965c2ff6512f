import pytest

from winnow.errors import WinnowWarning
from winnow.selector._all_pairs import warn_if_long


def test_what_takes_an_hour_is_said_with_the_remedy():
    # 1.5 million rows of 64 coordinates: 1.44e14 products at 4e10 a second are 3,600 seconds.
    with pytest.warns(WinnowWarning, match="1,500,000 rows takes about 60 minutes.*quicker: fewer rows"):
        warn_if_long(1_500_000, 64, "fewer rows")
    with pytest.warns(WinnowWarning, match="about 120 minutes"):
        warn_if_long(1_500_000, 64, "fewer rows", passes=2)


def test_minutes_are_not_worth_a_word():
    warn_if_long(400_000, 64, "fewer rows")  # 256 seconds; a warning would be an error here
